import { z } from "zod";
import { tQuantile } from "../stats/index.ts";
import { type Block, blockLists } from "./blocks.ts";
import { metricEffect } from "./metric-effect.ts";
import type { MetricSpec } from "./metrics/index.ts";
import type { Plan } from "./plan.ts";

/** Fewer pairs of runs than these say nothing of how much a pair may be off. */
export const MIN_COMPANY_PAIRS = 3;

/** What company does to control, as pairs of runs showed it; part of a calibration's file. */
export const interferenceSchema = z.strictObject({
  estimate: z
    .number()
    .describe("log of control's primary beside company over alone, mean of pairs"),
  se: z.number().min(0),
  df: z.number().positive(),
  pairs: z.array(
    z.strictObject({
      alone: z.number().positive().describe("control's primary, nobody beside it"),
      beside: z.number().positive().describe("the same, of the same starts, in company"),
    }),
  ),
  loadSha256: z.string().describe("of what control was started and loaded with"),
});
export type Interference = z.output<typeof interferenceSchema>;

/** An effect on the log scale. */
type LogEffect = Pick<Interference, "estimate" | "se" | "df">;

/** What a plan knows of company: from the calibration that it names. */
export interface PlannedInterference extends LogEffect {
  readonly pairs: number;
  /** Logarithms of control's primary alone, where it was loaded as in this plan. */
  readonly alone?: { readonly mean: number; readonly sd: number; readonly runs: number };
}

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

function spreadOf(values: readonly number[]): { readonly mean: number; readonly sd: number } {
  const mean = meanOf(values);
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, sd: Math.sqrt(squares / (values.length - 1)) };
}

/** A metric's level in one arm, in its unit; NaN where there is nothing of it. */
export function armLevel(spec: MetricSpec, plan: Plan, blocks: readonly Block[]): number {
  const arms = { control: blocks, variant: blocks, confidence: 0.95, betweenRunSd: null };
  return metricEffect(spec, arms, blockLists(plan, [])).control;
}

/**
 * What company does to control: the mean of the pairs' log-ratios, beside over alone. The two runs of
 * a pair have the same starts and the same luck, so that the pairs differ by little else. Null for
 * fewer than `MIN_COMPANY_PAIRS`. Source: the paired t interval.
 */
export function companyEffect(pairs: Interference["pairs"]): LogEffect | null {
  if (pairs.length < MIN_COMPANY_PAIRS) return null;
  const { mean, sd } = spreadOf(pairs.map(({ alone, beside }) => Math.log(beside / alone)));
  return { estimate: mean, se: sd / Math.sqrt(pairs.length), df: pairs.length - 1 };
}

/** What a plan takes of it; `sameLoad`: control is started and loaded as it was then. */
export function plannedInterference(
  { df, estimate, pairs, se }: Interference,
  sameLoad: boolean,
): PlannedInterference {
  const known = { estimate, se, df, pairs: pairs.length };
  if (!sameLoad) return known;
  const alone = { ...spreadOf(pairs.map((pair) => Math.log(pair.alone))), runs: pairs.length };
  return { ...known, alone };
}

/**
 * Control in a run, beside its variants, against control alone in runs of before, with other starts.
 * Source: the prediction interval of one more run, s·√(1 + 1/n) on n − 1 degrees of freedom.
 */
export function companyInRun(
  { mean, runs, sd }: NonNullable<PlannedInterference["alone"]>,
  level: number,
): LogEffect {
  return { estimate: Math.log(level) - mean, se: sd * Math.sqrt(1 + 1 / runs), df: runs - 1 };
}

/** An effect of company as a relative change, held against what is tolerated of the variant. */
export interface JudgedCompany {
  /** `doubt`: shown to be beyond the margin; `open`: neither that nor within it. */
  readonly status: "pass" | "doubt" | "open";
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Beyond the margin only where the whole `1 − alpha` interval is, so that company that moves control
 * by the margin or less raises a doubt in at most alpha/2 of calibrations, however few their pairs;
 * within it only where the whole interval is.
 */
export function judgeCompany(
  { df, estimate, se }: LogEffect,
  { alpha, margin }: { readonly alpha: number; readonly margin: number },
): JudgedCompany {
  const half = tQuantile(1 - alpha / 2, df) * se;
  const [low, high] = [Math.expm1(estimate - half), Math.expm1(estimate + half)];
  const beyond = low > margin || high < -margin;
  const within = low >= -margin && high <= margin;
  const status = beyond ? "doubt" : within ? "pass" : "open";
  return { status, estimate: Math.expm1(estimate), low, high };
}
