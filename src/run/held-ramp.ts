import { formatDurationNs, formatRatePerSec } from "../core/index.ts";
import type { Plan, PlannedStage } from "../experiment/index.ts";
import type { Thinning } from "../replay/index.ts";

/** A ramp that somebody held by hand: the load stayed what it was, though the plan goes on to more. */
export interface HeldRamp {
  /** The stage in which it was held, by its name. */
  readonly stage: string;
  /** What is sent at most, to each arm. */
  readonly ratePerSec: number;
  /** From when on, and until when; null: to the end of the run. */
  readonly fromNs: number;
  readonly untilNs: number | null;
  readonly because: string;
}

/** How soon every worker has heard of it, and prepares nothing more of what was planned. */
const TOLD_WITHIN_NS = 200e6;
/** A stage that is a ramp is held in so many steps, each at the share that its end leaves. */
const RAMP_STEPS = 50;

/** When what is asked now can hold for all workers. */
export const heardByNs = (nowNs: number): number => Math.max(nowNs, 0) + TOLD_WITHIN_NS;

function rateOf({ endNs, fromPerSec, ratePerSec, startNs }: PlannedStage, atNs: number): number {
  const done = Math.min(Math.max((atNs - startNs) / (endNs - startNs), 0), 1);
  return fromPerSec + (ratePerSec - fromPerSec) * done;
}

/** What a plan sends at some moment; of its last stage after the end. */
export function plannedRateAt({ stages }: Plan, atNs: number): number {
  const stage = stages.find(({ endNs }) => atNs < endNs) ?? stages.at(-1)!;
  return rateOf(stage, atNs);
}

/**
 * What is left out of a plan's starts so that no more than a rate is sent from some moment on: nothing
 * of stages that send less anyway. None where nothing that is to come sends more.
 */
export function heldPieces(
  { stages }: Plan,
  { fromNs, ratePerSec }: Pick<HeldRamp, "fromNs" | "ratePerSec">,
): Thinning[] {
  return stages.flatMap((stage): Thinning[] => {
    if (stage.endNs <= fromNs) return [];
    const begins = Math.max(stage.startNs, fromNs);
    const steps = rateOf(stage, begins) === rateOf(stage, stage.endNs) ? 1 : RAMP_STEPS;
    return Array.from({ length: steps }, (_, step) => {
      const at = (end: number): number => begins + ((stage.endNs - begins) * end) / steps;
      const [from, to] = [at(step), at(step + 1)];
      const highest = Math.max(rateOf(stage, from), rateOf(stage, to));
      return { share: ratePerSec / highest, fromNs: from, untilNs: to, held: true as const };
    }).filter(({ share }) => share < 1);
  });
}

/** `ramp held at 48/s from 38 s on, until 52 s, in stage pilot: paused by hand (Ada): queues grow`. */
export function heldWords({ because, fromNs, ratePerSec, stage, untilNs }: HeldRamp): string {
  const until = untilNs === null ? "" : `, until ${formatDurationNs(untilNs)}`;
  const rate = formatRatePerSec(ratePerSec);
  return `ramp held at ${rate} from ${formatDurationNs(fromNs)} on${until}, in stage ${stage}: ${because}`;
}

/** As it begins, or goes on. */
export const rampWords = (held: HeldRamp): string =>
  held.untilNs === null
    ? heldWords(held)
    : `ramp goes on, as planned, from ${formatDurationNs(held.untilNs)} on`;
