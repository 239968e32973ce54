import { seededPrng } from "../core/index.ts";
import type { ArrivalSchedule } from "./schedule.ts";

/** One intended start: its number in the run, when, and in which stage. */
export interface IntendedStart {
  readonly seq: number;
  readonly intendedNs: number;
  readonly stage: number;
}

/** Schedules one after another, as the stages of a run: lazy, numbered through. */
export function* stagedStarts(
  stages: readonly ArrivalSchedule[],
  seed: string,
): Generator<IntendedStart, void> {
  let seq = 0;
  let stageStartNs = 0;
  for (const [stage, schedule] of stages.entries()) {
    const prng = seededPrng(`${seed}/arrivals/${stage}`);
    for (const startNs of schedule.intendedStartsNs(prng, seq)) {
      yield { seq, intendedNs: stageStartNs + startNs, stage };
      seq++;
    }
    stageStartNs += schedule.durationNs;
  }
}
