/** When requests start: one file per arrival process. */
import { poissonSchedule } from "./poisson.ts";
import { recordedSchedule } from "./recorded.ts";
import type { ArrivalSchedule } from "./schedule.ts";
import { uniformSchedule } from "./uniform.ts";

export type { ArrivalSchedule } from "./schedule.ts";
export { type IntendedStart, stagedStarts } from "./staged.ts";
export { poissonSchedule, recordedSchedule, uniformSchedule };

/** What an arrival process is made from. */
export interface ArrivalInput {
  readonly ratePerSec: number;
  readonly durationNs: number;
  /** Arrivals of the profile's records, for `recorded`. */
  readonly offsetsNs: readonly number[];
}

/** The arrival processes by the name that scenarios use. */
export const ARRIVALS = {
  poisson: ({ ratePerSec, durationNs }: ArrivalInput) => poissonSchedule(ratePerSec, durationNs),
  recorded: ({ offsetsNs, ratePerSec, durationNs }: ArrivalInput) =>
    recordedSchedule(offsetsNs, ratePerSec, durationNs),
  uniform: ({ ratePerSec, durationNs }: ArrivalInput) => uniformSchedule(ratePerSec, durationNs),
} satisfies Record<string, (input: ArrivalInput) => ArrivalSchedule>;

export type ArrivalName = keyof typeof ARRIVALS;
