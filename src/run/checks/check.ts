import {
  type ArmEnds,
  inWashout,
  judgedAt,
  type MetricComparison,
  type Plan,
  type StageBlocks,
} from "../../experiment/index.ts";
import type { CallTable, ExposureTable, ObservationTable } from "../../measure/index.ts";
import type { Result } from "../../report/index.ts";
import type { Tallies } from "../arm-rows.ts";
import type { CallsSeen } from "../calls-seen.ts";
import type { Observed } from "../observed.ts";
import type { Manifest } from "../manifest.ts";
import type { TimeHarm } from "./harm-at-stop.ts";

/**
 * One thing that must hold of the instrument. `fail`: nothing that the run shows is believed.
 * `doubt`: the run may show harm, but not that there is none.
 */
export type Check = Result["checks"][number];

/** What the checks look at: a run's files, read and compared. */
export interface CheckInput {
  readonly plan: Plan;
  readonly manifest: Manifest;
  readonly observations: ObservationTable;
  /** What was seen of them. */
  readonly observed: Pick<Observed, "counts" | "lags" | "sendOrders">;
  readonly calls: CallTable | null;
  /** What was seen of them. */
  readonly callsSeen: Pick<CallsSeen, "judgedDelays"> | null;
  /** Of a split: which start went where; null of another design, and where it is missing. */
  readonly exposures: ExposureTable | null;
  readonly tallies: Tallies;
  /** With what was found to be warm-up: what moves there alone must show, too. */
  readonly stages: readonly StageBlocks[];
  readonly comparisons: readonly MetricComparison[];
  /** What a run that ended for harm was seen to do at that. */
  readonly harmAtStop: readonly TimeHarm[];
  /** Variants whose load was cut before the end. */
  readonly ends: ArmEnds;
}

/** A check that passes, or else fails (or leaves a doubt). */
export const check = (
  name: string,
  passes: boolean,
  summary: string,
  otherwise: "fail" | "doubt" = "fail",
): Check => ({ name, status: passes ? "pass" : otherwise, summary });

/** Whose check it is, where there are several variants: of one alone everything is about it. */
export const ofArm = ({ arms }: Plan, arm: string): Pick<Check, "arm"> =>
  arms.length > 2 ? { arm } : {};

/** Whether a moment lies in judged time: an instrument that is late while warming up harms nothing. */
export function inJudgedTime({ stages }: Plan): (atNs: number) => boolean {
  const stageAt = judgedAt(stages);
  return (atNs) => {
    const stage = stageAt(atNs);
    return stage !== undefined && !inWashout(stage, atNs);
  };
}
