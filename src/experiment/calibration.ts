import { z } from "zod";
import { formatRatio } from "../core/index.ts";
import {
  betweenRun,
  binomialTail,
  kolmogorovTail,
  type RunEstimate,
  tCdf,
  tQuantile,
} from "../stats/index.ts";
import { interferenceSchema } from "./interference.ts";

const estimate = {
  /** On the scale of inference: a log-ratio, or a difference; variant minus control. */
  estimate: z.number(),
  se: z.number().min(0),
  df: z.number().positive(),
};

/** What runs of one build against itself, on one host, showed of the instrument. A file. */
export const calibrationSchema = z.strictObject({
  calibrationVersion: z.literal(1),
  madeAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  tool: z.strictObject({ name: z.string(), version: z.string() }),
  host: z.strictObject({
    fingerprint: z.string().describe("SHA-256 of what a host's noise depends on"),
    description: z.string(),
  }),
  scenario: z.string(),
  design: z
    .enum(["duet", "split", "crossover"])
    .default("duet")
    .describe("who got which start in its runs"),
  profileSha256: z.string(),
  metric: z.string().describe("the primary metric, as `plan` names it"),
  alpha: z.number(),
  runs: z.array(
    z.strictObject({ ...estimate, decision: z.enum(["ship", "hold", "roll-back"]).nullable() }),
  ),
  betweenRunSd: z.number().min(0).describe("upper end of its 80 % interval: what a plan uses"),
  betweenRunSdEstimate: z.number().min(0).describe("by moments; often 0 by chance"),
  positive: z
    .strictObject({
      delayUs: z.number().positive().describe("what was added to every answer of one arm"),
      runs: z.array(z.strictObject({ ...estimate, truth: z.number() })),
      recovered: z.int().describe("runs whose interval holds the truth"),
      shown: z.int().describe("runs whose interval lies above 0"),
    })
    .nullable(),
  interference: interferenceSchema
    .nullable()
    .default(null)
    .describe("what company does to control; null where it was not measured"),
  faults: z.array(z.string()).describe("why no verdict may lean on it; empty when it is sound"),
});

export type Calibration = z.output<typeof calibrationSchema>;
type Measured = Pick<Calibration, "betweenRunSd" | "betweenRunSdEstimate" | "positive" | "faults">;

/** Fewer A/A runs than these say nothing of how much runs differ. */
export const MIN_CALIBRATION_RUNS = 5;
/** A sound instrument is called faulty by one test in a hundred. */
const FAULTY_BELOW = 0.01;

/** Two-sided p-value of one run for "no effect", with what runs differ by. */
function pValueOf(run: RunEstimate, betweenSd: number): number {
  const se = Math.hypot(run.se, betweenSd);
  if (se === 0) return run.estimate === 0 ? 1 : 0;
  return 2 * tCdf(-Math.abs(run.estimate) / se, run.df);
}

/** One-sample Kolmogorov–Smirnov against the uniform law. Source: Stephens 1970 for small samples. */
function uniformity(pValues: readonly number[]): number {
  const n = pValues.length;
  const sorted = pValues.toSorted((a, b) => a - b);
  const distance = sorted.reduce((worst, p, i) => Math.max(worst, (i + 1) / n - p, p - i / n), 0);
  const root = Math.sqrt(n);
  return kolmogorovTail((root + 0.12 + 0.11 / root) * distance);
}

function aaFaults(runs: Calibration["runs"], alpha: number): string[] {
  const count = runs.length;
  const faults: string[] = [];
  const { betweenSd, mean, sd } = betweenRun(runs);
  const centred = sd === 0 ? 1 : 2 * tCdf((-Math.abs(mean) / sd) * Math.sqrt(count), count - 1);
  if (centred < FAULTY_BELOW) {
    faults.push(
      `${count} runs of one build against itself differ by ${formatRatio(mean, { signed: true })} on average: one arm is favoured`,
    );
  }
  if (uniformity(runs.map((run) => pValueOf(run, betweenSd))) < FAULTY_BELOW) {
    faults.push(
      "the p-values of like runs are not spread evenly: intervals are too narrow or too wide",
    );
  }
  const alarms = runs.filter(({ decision }) => decision === "roll-back").length;
  if (binomialTail(alarms, count, alpha / 2) < FAULTY_BELOW) {
    faults.push(`${alarms} of ${count} runs of one build against itself were to be rolled back`);
  }
  return faults;
}

/**
 * What a calibration's runs come to. Of A/A runs: how much two runs differ (an upper bound, since a
 * handful of runs says little of a spread), whether their mean is 0, whether their p-values are
 * uniform, and whether no more were to be rolled back than alpha allows. Of runs with a known delay
 * in one arm: whether the intervals hold it.
 *
 * Source: statistical validation by A/A tests (Kohavi, Tang & Xu 2020, ch. 19).
 */
export function assessCalibration(given: {
  readonly runs: Calibration["runs"];
  readonly alpha: number;
  readonly delayUs: number;
  readonly positive: readonly (RunEstimate & { readonly truth: number })[];
}): Measured {
  const { alpha, delayUs, positive, runs } = given;
  if (runs.length < MIN_CALIBRATION_RUNS) {
    const fault = `of whole A/A runs there are ${runs.length}; ${MIN_CALIBRATION_RUNS} are the least`;
    return { betweenRunSd: 0, betweenRunSdEstimate: 0, positive: null, faults: [fault] };
  }
  const faults = aaFaults(runs, alpha);
  const { betweenSd, upperSd } = betweenRun(runs);
  if (upperSd === 0) {
    faults.push(`${runs.length} runs gave the same to the last digit, which says nothing of noise`);
  }
  const measured = { betweenRunSd: upperSd, betweenRunSdEstimate: betweenSd };
  if (positive.length === 0) return { ...measured, positive: null, faults };
  const half = (run: RunEstimate): number =>
    tQuantile(1 - alpha / 2, run.df) * Math.hypot(run.se, upperSd);
  const held = positive.map((run) => Math.abs(run.estimate - run.truth) <= half(run));
  const recovered = held.filter(Boolean).length;
  const missed = positive.length - recovered;
  if (binomialTail(missed, positive.length, alpha) < FAULTY_BELOW) {
    faults.push(
      `a delay that was added to one arm lies outside the interval in ${missed} of ${positive.length} runs`,
    );
  }
  const shown = positive.filter((run) => run.estimate - half(run) > 0).length;
  const ran = positive.map(({ df, estimate: found, se, truth }) => ({
    estimate: found,
    se,
    df,
    truth,
  }));
  return { ...measured, positive: { delayUs, runs: ran, recovered, shown }, faults };
}

/** Why a calibration does not hold here and now; null when it does. */
export function calibrationMismatch(
  calibration: Calibration,
  here: {
    readonly nowIso: string;
    readonly hostFingerprint: string;
    readonly profileSha256: string;
    readonly design: Calibration["design"];
    readonly metric: string;
    readonly toolVersion: string;
  },
): string | null {
  const { design, expiresAt, faults, host, metric, profileSha256, tool } = calibration;
  const again = "; run `shakedown calibrate` again";
  if (faults.length > 0) return `found the instrument unsound: ${faults.join("; ")}`;
  if (Date.parse(expiresAt) <= Date.parse(here.nowIso)) return `expired at ${expiresAt}${again}`;
  if (host.fingerprint !== here.hostFingerprint)
    return `was made on another host (${host.description})${again} here`;
  if (tool.version !== here.toolVersion)
    return `was made by version ${tool.version}, and this is ${here.toolVersion}${again}`;
  if (profileSha256 !== here.profileSha256) return `was made with another profile${again}`;
  if (design !== here.design)
    return `was made of runs by ${design}, and this is a ${here.design}${again}`;
  if (metric !== here.metric)
    return `is of ${metric}, and the primary metric is ${here.metric}${again}`;
  return null;
}
