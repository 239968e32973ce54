import {
  blocksAfter,
  compareMetrics,
  countTold,
  crossChecked,
  cutIntoBlocks,
  cutIntoKeyGroups,
  findSettled,
  findWarmUps,
  guardSegments,
  judgeSoaks,
  type MetricComparison,
  PartCuts,
  type PlannedStage,
  refusalsFail,
  type StageBlocks,
  stagesAfter,
  targetsOf,
  toldSpecsOf,
  type TrafficPart,
  type WarmUp,
  withPairedTests,
} from "../experiment/index.ts";
import { compared } from "./exposures.ts";
import { type Gathered, gather } from "./gather.ts";
import { armEnds, stagesLookedAt } from "./looks-of.ts";
import type { Manifest } from "./manifest.ts";
import type { RunDirectory } from "./run-directory.ts";

/** A run's arms compared: of its analysis all but what detectors and the emulator tell (`seeRun`). */
export interface ComparedRun {
  readonly gathered: Gathered;
  /** As far as they were looked at. */
  readonly lookedAt: readonly PlannedStage[];
  /** Judged stages in blocks, with what was found to be warm-up. */
  readonly cut: readonly StageBlocks[];
  readonly stages: readonly StageBlocks[];
  readonly parts: readonly TrafficPart[];
  readonly comparisons: readonly MetricComparison[];
  readonly soaks: ReturnType<typeof judgeSoaks>;
  readonly settled: ReturnType<typeof findSettled>;
  readonly warmUps: readonly WarmUp[];
  /** What was left out of judged stages, why ever. */
  readonly leftOut: readonly WarmUp[];
}

/** @throws RUN_INVALID, SPOOL_INVALID */
export function compareRun(directory: RunDirectory, manifest: Manifest): ComparedRun {
  const gathered = gather(directory, manifest);
  const { calls, exposures, observations, observed, registered, usage } = gathered;
  const { answered } = observed;
  const { plan } = registered;
  const { buckets, ...rows } = compared(plan, { observations, calls }, exposures);
  const dependencies = manifest.dependencies.map(({ name }) => name);
  const lookedAt = stagesLookedAt(gathered);
  const ends = armEnds(manifest);
  // Where some starts are left out, the routes of the others are counted anew.
  const byRoute = rows.observations === observations ? observed.rowsByRoute : undefined;
  const partCuts = new PartCuts(plan, rows.observations, lookedAt, {
    starts: gathered.starts,
    ...(byRoute === undefined ? {} : { rowsByRoute: byRoute }),
  });
  const cut = cutIntoBlocks({
    ...rows,
    parts: partCuts,
    answered,
    usage,
    processes: gathered.processes,
    responses: gathered.responses?.pairs ?? [],
    dependencies,
    targets: targetsOf(plan),
    stages: lookedAt,
    capNs: plan.timeoutNs,
    refusalsFail: refusalsFail(plan),
  });
  countTold(cut, toldSpecsOf(plan), gathered.inside);
  const warmUps = findWarmUps(plan, cut);
  const warm = blocksAfter(warmUps, cut);
  const settled = findSettled(plan, warm, { dependencies, ends });
  const stages = blocksAfter(settled, warm);
  const leftOut = [...settled, ...warmUps];
  const judged = stagesAfter(leftOut, lookedAt);
  const parts = partCuts.parts.map((part) => ({
    ...part,
    stages: blocksAfter(settled, blocksAfter(warmUps, part.stages)),
  }));
  const byKeys =
    buckets.size === 0 ? null : cutIntoKeyGroups(plan, { ...rows, buckets, dependencies }, judged);
  const guarded = guardSegments(plan, parts, ends);
  const soaked = { whole: warm, after: stages };
  const soaks = judgeSoaks(plan, soaked, { dependencies, ends, settled, sources: gathered });
  const more = [...guarded, ...soaks.rows];
  // Groups of keys have no stretches of time to draw.
  const check = byKeys === null ? crossChecked : undefined;
  const byBlocks = compareMetrics(plan, stages, dependencies, more, ends, byKeys, check);
  const paired = { stages: stages.map(({ stage }) => stage), ends };
  const comparisons = withPairedTests(byBlocks, plan, observations, paired, answered);
  return { gathered, lookedAt, cut, stages, parts, comparisons, soaks, settled, warmUps, leftOut };
}
