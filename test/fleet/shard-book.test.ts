import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, expect, it } from "vitest";
import { type LedState, readLedState, writeLedState } from "../../src/fleet/led-state.ts";
import { ShardBook } from "../../src/fleet/shard-book.ts";
import { NOTHING_DONE } from "../../src/replay/index.ts";
import { RunDirectory } from "../../src/run/index.ts";
import { ShakedownError } from "../../src/core/index.ts";

const folder = mkdtempSync(join(tmpdir(), "shakedown-book-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const directory = new RunDirectory(folder);

const SHARDS = 3;
const STATE: Omit<LedState, "shards"> = {
  redis: "redis://127.0.0.1:6379",
  runId: "0123456789abcdef",
  cards: [],
  originUs: 1_764_000_000_000_000,
  ledUntilNs: 12.5e9,
  lastId: "1764000000000-3",
  orders: 2,
  gaps: [],
  clocks: [],
};

/** As another process has it, which goes on from the file. */
function resumed(book: ShardBook): ShardBook {
  writeLedState(directory, { ...STATE, shards: book.state });
  return new ShardBook(SHARDS, readLedState(directory).shards);
}

const message = fc.record({
  shard: fc.nat(SHARDS - 1),
  attempt: fc.integer({ min: 1, max: 3 }),
  n: fc.nat(5),
});
/** A message, somebody who takes a shard over, or another process that leads from here on. */
const happening = fc.oneof(
  { weight: 20, arbitrary: message },
  {
    weight: 2,
    arbitrary: fc.record({ shard: fc.nat(SHARDS - 1), relievedBy: fc.constantFrom(2, 3) }),
  },
  { weight: 1, arbitrary: fc.constant({ resumed: true }) },
);

it("whatever comes twice or late, and whoever leads: each counts once, in order, of one attempt at a time", () => {
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 200 }), (all) => {
      let book = new ShardBook(SHARDS);
      const taken = new Map<string, number[]>();
      const fences = Array.from({ length: SHARDS }, () => 1);
      for (const [at, each] of all.entries()) {
        if ("resumed" in each) {
          book = resumed(book);
          continue;
        }
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

it("what a shard's worker did in all, or died of, is known to who leads next", () => {
  const book = new ShardBook(SHARDS);
  const error = new ShakedownError("DISK_WRITE_FAILED", "no space", { hint: "free some" });
  for (const shard of [0, 1]) book.take({ shard, attempt: 1, n: 0, worker: "w" }, 0);
  book.setDone(0, { ...NOTHING_DONE, endNs: 3e9, keptRows: 7, error: null });
  book.setDone(1, { ...NOTHING_DONE, error });
  book.setLost(2);
  const next = resumed(book);
  expect(next.allOver).toBe(true);
  expect(next.endOf(0)).toEqual(book.endOf(0));
  expect(next.endOf(1).done?.error).toMatchObject({ code: error.code, hint: error.hint });
});
