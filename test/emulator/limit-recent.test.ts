import * as fc from "fast-check";
import { expect, it } from "vitest";
import { recent } from "../../src/emulator/limit/recent.ts";

const MAX = 3;

it("a map of the recent holds what was asked for or set last, whatever the order", () => {
  const key = fc.constantFrom("a", "b", "c", "d", "e", "f", "g");
  const step = fc.record({ what: fc.constantFrom("get", "set", "delete"), key });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const map = recent<number>(MAX);
      let held: (readonly [string, number])[] = [];
      for (const [at, { key: of, what }] of steps.entries()) {
        const known = held.find(([each]) => each === of);
        held = held.filter(([each]) => each !== of);
        const got = what === "get" ? map.get(of) : known?.[1];
        expect(got).toBe(known?.[1]);
        if (what === "get" && known !== undefined) held.push(known);
        if (what === "set") {
          map.set(of, at);
          held = [...held, [of, at] as const].slice(-MAX);
        }
        if (what === "delete") map.delete(of);
        expect(map.size).toBe(held.length);
      }
    }),
  );
});
