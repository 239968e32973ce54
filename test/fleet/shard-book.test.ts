import * as fc from "fast-check";
import { expect, it } from "vitest";
import { ShardBook } from "../../src/fleet/shard-book.ts";

const SHARDS = 3;
const message = fc.record({
  shard: fc.nat(SHARDS - 1),
  attempt: fc.integer({ min: 1, max: 3 }),
  n: fc.nat(5),
});
/** A message, or somebody who takes a shard over. */
const happening = fc.oneof(
  { weight: 10, arbitrary: message },
  {
    weight: 1,
    arbitrary: fc.record({ shard: fc.nat(SHARDS - 1), relievedBy: fc.constantFrom(2, 3) }),
  },
);

it("whatever comes twice, late or from whom: each message counts once, in order, and of one attempt at a time", () => {
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 200 }), (all) => {
      const book = new ShardBook(SHARDS);
      const taken = new Map<string, number[]>();
      const fences = Array.from({ length: SHARDS }, () => 1);
      for (const [at, each] of all.entries()) {
        if ("relievedBy" in each) {
          fences[each.shard] = Math.max(fences[each.shard]!, each.relievedBy);
          book.relieve(each.shard, fences[each.shard]!);
          continue;
        }
        const counts = book.take({ ...each, worker: `worker-${each.attempt}` }, at);
        if (!counts) continue;
        expect(each.attempt).toBeGreaterThanOrEqual(fences[each.shard]!);
        const key = `${each.shard}.${each.attempt}`;
        taken.set(key, [...(taken.get(key) ?? []), each.n]);
      }
      for (const numbers of taken.values()) expect(numbers).toEqual(numbers.map((_, i) => i));
      for (const [key, next] of Object.entries(book.heard)) {
        // Who was relieved need tell nothing more.
        expect([taken.get(key)?.length ?? 0, Number.MAX_SAFE_INTEGER]).toContain(next);
      }
    }),
  );
});
