import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { workingSetAt, workingSetCurve } from "../../src/profile/index.ts";

const keyList = fc.array(fc.option(fc.constantFrom(...Array.from("abcdefghij"))), {
  minLength: 1,
  maxLength: 60,
});

describe("the working-set curve", () => {
  it("counts requests, distinct keys and singletons; the exponent is their share", () => {
    const curve = workingSetCurve(["a", "b", "a", null, "c"]);
    expect(curve).toEqual({
      requests: 5,
      distinct: 3,
      singletons: 2,
      growth: 2 / 3,
      frequencies: [
        [1, 2],
        [2, 1],
      ],
    });
    expect(workingSetAt(curve, 20)).toBeCloseTo(3 * 4 ** (2 / 3), 12);
  });

  it("inside the capture it is the mean over every choice of n requests", () => {
    const keys = ["a", "a", "a", "b", "b", "c", null];
    const curve = workingSetCurve(keys);
    for (let n = 0; n <= keys.length; n++) {
      let [choices, sum] = [0, 0];
      for (let mask = 0; mask < 2 ** keys.length; mask++) {
        const chosen = keys.filter((_, i) => (mask >> i) % 2 === 1);
        if (chosen.length !== n) continue;
        choices++;
        sum += new Set(chosen.filter((key) => key !== null)).size;
      }
      expect(workingSetAt(curve, n)).toBeCloseTo(sum / choices, 10);
    }
  });

  it("starts at 0, passes through the capture's end, never falls, and never outgrows the requests", () => {
    fc.assert(
      fc.property(keyList, (keys) => {
        const curve = workingSetCurve(keys);
        expect(workingSetAt(curve, 0)).toBe(0);
        expect(workingSetAt(curve, keys.length)).toBe(curve.distinct);
        let before = 0;
        for (let n = 1; n <= 3 * keys.length; n++) {
          const at = workingSetAt(curve, n);
          expect(at).toBeGreaterThanOrEqual(before - 1e-9);
          expect(at).toBeLessThanOrEqual(n + 1e-9);
          before = at;
        }
      }),
    );
  });

  it("has no keys where there are none, and does not grow where all keys came again", () => {
    expect(workingSetAt(workingSetCurve([]), 5)).toBe(0);
    expect(workingSetAt(workingSetCurve([null, null]), 5)).toBe(0);
    expect(workingSetAt(workingSetCurve(["a", "b", "a", "b"]), 400)).toBe(2);
  });
});
