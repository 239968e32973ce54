import { formatDurationNs, formatRatio, ShakedownError } from "../core/index.ts";
import type { Plan, PlannedStage } from "../experiment/index.ts";
import type { StoredProfile } from "../profile/index.ts";
import {
  type GeneratorJob,
  plannedShares,
  type RecordKeys,
  recordKeys,
  type SplitBy,
} from "../replay/index.ts";
import type { RunDirectory } from "./run-directory.ts";

/** For people: who is who. */
export const byWords = (by: SplitBy): string =>
  by.kind === "header" ? `header ${by.header}` : by.kind;

/** For people: who gets which start, where that is not everybody. */
export function assignmentLabel({ arms, assignment }: Plan): string {
  if (assignment === undefined) return "";
  if (assignment.kind === "crossover") {
    const { periodNs, washoutNs } = assignment;
    return `; crossover, periods of ${formatDurationNs(periodNs)} less ${formatDurationNs(washoutNs)}`;
  }
  const { by, holdout, shares } = assignment;
  const list = [...new Set(shares)].map((share) => formatRatio(share)).join(", then ");
  const whose = arms.length > 2 ? "the variants" : "the variant";
  const held = holdout === 0 ? "" : `, ${formatRatio(holdout)} held out`;
  return `; split by ${byWords(by)}, ${list} to ${whose}${held}`;
}

/** What a split cannot do with this profile. */
export function assignmentWarnings(
  { arms, assignment, stages }: Plan,
  { records }: StoredProfile,
): string[] {
  if (assignment?.kind !== "split") return [];
  const { by, reserved } = assignment;
  const warnings: string[] = [];
  if (by.kind === "session" && !records.hasSessions) {
    warnings.push(
      "the profile knows no sessions and no connections: each request is assigned by itself" +
        (reserved.length > 0 ? ", and nothing is reserved" : ""),
    );
  }
  const uneven = stages.filter(
    ({ judgedFromNs }, stage) =>
      judgedFromNs !== null &&
      plannedShares(assignment, stage).some((share) => Math.abs(share * arms.length - 1) > 0.01),
  );
  if (uneven.length > 0) {
    const names = uneven.map(({ name }) => name).join(", ");
    warnings.push(
      `the arms have other shares of the traffic in ${names}: caches, pools and queues of an arm ` +
        "with less of it behave otherwise, whatever its build",
    );
  }
  return warnings;
}

/** Stages as one arm has them: where arms take turns, shorter by their number. */
export function stagesOfOneArm({ arms, assignment, stages }: Plan): readonly PlannedStage[] {
  if (assignment?.kind !== "crossover") return stages;
  return stages.map((stage) => ({
    ...stage,
    startNs: stage.startNs / arms.length,
    endNs: stage.endNs / arms.length,
  }));
}

/**
 * Whose each record of a profile is, for a split; null for another design.
 * @throws SCENARIO_INVALID where no record has the header that they are to be told by
 */
export function keysOfSplit({ assignment }: Plan, { records }: StoredProfile): RecordKeys | null {
  if (assignment?.kind !== "split") return null;
  const { by } = assignment;
  const known = recordKeys(assignment, records);
  if (by.kind === "header" && known.keys.every((key) => key === 0)) {
    const message = `design.by: no request of the profile has a header ${by.header}`;
    const hint = "split by session, by request, or by a header that the capture kept";
    throw new ShakedownError("SCENARIO_INVALID", message, { hint });
  }
  return known;
}

/** Which arms get a start, for the generator; nothing where all do. */
export function assignedStarts(
  { assignment }: Plan,
  keys: RecordKeys | null,
  { directory, workers }: { readonly directory: RunDirectory; readonly workers: number },
): Pick<GeneratorJob, "assigned"> {
  if (assignment?.kind === "crossover") return { assigned: { spec: assignment } };
  if (assignment === undefined || keys === null) return {};
  const logPaths = Array.from({ length: workers }, (_, worker) => directory.exposures(worker));
  return { assigned: { spec: assignment, keys, logPaths } };
}
