import { runLevelEffect, type Spread } from "../stats/index.ts";
import { adjustHarmTests, type MetricComparison, type RawComparison } from "./compare.ts";
import { familyNamed } from "./metrics/index.ts";
import type { Plan } from "./plan.ts";

type Row = MetricComparison;

/** Tells rows of the same comparison in several runs. */
export const keyOf = ({ arm, label, role, stage }: Row): string =>
  `${arm} ${role} ${label} ${stage}`;

/** Where runs are named in messages: from 1. */
export interface ComparedRun {
  readonly run: number;
  readonly comparisons: readonly MetricComparison[];
}

/** Messages of several runs, each once, with the runs that it is true of. */
function warningsOf(rows: readonly { readonly run: number; readonly row: Row }[]): string[] {
  const runsByMessage = new Map<string, number[]>();
  for (const { row, run } of rows) {
    for (const message of row.warnings) {
      runsByMessage.set(message, [...(runsByMessage.get(message) ?? []), run]);
    }
  }
  return [...runsByMessage].map(([message, runs]) =>
    runs.length === rows.length ? message : `run ${runs.join(", ")}: ${message}`,
  );
}

export function unjudged(pooled: Row, warnings: readonly string[]): RawComparison {
  return { ...pooled, effect: null, mde: null, theta: null, pHarm: null, warnings };
}

const familyOfRow = ({ label }: Row) => familyNamed(/^[^:@]+/.exec(label)?.[0] ?? "");

/** Whether the plan says how much runs differ in this metric: what is registered is that of times. */
export function spreadIsKnown({ betweenRunSd }: Plan, row: Row): boolean {
  const family = familyOfRow(row);
  return betweenRunSd !== null && family?.effect === "relative" && family.onePerRun !== true;
}

/** One metric of several runs. `spread`: how much runs differ, where others than these tell it, too. */
export function combine(
  plan: Plan,
  pooled: Row,
  all: readonly ComparedRun[],
  spread?: Spread,
): RawComparison {
  const key = keyOf(pooled);
  // Once its load was cut, a variant is in no run any more.
  const runs = all.filter(({ comparisons }) => comparisons.some(({ arm }) => arm === pooled.arm));
  const alone = runs.length < 2 && spread === undefined;
  const rows = runs.flatMap(({ comparisons, run }) => {
    const row = comparisons.find((each) => keyOf(each) === key);
    return row === undefined ? [] : [{ run, row }];
  });
  const warnings = warningsOf(rows);
  const judged = rows.flatMap(({ row }) => (row.theta === null ? [] : [row]));
  const family = familyOfRow(pooled);
  // What a soak adds is no metric's: of what kind it is, the row tells.
  const kind = family?.effect ?? pooled.effect?.kind;
  if (alone || judged.length < runs.length || kind === undefined) {
    const few = alone ? ["one whole run is no replication"] : [];
    return unjudged(pooled, [...few, ...warnings]);
  }
  // Above 0 is worse, for a moment, also where higher is better.
  const sign = pooled.better === "higher" ? -1 : 1;
  const { onePerRun = false } = family ?? {};
  const relative = kind === "relative";
  const known = spreadIsKnown(plan, pooled) ? { betweenRunSd: plan.betweenRunSd! } : {};
  const found = runLevelEffect({
    runs: judged.map(({ theta }) => ({ ...theta!, estimate: sign * theta!.estimate })),
    confidence: pooled.confidence,
    ...known,
    ...(spread === undefined ? {} : { spread }),
  });
  // Log-ratios become relative changes: e^θ − 1.
  const scale = (value: number): number => (relative ? Math.expm1(sign * value) : sign * value);
  const [one, other] = [scale(found.low), scale(found.high)];
  if (![one, other].every(Number.isFinite)) {
    return unjudged(pooled, [...warnings, "the runs differ too much to tell anything"]);
  }
  return {
    ...pooled,
    effect: {
      kind,
      estimate: scale(found.estimate),
      low: Math.min(one, other),
      high: Math.max(one, other),
    },
    mde: Math.abs(scale(found.mde)),
    theta: { estimate: sign * found.estimate, se: found.se, df: found.df },
    pHarm: found.pHarm,
    // What one run lacked is there.
    warnings: onePerRun ? [] : warnings,
  };
}

/**
 * What several runs show together: each metric's effect is estimated in every run by itself, and
 * the runs are the sample (see `runLevelEffect`). A metric that cannot be judged in one of the runs
 * is not judged. `pooled`: the same comparisons over the blocks of all runs, for the arms' own
 * values; their intervals are not used, since they do not know how much runs differ. Harm tests are
 * adjusted together, as in one run.
 */
export function compareRuns(
  plan: Plan,
  runs: readonly ComparedRun[],
  pooled: readonly MetricComparison[],
): MetricComparison[] {
  return adjustHarmTests(pooled.map((row) => combine(plan, row, runs)));
}
