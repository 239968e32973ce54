import { NS_PER_S } from "../core/index.ts";
import type { Plan } from "../experiment/index.ts";
import type { ExposureTable } from "../measure/index.ts";
import type { SplitSpec } from "../replay/index.ts";
import type { Result } from "../report/index.ts";
import { sampleRatio } from "../stats/index.ts";
import { byWords } from "./assigned-starts.ts";
import { keysByStage } from "./checks/index.ts";

type Assigned = NonNullable<Result["assignment"]>;

function splitRow(plan: Plan, spec: SplitSpec, exposures: ExposureTable): Assigned {
  const { parts } = exposures.meta;
  const byArm = (values: readonly number[]): Record<string, number> =>
    Object.fromEntries(plan.arms.map((arm, index) => [arm, values[index] ?? 0]));
  const stages = keysByStage(exposures, plan, spec).map(({ counts, name, planned, stage }) => {
    const starts = plan.arms.map(() => 0);
    const byPart = parts.map(() => 0);
    for (const row of exposures) {
      if (row.stage !== stage) continue;
      starts[row.arm]!++;
      byPart[row.part]!++;
    }
    return {
      stage: name,
      planned: byArm(planned),
      keys: byArm(counts),
      starts: byArm(starts),
      holdout: byPart[parts.indexOf("holdout")] ?? 0,
      reserved: byPart[parts.indexOf("reserved")] ?? 0,
      pValue: sampleRatio(counts, planned).pValue,
    };
  });
  return { kind: "split", by: byWords(spec.by), stages };
}

const added = (all: readonly Record<string, number>[]): Record<string, number> => {
  const sums: Record<string, number> = {};
  for (const [arm, count] of all.flatMap((each) => Object.entries(each))) {
    sums[arm] = (sums[arm] ?? 0) + count;
  }
  return sums;
};

/**
 * The same of several runs together: keys and starts are added, since each run has a hash of its own
 * and so other keys for each arm; the sample ratio is that of the sums.
 */
export function mergeAssignments(
  all: readonly Pick<Result, "assignment">[],
): Pick<Result, "assignment"> {
  const rows = all.flatMap(({ assignment }) => assignment ?? []);
  const [first] = rows;
  if (first === undefined) return {};
  if (first.kind === "crossover") {
    const periodsIn = (row: (typeof rows)[number], name: string): number =>
      row.kind === "crossover" ? (row.stages.find(({ stage }) => stage === name)?.periods ?? 0) : 0;
    const stages = first.stages.map(({ stage }) => ({
      stage,
      periods: rows.reduce((sum, row) => sum + periodsIn(row, stage), 0),
    }));
    return { assignment: { ...first, stages } };
  }
  const stages = first.stages.map((stage, index) => {
    const same = rows.flatMap((row) => (row.kind === "split" ? (row.stages[index] ?? []) : []));
    const keys = added(same.map((each) => each.keys));
    const arms = Object.keys(stage.planned);
    return {
      ...stage,
      keys,
      starts: added(same.map((each) => each.starts)),
      holdout: same.reduce((sum, { holdout }) => sum + holdout, 0),
      reserved: same.reduce((sum, { reserved }) => sum + reserved, 0),
      pValue: sampleRatio(
        arms.map((arm) => keys[arm] ?? 0),
        arms.map((arm) => stage.planned[arm] ?? 0),
      ).pValue,
    };
  });
  return { assignment: { ...first, stages } };
}

/**
 * Who got which start, by judged stage; nothing where all did, or where the log is missing. `lookedAt`:
 * the stages as far as the run went by its own rules.
 */
export function assignmentRow(
  plan: Plan,
  exposures: ExposureTable | null,
  lookedAt: Plan["stages"] = plan.stages,
): Pick<Result, "assignment"> {
  const { assignment } = plan;
  if (assignment?.kind === "split") {
    return exposures === null ? {} : { assignment: splitRow(plan, assignment, exposures) };
  }
  if (assignment === undefined) return {};
  const { kind, periodNs, washoutNs } = assignment;
  const judged = lookedAt.flatMap(({ blockNs, endNs, judgedFromNs, name }) =>
    judgedFromNs === null
      ? []
      : [{ stage: name, periods: Math.floor((endNs - judgedFromNs) / blockNs) }],
  );
  const [periodS, washoutS] = [periodNs / NS_PER_S, washoutNs / NS_PER_S];
  return { assignment: { kind, periodS, washoutS, stages: judged } };
}
