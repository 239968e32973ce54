import { describe, expect, it } from "vitest";
import { NS_PER_S, seededPrng, ShakedownError } from "../../src/core/index.ts";
import {
  ARRIVALS,
  type CaptureInput,
  capturedRatePerSec,
  makeSchedule,
  parseArrivals,
  recordedSchedule,
} from "../../src/schedule/index.ts";

const CAPTURE: CaptureInput = { offsetsNs: [0, 1e8, 2e8, 6e8, 9e8], loop: true };

const made = (
  text: string,
  [fromPerSec, toPerSec]: readonly [number, number],
  capture: Partial<CaptureInput> = {},
) =>
  makeSchedule(parseArrivals(text), {
    fromPerSec,
    toPerSec,
    durationNs: 10 * NS_PER_S,
    capture: { ...CAPTURE, ...capture },
  });

describe("a schedule from data", () => {
  it.each(Object.keys(ARRIVALS))("%s: follows one rate, or a ramp", (kind) => {
    expect(made(kind, [10, 10]).ratePerSec(0)).toBeCloseTo(10, 9);
    const ramp = made(kind, [10, 30]);
    // A minute's sinusoid is at its rising mean when it begins.
    expect(ramp.ratePerSec(0)).toBeCloseTo(10, 9);
    expect(kind === "sinusoid" ? 20 : ramp.ratePerSec(5e9)).toBeCloseTo(20, 9);
    expect(ramp.durationNs).toBe(10e9);
  });

  it("recorded at the capture's own rate is the capture, exactly", () => {
    const offsetsNs = Array.from({ length: 997 }, (_, i) => Math.floor(i ** 1.7 * 1e6));
    for (const speed of [1, 3, 1 / 7]) {
      const ratePerSec = capturedRatePerSec(offsetsNs) * speed;
      for (const rounding of [1, 1 + 1e-15, 1 - 1e-15]) {
        const rate = ratePerSec * rounding;
        const schedule = made("recorded", [rate, rate], { offsetsNs, speed });
        const plain = recordedSchedule(offsetsNs, { durationNs: 10e9, loop: true, speed });
        expect([...schedule.picks!(seededPrng("a"), 3)]).toEqual([
          ...plain.picks!(seededPrng("b"), 3),
        ]);
      }
    }
  });

  it("recorded at another rate is the multiple that brings it there, unless one is given", () => {
    const captured = capturedRatePerSec(CAPTURE.offsetsNs);
    const copies = (schedule: ReturnType<typeof made>): number =>
      1 + Math.max(...[...schedule.picks!(seededPrng("seed"), 0)].map(({ copy }) => copy));
    expect(copies(made("recorded", [4 * captured, 4 * captured]))).toBe(4);
    expect(copies(made("recorded", [4 * captured, 4 * captured], { speed: 2 }))).toBe(2);
    expect(copies(made("recorded", [captured, 3 * captured]))).toBe(3);
    const given = made("recorded", [captured, captured], { multiple: { from: 5, to: 5 } });
    expect(copies(given)).toBe(5);
    expect(given.ratePerSec(0)).toBeCloseTo(5 * captured, 9);
  });

  it("recorded without a length has no copies: its moments come more often", () => {
    const steady = made("recorded", [4, 4], { offsetsNs: [0, 0] });
    expect([...steady.intendedStartsNs(seededPrng("unused"), 0)].slice(0, 5)).toEqual([
      0, 0, 5e8, 5e8, 1e9,
    ]);
    const ramp = made("recorded", [0, 400], { offsetsNs: [0, 0] });
    const picks = [...ramp.picks!(seededPrng("ramp"), 0)];
    expect(new Set(picks.map(({ copy }) => copy))).toEqual(new Set([0]));
    expect(Math.abs(picks.length - 2_000)).toBeLessThan(5 * Math.sqrt(2_000));
  });

  it("nothing is planned at a rate of 0, and nothing hangs", () => {
    for (const kind of Object.keys(ARRIVALS)) {
      expect([...made(kind, [0, 0]).intendedStartsNs(seededPrng("seed"), 0)]).toEqual([]);
    }
    const alone = made("recorded", [0, 0], { offsetsNs: [0] });
    expect([...alone.intendedStartsNs(seededPrng("seed"), 0)]).toEqual([]);
  });

  it("what is out of bounds is refused before anything is sent", () => {
    const input = { fromPerSec: 1, toPerSec: 1, durationNs: 1e9, capture: CAPTURE };
    for (const spec of [
      { kind: "burst", ratio: 3, share: 0.5, meanNs: 1 },
      { kind: "sinusoid", amplitude: 2, periodNs: 1 },
    ] as const) {
      expect(() => makeSchedule(spec, input)).toThrow(ShakedownError);
    }
    expect(() => made("recorded", [1, 1], { offsetsNs: [] })).toThrow(/no recorded arrivals/);
  });
});
