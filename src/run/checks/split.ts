import { formatCount, formatRatio } from "../../core/index.ts";
import type { Plan } from "../../experiment/index.ts";
import type { ExposureTable } from "../../measure/index.ts";
import { plannedShares, type SplitSpec } from "../../replay/index.ts";
import { sampleRatio, sampleRatioLogE } from "../../stats/index.ts";
import { type Check, check, type CheckInput } from "./check.ts";

/** A mismatch is shown once in a thousand sound runs, over all stages together. */
const MISMATCH_BELOW = 0.001;
/** Fewer keys of an arm may differ from the other's by chance alone, in ways that no block shows. */
export const KEYS_MIN = 100;
/** New keys between two looks of the sequential test, which may look as often as it likes. */
const LOOK_EVERY = 50;

export interface StageKeys {
  readonly name: string;
  /** Its place in the plan. */
  readonly stage: number;
  /** Of the keys that are compared, by arm; each once. */
  readonly counts: readonly number[];
  readonly planned: readonly number[];
  /** ln of the most evidence for a mismatch at any look. */
  readonly lnE: number;
}

/** What `lnE` must reach, of so many judged stages; the test at the end has the other half of the level. */
export const lnRatioBoundary = (stages: number): number => Math.log((2 * stages) / MISMATCH_BELOW);

/** The keys of each judged stage, by arm. */
export function keysByStage(
  exposures: ExposureTable,
  plan: Plan,
  spec: SplitSpec,
): readonly StageKeys[] {
  const reserved = exposures.meta.parts.indexOf("reserved");
  const rows = [...exposures].toSorted((a, b) => a.seq - b.seq);
  return plan.stages.flatMap(({ judgedFromNs, name }, stage): StageKeys[] => {
    if (judgedFromNs === null) return [];
    const planned = plannedShares(spec, stage);
    const counts = planned.map(() => 0);
    const seen = new Set<number>();
    let lnE = 0;
    for (const row of rows) {
      if (row.stage !== stage || row.part === reserved || seen.has(row.bucket)) continue;
      seen.add(row.bucket);
      counts[row.arm]!++;
      if (seen.size % LOOK_EVERY === 0) lnE = Math.max(lnE, sampleRatioLogE(counts, planned));
    }
    return [{ name, stage, counts, planned, lnE }];
  });
}

const byArm = (arms: readonly string[], counts: readonly number[]): string =>
  arms.map((arm, index) => `${arm} ${formatCount(counts[index] ?? 0)}`).join(", ");

/** Whether the keys fell to the arms as the plan's shares say, at the end and on the way there. */
function keyRatio(stages: readonly StageKeys[], { plan }: CheckInput): Check {
  const off = stages.filter(({ counts, lnE, planned }) => {
    const late = sampleRatio(counts, planned).pValue < MISMATCH_BELOW / stages.length / 2;
    return late || lnE >= lnRatioBoundary(stages.length);
  });
  const told = (off.length > 0 ? off : stages).map(
    ({ counts, name, planned }) =>
      `${byArm(plan.arms, counts)} in stage ${name} (planned ${planned.map((share) => formatRatio(share)).join(", ")})`,
  );
  const what = "keys by arm, those reserved apart";
  return check("assigned ratio", off.length === 0, `${what}: ${told.join("; ")}`);
}

/** Whether each arm has keys enough for chance to have mixed them. */
function fewKeys(stages: readonly StageKeys[], { plan }: CheckInput): Check[] {
  const few = stages.filter(({ counts }) => counts.some((count) => count < KEYS_MIN));
  if (few.length === 0) return [];
  const told = few.map(({ counts, name }) => `${byArm(plan.arms, counts)} in stage ${name}`);
  const summary = `fewer than ${KEYS_MIN} keys of an arm: ${told.join("; ")}; what one of them asks for weighs much`;
  return [check("few keys", false, summary, "doubt")];
}

/** Whether what was observed of each arm is what was assigned to it. */
function ledger(exposures: ExposureTable, { plan, tallies }: CheckInput): Check {
  const assigned = plan.arms.map(() => 0);
  const parts = exposures.meta.parts.map(() => 0);
  for (const { arm, part } of exposures) {
    assigned[arm]!++;
    parts[part]!++;
  }
  const apart = exposures.meta.parts
    .map((part, index) => `${part} ${formatCount(parts[index]!)}`)
    .join(", ");
  const planned = tallies.arms.map((arm) => arm.planned);
  const same = assigned.every((count, arm) => count === planned[arm]);
  return check(
    "assignment",
    same,
    same
      ? `every start went to the arm that it was assigned to: ${byArm(plan.arms, assigned)} (${apart})`
      : `assigned ${byArm(plan.arms, assigned)}, and observed ${byArm(plan.arms, planned)}`,
  );
}

/** What must hold of a split: none of another design, or of a run that was killed. */
export function splitChecks(input: CheckInput): Check[] {
  const { exposures, manifest, plan } = input;
  if (plan.assignment?.kind !== "split" || manifest.ended === null) return [];
  if (exposures === null) {
    return [check("assignment", false, "the log of what went where is missing")];
  }
  const stages = keysByStage(exposures, plan, plan.assignment);
  return [ledger(exposures, input), keyRatio(stages, input), ...fewKeys(stages, input)];
}
