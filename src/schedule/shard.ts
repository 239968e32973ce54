import { hashText } from "../core/index.ts";
import type { IntendedStart } from "./schedule.ts";

/** One of the `count` equal parts that a run's starts are cut into; `index` from 0. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/**
 * The starts that fall to one shard, in order: all shards together send every start once. Start n
 * falls to shard n modulo the count; with `keyOf`, a start that has a key (its session) falls
 * where the key's hash says, so that all starts of a session are sent from one place.
 */
export function* shardStarts(
  starts: Iterable<IntendedStart>,
  { count, index }: Shard,
  keyOf?: (start: IntendedStart) => string | null,
): Generator<IntendedStart, void> {
  for (const start of starts) {
    const key = keyOf?.(start) ?? null;
    const place = key === null ? start.seq : hashText(key);
    if (place % count === index) yield start;
  }
}
