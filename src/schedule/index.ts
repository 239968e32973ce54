/**
 * When requests start: one file per arrival process, each over any shape of the rate.
 *
 * An `ArrivalSpec` (plain data, read by `parseArrivals` or `arrivalsSchema`) becomes a schedule with
 * `makeSchedule`; `stagedStarts` makes one stream of a run's stages, and `shardStarts` cuts it.
 */
import { burstOver } from "./burst.ts";
import { poissonOver } from "./poisson.ts";
import { capturedRatePerSec, type RecordedOptions, recordedSchedule } from "./recorded/recorded.ts";
import type { ArrivalSchedule } from "./schedule.ts";
import { linearRate, type RateShape, sinusoidRate, steadyRate } from "./shape/index.ts";
import { type ArrivalKind, type ArrivalSpec, checkSwing } from "./spec.ts";
import { uniformOver } from "./uniform.ts";

export { burstOver } from "./burst.ts";
export { poissonOver, poissonSchedule } from "./poisson.ts";
export { clumpKeeping } from "./recorded/clump.ts";
export { capturedRatePerSec, type RecordedOptions, recordedSchedule } from "./recorded/recorded.ts";
export type { ArrivalSchedule, IntendedStart, Pick } from "./schedule.ts";
export { sequenceSchedule } from "./sequence.ts";
export * from "./shape/index.ts";
export { type Shard, shardStarts } from "./shard.ts";
export {
  type ArrivalKind,
  arrivalsLabel,
  arrivalsSchema,
  type ArrivalSpec,
  type Bursts,
  parseArrivals,
  type Swing,
} from "./spec.ts";
export { stagedStarts } from "./staged.ts";
export { uniformOver, uniformSchedule } from "./uniform.ts";

/** What a schedule is made from, beside its process. */
export interface ScheduleInput {
  /** The mean rate at the beginning and at the end: where they differ, it changes evenly. */
  readonly fromPerSec: number;
  readonly toPerSec: number;
  readonly durationNs: number;
  /** What `recorded` plays. */
  readonly capture: CaptureInput;
}

/** A profile's arrivals, and how they are played: see `RecordedOptions`. */
export interface CaptureInput extends Omit<RecordedOptions, "durationNs"> {
  readonly offsetsNs: ArrayLike<number>;
}

/** The arrival processes by the name that scenarios use. */
export const ARRIVALS = {
  recorded: (_, input) => recordedAt(input),
  uniform: (_, input) => uniformOver(shapeOf(input)),
  poisson: (_, input) => poissonOver(shapeOf(input)),
  burst: (spec, input) => burstOver(shapeOf(input), spec),
  sinusoid(spec, { durationNs, fromPerSec, toPerSec }) {
    checkSwing(spec);
    return poissonOver(sinusoidRate({ ...spec, durationNs, fromPerSec, toPerSec }));
  },
} satisfies {
  readonly [Kind in ArrivalKind]: (
    spec: Extract<ArrivalSpec, { readonly kind: Kind }>,
    input: ScheduleInput,
  ) => ArrivalSchedule;
};

/**
 * The schedule that a process and a rate describe. `recorded` follows the capture's rate times
 * `capture.multiple`; where none is given, the multiple is what brings the (sped up) capture to the
 * rate asked for.
 * @throws USAGE when the process or the capture's options are out of bounds.
 * @throws PROFILE_INVALID when `recorded` has no arrivals to follow.
 */
export function makeSchedule(spec: ArrivalSpec, input: ScheduleInput): ArrivalSchedule {
  // The table pairs each kind with the maker of that kind.
  const make = ARRIVALS[spec.kind] as (each: ArrivalSpec, from: ScheduleInput) => ArrivalSchedule;
  return make(spec, input);
}

function shapeOf({ durationNs, fromPerSec, toPerSec }: ScheduleInput): RateShape {
  return fromPerSec === toPerSec
    ? steadyRate(fromPerSec, durationNs)
    : linearRate(fromPerSec, toPerSec, durationNs);
}

function recordedAt({ capture, durationNs, fromPerSec, toPerSec }: ScheduleInput): ArrivalSchedule {
  const { offsetsNs, speed = 1 } = capture;
  if (capture.multiple !== undefined)
    return recordedSchedule(offsetsNs, { ...capture, durationNs });
  const capturedPerSec = capturedRatePerSec(offsetsNs) * speed;
  if (offsetsNs[offsetsNs.length - 1] === 0) {
    // All its records come at once: there is no rhythm to keep, only how often they come.
    const most = Math.max(fromPerSec, toPerSec) || 1;
    const multiple = { from: fromPerSec / most, to: toPerSec / most };
    return recordedSchedule(offsetsNs, {
      ...capture,
      durationNs,
      speed: most,
      multiple,
      // A rate was asked for, and one moment cannot give it.
      loop: true,
    });
  }
  const multiple = {
    from: multipleOf(fromPerSec, capturedPerSec),
    to: multipleOf(toPerSec, capturedPerSec),
  };
  return recordedSchedule(offsetsNs, { ...capture, durationNs, multiple });
}

/** A whole multiple in all but rounding is whole: it needs no copy more for a billionth of one. */
function multipleOf(ratePerSec: number, capturedPerSec: number): number {
  const multiple = ratePerSec / capturedPerSec;
  const whole = Math.round(multiple);
  return Math.abs(multiple - whole) < 1e-9 * multiple ? whole : multiple;
}
