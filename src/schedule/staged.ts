import { seededPrng } from "../core/index.ts";
import type { ArrivalSchedule, IntendedStart } from "./schedule.ts";

/**
 * Schedules one after another, as the stages of a run: lazy, numbered through, each stage with
 * luck of its own. `records` is the number of the profile's records, at least 1: where a schedule
 * does not say what a start sends, start n of the run sends record n modulo that.
 */
export function* stagedStarts(
  stages: readonly ArrivalSchedule[],
  seed: string,
  records: number,
): Generator<IntendedStart, void> {
  let seq = 0;
  let beginNs = 0;
  for (const [stage, schedule] of stages.entries()) {
    const prng = seededPrng(`${seed}/arrivals/${stage}`);
    if (schedule.picks === undefined) {
      for (const startNs of schedule.intendedStartsNs(prng, seq)) {
        yield { seq, intendedNs: beginNs + startNs, stage, record: seq % records, copy: 0 };
        seq++;
      }
    } else {
      for (const { copy, record, startNs } of schedule.picks(prng, seq)) {
        yield { seq, intendedNs: beginNs + startNs, stage, record: record % records, copy };
        seq++;
      }
    }
    beginNs += schedule.durationNs;
  }
}
