import {
  factorialEffects,
  type FactorialEffects,
  holm,
  type Interval,
  type Level,
  LETTERS,
  tCdf,
  tQuantile,
} from "../stats/index.ts";
import type { MetricComparison } from "./compare.ts";
import type { ComparedRun } from "./compare-runs.ts";
import { effectWords, levelWord, type PlannedFactor, replicatesOf } from "./factors.ts";
import type { MetricUnit } from "./metrics/index.ts";
import type { Plan } from "./plan.ts";

/** A value at one level of a factor, over whatever levels the others had. */
export interface AtLevel extends Interval {
  readonly level: string;
  readonly value: number;
}

/** What one factor, or two together, do to a metric. */
export interface FactorEffect extends Interval {
  /**
   * `variant`: to what the variant does to the metric, its interaction with the factor; `control`: to
   * the control's own level.
   */
  readonly of: "variant" | "control";
  /** The variant. */
  readonly arm: string;
  readonly label: string;
  readonly unit: MetricUnit;
  readonly stage: string;
  readonly factors: readonly string[];
  /** What these runs cannot tell from it. */
  readonly aliases: readonly string[];
  /** `relative`: high/low − 1; of two factors, the same of the change that one makes to the other's. */
  readonly kind: "relative" | "difference";
  readonly estimate: number;
  readonly confidence: number;
  /** Two-sided, for no effect, over all of the same `of` (Holm). */
  readonly adjustedP: number;
  /** `adjustedP` ≤ alpha. */
  readonly shown: boolean;
  /** Of one factor: what the variant does (or the control's level) at each level; else empty. */
  readonly levels: readonly AtLevel[];
  /** Where the standard error is from. */
  readonly errorFrom: FactorialEffects["errorFrom"];
}

export interface FactorEffects {
  readonly rows: readonly FactorEffect[];
  /** Of what nothing can be told, and why. */
  readonly warnings: readonly string[];
}

interface Response {
  readonly of: FactorEffect["of"];
  readonly row: MetricComparison;
  /** Of each run, on a scale on which effects add up; NaN where it is not known. */
  readonly values: readonly number[];
  /** What each run's own blocks leave open of it; 0 where that is not known. */
  readonly withinSes: readonly number[];
  readonly relative: boolean;
}

const sameRow = (a: MetricComparison, b: MetricComparison): boolean =>
  a.arm === b.arm && a.label === b.label && a.role === b.role && a.stage === b.stage;

/** Primary and secondary metrics: the variant's effect, and the control's level, in each run. */
function responsesOf(runs: readonly ComparedRun[], plan: Plan): Response[] {
  const wanted = (runs[0]?.comparisons ?? []).filter(({ role }) => role !== "guardrail");
  return wanted.flatMap((row) => {
    const rows = runs.map(({ comparisons }) => comparisons.find((each) => sameRow(each, row)));
    const relative = rows.every((each) => each?.effect?.kind !== "difference");
    const levelOf = (level: number | null | undefined): number =>
      relative ? Math.log(level ?? Number.NaN) : (level ?? Number.NaN);
    const effect = rows.map((each) => each?.theta?.estimate ?? Number.NaN);
    const level = rows.map((each) => levelOf(each?.control));
    const withinSes = rows.map((each) => each?.theta?.se ?? 0);
    const isFirst = row.arm === plan.arms[1];
    return [
      { of: "variant", row, values: effect, withinSes, relative },
      // Of several variants it is the same control.
      ...(isFirst
        ? [{ of: "control", row, values: level, withinSes: rows.map(() => 0), relative } as const]
        : []),
    ] satisfies Response[];
  });
}

type Unadjusted = Omit<FactorEffect, "adjustedP" | "shown"> & { readonly pValue: number };

/** What so many runs' own blocks leave open of their mean. */
const withinSe = (ses: readonly number[]): number => Math.hypot(...ses) / ses.length;

/**
 * The means at both levels of a factor; half of the runs have each. As the verdict's intervals, none is
 * narrower than what the runs' own blocks leave open.
 */
function atLevels(
  index: number,
  factor: PlannedFactor,
  given: {
    readonly response: Response;
    readonly levels: readonly (readonly Level[])[];
    readonly se: number;
    readonly times: number;
  },
): AtLevel[] {
  const { levels, response, se, times } = given;
  const { of, relative, values, withinSes } = response;
  const scale = (value: number): number => {
    if (!relative) return value;
    return of === "variant" ? Math.expm1(value) : Math.exp(value);
  };
  return ([-1, 1] as const).map((level) => {
    const isThere = (_: number, run: number): boolean => levels[run]![index] === level;
    const those = values.filter(isThere);
    const half = times * Math.max(se, withinSe(withinSes.filter(isThere)));
    const mean = those.reduce((sum, value) => sum + value, 0) / those.length;
    return {
      level: levelWord(factor, level),
      value: scale(mean),
      low: scale(mean - half),
      high: scale(mean + half),
    };
  });
}

function rowsOf(
  response: Response,
  levels: readonly (readonly Level[])[],
  plan: Plan & { readonly factors: readonly PlannedFactor[] },
): Unadjusted[] {
  const { factors } = plan;
  const confidence = 1 - plan.alpha;
  const runs = levels.map((each, run) => ({ levels: each, response: response.values[run]! }));
  // Of all orders: what is left of the highest tells the error where nothing is repeated.
  const found = factorialEffects(runs, { confidence, upTo: factors.length });
  const scale = response.relative ? Math.expm1 : (value: number): number => value;
  const { arm, label, stage, unit } = response.row;
  return found.effects
    .filter(({ name }) => name.length <= 2)
    .map((effect) => {
      const { aliases, df, estimate, name, se } = effect;
      const index = LETTERS.indexOf(name);
      const times = tQuantile((1 + confidence) / 2, df);
      // Of the difference of two halves of the runs.
      const floor = 2 * withinSe(response.withinSes);
      const wide = times * Math.max(se, floor);
      const { high, low, pValue } =
        floor <= se
          ? effect
          : {
              low: estimate - wide,
              high: estimate + wide,
              pValue: 2 * tCdf(-Math.abs(estimate) / floor, df),
            };
      return {
        of: response.of,
        arm,
        label,
        unit,
        stage,
        factors: name.split("").map((letter) => factors[LETTERS.indexOf(letter)]!.name),
        aliases: aliases
          .filter((alias) => alias.replace("-", "").length <= 2)
          .map((alias) => effectWords(alias, factors)),
        kind: response.relative ? "relative" : "difference",
        estimate: scale(estimate),
        low: scale(low),
        high: scale(high),
        confidence,
        pValue,
        levels:
          name.length > 1
            ? []
            : atLevels(index, factors[index]!, { response, levels, se: se / Math.SQRT2, times }),
        errorFrom: found.errorFrom,
      };
    });
}

function adjusted(rows: readonly Unadjusted[], alpha: number): FactorEffect[] {
  const pValues = new Map<Unadjusted, number>();
  for (const whose of ["variant", "control"] as const) {
    const family = rows.filter(({ of }) => of === whose);
    for (const [index, p] of holm(family.map(({ pValue }) => pValue)).entries()) {
      pValues.set(family[index]!, p);
    }
  }
  return rows.map((row) => {
    const { pValue: _raw, ...rest } = row;
    const adjustedP = pValues.get(row) ?? 1;
    return { ...rest, adjustedP, shown: adjustedP <= alpha };
  });
}

/**
 * What the plan's factors do to its primary and secondary metrics: main effects and interactions of
 * two, of the variant's effect and of the control's own level. Both arms are in every run, so that a
 * factor's effect on the variant's effect is the interaction of the two. With the error of repeated
 * runs, or, where none is repeated, Lenth's. Nothing is told of runs that are not balanced, nor of a
 * metric that one of them could not judge; of the variant's effect, never surer than the runs' own blocks
 * are. No verdict rests on it.
 *
 * `runs`: those that are judged, numbered from 1 as the plan has them.
 * Source: Box, Hunter & Hunter 2005, §5; Lenth 1989; Holm 1979.
 */
export function factorEffects(plan: Plan, runs: readonly ComparedRun[]): FactorEffects {
  const { factors = [] } = plan;
  if (factors.length === 0) return { rows: [], warnings: [] };
  const planned = runs.map(({ run }) => plan.runs[run - 1]!);
  const replicates = replicatesOf(plan, planned);
  const combinations = new Set(plan.runs.map(({ levels = [] }) => levels.join())).size;
  if (runs.length !== replicates * combinations) {
    const summary = "effects of factors are not told: not all combinations ran equally often";
    return { rows: [], warnings: [summary] };
  }
  const levels = planned.map((run) => run.levels ?? []);
  const rows: Unadjusted[] = [];
  const warnings: string[] = [];
  for (const response of responsesOf(runs, plan)) {
    const missing = runs.filter((_, index) => !Number.isFinite(response.values[index]));
    if (missing.length === 0) rows.push(...rowsOf(response, levels, { ...plan, factors }));
    else {
      const which = missing.map(({ run }) => run).join(", ");
      const { label, stage } = response.row;
      const what = response.of === "control" ? "on control's" : "on the variant's effect on";
      warnings.push(
        `effects of factors ${what} ${label} in stage ${stage} are not told: ` +
          `run ${which} could not judge it`,
      );
    }
  }
  return { rows: adjusted(rows, plan.alpha), warnings };
}
