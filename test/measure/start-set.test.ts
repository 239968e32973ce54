import * as fc from "fast-check";
import { expect, it } from "vitest";
import { StartNumbers, StartSet } from "../../src/measure/index.ts";

const seqs = fc.integer({ min: 0, max: 40_000 });

it("a set of starts is a set of numbers, and has none below 0", () => {
  const changes = fc.array(fc.record({ seq: seqs, adds: fc.boolean() }), { maxLength: 200 });
  fc.assert(
    fc.property(changes, (all) => {
      const [starts, model] = [new StartSet(), new Set<number>()];
      for (const { adds, seq } of all) {
        if (adds) [starts, model].forEach((each) => each.add(seq));
        else [starts, model].forEach((each) => each.delete(seq));
      }
      for (const { seq } of all) {
        for (const near of [seq - 1, seq, seq + 1, seq + 8]) {
          expect(starts.has(near)).toBe(model.has(near));
        }
      }
      expect(starts.has(-1)).toBe(false);
    }),
  );
});

it("a number for each start is what was set last, or -1, however large it may be", () => {
  for (const below of [10, 2 ** 16, 2 ** 31]) {
    const entries = fc.array(fc.tuple(seqs, fc.nat({ max: below - 1 })), { maxLength: 100 });
    fc.assert(
      fc.property(entries, (all) => {
        const [numbers, model] = [new StartNumbers(below), new Map<number, number>()];
        for (const [seq, value] of all) {
          numbers.set(seq, value);
          model.set(seq, value);
        }
        for (const seq of [-1, 0, 7, ...model.keys()]) {
          expect(numbers.get(seq)).toBe(model.get(seq) ?? -1);
        }
      }),
    );
  }
});
