import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RowGroups } from "../../src/measure/index.ts";

describe("rows of a batch, by what they belong to", () => {
  it("are visited key by key, each once, in their order; those of nobody are not", () => {
    const keys = fc.oneof(fc.constant(-1), fc.nat(5), fc.integer({ min: 0, max: 5_000 }), fc.nat());
    const groups = new RowGroups();
    fc.assert(
      fc.property(fc.array(keys, { maxLength: 100 }), (given) => {
        groups.keys.set(given);
        const seen: [number, number[]][] = [];
        groups.each(groups.all(given.length), (key, { from, order, to }) => {
          seen.push([key, [...order.subarray(from, to)]]);
        });
        const rows = [...given.keys()].filter((row) => given[row]! >= 0);
        const expected = Map.groupBy(rows, (row) => given[row]!);
        expect(seen).toEqual([...expected].toSorted(([a], [b]) => a - b));
      }),
    );
  });
});
