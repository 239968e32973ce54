import type { IntendedStart } from "./schedule.ts";

/** One of the `count` equal parts that a run's starts are cut into; `index` from 0. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/**
 * The starts that fall to one shard, in order: all shards together send every start once. Start n
 * falls to shard n modulo the count; with `keyOf`, a start that has a key (a whole number that is
 * its session's own, evenly spread) falls to shard key modulo the count, so that all starts of a
 * session are sent from one place.
 */
export function* shardStarts(
  starts: Iterable<IntendedStart>,
  { count, index }: Shard,
  keyOf?: (start: IntendedStart) => number | null,
): Generator<IntendedStart, void> {
  for (const start of starts) {
    const place = keyOf?.(start) ?? start.seq;
    if (place % count === index) yield start;
  }
}
