import { type RunEstimate, type UnpairedEffect, unpairedEffect } from "../../stats/index.ts";
import type { Effect, Level } from "./figures.ts";

/** What tells how much two runs of one build differ; of a floor, and of blocks, it is not known. */
export type ApartSpread = "runs" | "registered" | "floor" | "blocks";

/** What is known of the noise that runs apart do not share, on the log scale. */
export interface ApartNoise {
  /** SD of one run of one build; registered. */
  readonly runSd: number | null;
  /** At least so much: what is registered of arms that run side by side. */
  readonly floorSd: number;
  /** SD of one host, where the sides were on hosts that are not the same; registered. */
  readonly hostSd: number | null;
}

/** One metric, before and after, as far apart as they were measured. */
export interface ApartComparison {
  readonly before: number | null;
  readonly after: number | null;
  /** On the effect's own scale; null where one of the sides tells too little. */
  readonly effect: {
    readonly kind: "relative" | "difference";
    readonly estimate: number;
    readonly low: number;
    readonly high: number;
  } | null;
  readonly mde: number | null;
  /** One-sided, for "not worse". */
  readonly pHarm: number | null;
  readonly theta: { readonly estimate: number; readonly se: number; readonly df: number } | null;
  readonly spread: ApartSpread | null;
  readonly warnings: readonly string[];
}

type Figure = Level | Effect;
type Side = readonly Figure[];

/**
 * The values that a side has: its runs; `whole`: one for each file, where there are several on the other
 * side, since what the runs of a file have in common is then part of what differs.
 */
function unitsOf(side: Side, whole: boolean): readonly RunEstimate[] {
  if (!whole) return side[0]?.runs ?? [];
  return side.map(({ runs }) => ({
    estimate: runs.reduce((sum, { estimate }) => sum + estimate, 0) / runs.length,
    se: Math.sqrt(runs.reduce((sum, { se }) => sum + se ** 2, 0)) / runs.length,
    df: runs.reduce((sum, { df }) => sum + df, 0),
  }));
}

/** What is counted is what gets worse: of a share that should be high, the rest of it. */
function countsOf(side: Side, sign: number): { events: number; trials: number } | null {
  const counts = side.flatMap(({ runs }) =>
    runs.map((run) => ("counts" in run ? run.counts : null)),
  );
  if (counts.length === 0 || counts.includes(null)) return null;
  const sum = (of: "events" | "trials"): number =>
    counts.reduce((total, count) => total + (count?.[of] ?? 0), 0);
  const [events, trials] = [sum("events"), sum("trials")];
  return { events: sign > 0 ? events : trials - events, trials };
}

const meanOf = (runs: readonly RunEstimate[]): number =>
  runs.reduce((sum, { estimate }) => sum + estimate, 0) / runs.length;

/** How the spread is told, and how large it is where it is not of the runs themselves. */
function spreadOf(found: UnpairedEffect, noise: ApartNoise, relative: boolean): ApartSpread {
  if (found.spread !== "registered") return found.spread;
  return relative && noise.runSd !== null ? "registered" : "floor";
}

function nothing(
  before: number | null,
  after: number | null,
  warnings: readonly string[],
): ApartComparison {
  const none = { effect: null, mde: null, pHarm: null, theta: null, spread: null };
  return { before, after, ...none, warnings };
}

/**
 * Compares one metric of one arm (or one effect) of runs that were measured apart. `before` and
 * `after`: the same figure of each file of a side. Where higher is better, the result is turned around
 * for the harm test alone. What is registered is on the log scale, and has no say where the figure is a
 * share.
 *
 * Source: see `unpairedEffect`.
 */
export function compareApart(
  before: Side,
  after: Side,
  noise: ApartNoise,
  confidence: number,
): ApartComparison {
  const first = after[0] ?? before[0]!;
  const relative = first.kind === "relative";
  const isLevel = first.runs.some((run) => "counts" in run);
  const whole = before.length > 1;
  const valueOf = (side: Side): number | null => {
    const runs = unitsOf(side, whole);
    if (runs.length === 0 || side.some((each) => each.runs.length === 0)) return null;
    const value = meanOf(runs);
    if (!relative) return value;
    return isLevel ? Math.exp(value) : Math.expm1(value);
  };
  const [was, is] = [valueOf(before), valueOf(after)];
  const warnings = [...new Set([...before, ...after].flatMap((each) => each.warnings))];
  if (was === null || is === null) return nothing(was, is, warnings);
  const sign = first.better === "higher" ? -1 : 1;
  const turned = (side: Side): RunEstimate[] =>
    unitsOf(side, whole).map((run) => ({ ...run, estimate: sign * run.estimate }));
  const counts = [countsOf(before, sign), countsOf(after, sign)] as const;
  const runSd = noise.runSd ?? (noise.floorSd > 0 ? noise.floorSd : undefined);
  const found = unpairedEffect({
    before: turned(before),
    after: turned(after),
    confidence,
    ...(relative && runSd !== undefined ? { runSd } : {}),
    ...(relative && noise.hostSd !== null ? { hostSd: noise.hostSd } : {}),
    ...(counts[0] === null || counts[1] === null
      ? {}
      : { counts: { before: counts[0], after: counts[1] } }),
  });
  const scale = (value: number): number => (relative ? Math.expm1(sign * value) : sign * value);
  const [one, other] = [scale(found.low), scale(found.high)];
  if (![one, other].every(Number.isFinite)) {
    return nothing(was, is, [...warnings, "the runs differ too much to tell anything"]);
  }
  return {
    before: was,
    after: is,
    effect: {
      kind: first.kind,
      estimate: scale(found.estimate),
      low: Math.min(one, other),
      high: Math.max(one, other),
    },
    mde: Math.abs(scale(found.mde)),
    pHarm: found.pHarm,
    theta: { estimate: sign * found.estimate, se: found.se, df: found.df },
    spread: spreadOf(found, noise, relative),
    warnings,
  };
}
