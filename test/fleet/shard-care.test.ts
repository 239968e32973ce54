import { expect, it } from "vitest";
import type { FleetCommand } from "../../src/fleet/messages.ts";
import { ShardCare } from "../../src/fleet/shard-care.ts";

/** A shard whose worker was heard at 0; another asks for it. */
function asked() {
  let nowMs = 0;
  const orders: FleetCommand[] = [];
  const care = new ShardCare({
    shards: 1,
    lostShards: "take-over",
    order: (command) => void orders.push(command),
    onLost: () => {},
    nowMs: () => nowMs,
    runNs: () => nowMs * 1e6,
  });
  care.seeReady({ shard: 0, attempt: 1, worker: "first", n: 0 });
  care.book.take({ shard: 0, attempt: 1, worker: "first", n: 0 }, nowMs);
  care.begin();
  care.seeSilence();
  care.seeReady({ shard: 0, attempt: 2, worker: "second", n: 0 });
  const lookAt = (atMs: number): readonly FleetCommand[] => {
    nowMs = atMs;
    care.seeSilence();
    return orders;
  };
  return { care, lookAt };
}

it("a worker that is silent while its leader looks is relieved, and the gap is known", () => {
  const { care, lookAt } = asked();
  expect(lookAt(1_000)).toEqual([]);
  expect(lookAt(2_000)).toEqual([]);
  expect(lookAt(2_500)).toMatchObject([{ kind: "grant", shard: 0, attempt: 2, granted: true }]);
  expect(care.gaps).toMatchObject([{ shard: 0, worker: "first", takenOverBy: "second" }]);
});

it("what a leader that stood still has not heard yet is nobody's silence", () => {
  const { care, lookAt } = asked();
  expect(lookAt(4_000)).toEqual([]);
  expect(care.gaps).toEqual([]);
  expect(lookAt(5_000)).toEqual([]);
  expect(lookAt(6_000)).toEqual([]);
  expect(lookAt(6_500)).toMatchObject([{ kind: "grant", attempt: 2, granted: true }]);
});
