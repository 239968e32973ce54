import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hashText, NS_PER_S } from "../../src/core/index.ts";
import {
  type IntendedStart,
  poissonSchedule,
  recordedSchedule,
  shardStarts,
  stagedStarts,
} from "../../src/schedule/index.ts";

const RECORDS = 40;
const stages = [
  poissonSchedule(300, NS_PER_S),
  recordedSchedule(
    Array.from({ length: RECORDS }, (_, i) => i * 7e6),
    { durationNs: NS_PER_S, loop: true, multiple: { from: 1, to: 3 } },
  ),
];
const all = (seed: string): IntendedStart[] => [...stagedStarts(stages, seed, RECORDS)];

type KeyOf = (start: IntendedStart) => number | null;
const KEYS: readonly (readonly [string, KeyOf | undefined])[] = [
  ["by number", undefined],
  ["by session", ({ copy, record }) => hashText(`session ${record % 7} of ${copy}`)],
  ["by session, where there is one", ({ record }) => (record % 3 === 0 ? null : record % 5)],
];

describe.each(KEYS)("shards %s", (_, keyOf) => {
  it.each([1, 2, 4, 7])("of %d partition the starts, each in order", (count) => {
    fc.assert(
      fc.property(fc.string(), (seed) => {
        const shards = Array.from({ length: count }, (__, index) => [
          ...shardStarts(stagedStarts(stages, seed, RECORDS), { index, count }, keyOf),
        ]);
        for (const shard of shards) {
          expect(shard.every((start, i) => i === 0 || start.seq > shard[i - 1]!.seq)).toBe(true);
        }
        expect(shards.flat().toSorted((a, b) => a.seq - b.seq)).toEqual(all(seed));
        const homes = new Map<number, number>();
        for (const [index, shard] of shards.entries()) {
          for (const key of shard.map((start) => keyOf?.(start) ?? null)) {
            if (key === null) continue;
            expect(homes.get(key) ?? index).toBe(index);
            homes.set(key, index);
          }
        }
      }),
      { numRuns: 20 },
    );
  });
});

it("shards by number are as large as each other, to within one start", () => {
  const sizes = [0, 1, 2, 3].map(
    (index) => [...shardStarts(all("sizes"), { index, count: 4 })].length,
  );
  expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
});
