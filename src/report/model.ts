import { z } from "zod";
import { assignmentSchema } from "./assignment-model.ts";
import { armSchema, emulatedArmSchema } from "./arm-model.ts";
import { effectSchema, findingSchema } from "./finding-model.ts";
import { factorSchema } from "./factor-model.ts";
import { responsesSchema } from "./responses-model.ts";
import { looksFields } from "./looks-model.ts";
import { soakSchema } from "./soak-model.ts";
import type { DependencyArm, LatencyBins, RunPictures, Series } from "./pictures-model.ts";
import type { Resilience } from "../detect/index.ts";
import { METRIC_UNITS } from "../experiment/index.ts";

export const RESULT_SCHEMA_VERSION = 2;

const count = z.number().int().min(0);
/** Of results before there could be several, there was one variant, of this name. */
const variantName = z.string().default("variant").describe("the variant that is compared");

export const comparisonSchema = z.strictObject({
  arm: variantName,
  metric: z.string().describe("response_time_p95, slo_attainment:250ms, amplification:payments, …"),
  unit: z.enum(METRIC_UNITS),
  better: z.enum(["lower", "higher"]).describe("which way is harm: up, or, of throughput, down"),
  role: z.enum(["primary", "secondary", "guardrail"]),
  stage: z.string(),
  control: z.number().nullable(),
  variant: z.number().nullable(),
  effect: effectSchema
    .nullable()
    .describe("null when there was too little to judge; `warnings` says what is missing"),
  margin: z.number().describe("the harm tolerated, on the effect's scale"),
  minimumEffect: z
    .number()
    .optional()
    .describe("the gain that is claimed, on the effect's scale, where one is"),
  mde: z
    .number()
    .nullable()
    .describe("minimum detectable effect at power 0.8, on the effect's scale"),
  judgedUntilS: z
    .number()
    .optional()
    .describe("of a variant whose load was cut: its evidence ends there, seconds into the run"),
  status: z.enum(["within-margin", "harm", "small-harm", "improved", "no-gain", "inconclusive"]),
  warnings: z.array(z.string()),
});

/** A metric in a part of the traffic: a place to look, never a reason for a verdict. */
export const partSchema = z.strictObject({
  arm: variantName,
  by: z.enum(["route", "segment"]),
  name: z.string(),
  metric: z.string(),
  unit: z.enum(METRIC_UNITS),
  better: z.enum(["lower", "higher"]),
  stage: z.string(),
  control: z.number().nullable(),
  variant: z.number().nullable(),
  effect: effectSchema.nullable(),
  adjustedP: z
    .number()
    .nullable()
    .describe("two-sided, for no difference, over all parts (Benjamini–Hochberg)"),
  shown: z
    .boolean()
    .describe("adjustedP ≤ 0.1: of those shown, one in ten is expected to be false"),
});

const runRowSchema = z.strictObject({
  run: z.number().int().min(1).describe("from 1; its files are in runs/<run>"),
  id: z.string(),
  seed: z.string(),
  slots: z.array(z.string()).describe("arms in the order in which they were started"),
  startedAt: z.string(),
  durationS: z.number(),
  complete: z.boolean(),
  incompleteBecause: z.string().optional(),
  judged: z.boolean().describe("whether the verdict rests on it"),
  levels: z
    .record(z.string(), z.string())
    .optional()
    .describe("of the experiment's factors, by name"),
  comparisons: z.array(
    z.strictObject({
      arm: variantName,
      metric: z.string(),
      role: z.enum(["primary", "secondary", "guardrail"]),
      stage: z.string(),
      effect: effectSchema
        .nullable()
        .describe("of this run alone: its interval does not know how much runs differ"),
    }),
  ),
});

/** `result.json`: everything a machine wants to know of a run. */
export const resultSchema = z.strictObject({
  schemaVersion: z.literal(RESULT_SCHEMA_VERSION),
  tool: z.strictObject({ name: z.literal("shakedown"), version: z.string() }),
  run: z.strictObject({
    id: z.string(),
    scenario: z.string(),
    file: z.string().optional().describe("the scenario's file as it was named, where it has one"),
    profile: z.string(),
    startedAt: z.string(),
    durationS: z.number(),
    complete: z.boolean(),
    incompleteBecause: z.string().optional(),
    seed: z.string(),
    planSha256: z.string(),
    pacing: z.string(),
    load: z.string().describe("arrivals, pacing, workers"),
    workers: z.number().int(),
    connections: count.describe("that could be open to each arm"),
    resends: count.describe(
      "requests sent a second time, since their kept-alive connection had just been closed",
    ),
    command: z.string().describe("what to type to do this run again"),
    git: z
      .strictObject({ commit: z.string(), dirty: z.boolean() })
      .optional()
      .describe("what the scenario's git repository was at when the run began"),
    revisions: z
      .record(z.string(), z.strictObject({ ref: z.string(), commit: z.string() }))
      .optional()
      .describe("by arm: of which revision of that repository its files were"),
    revisionBuild: z.string().optional().describe("how these were built"),
    host: z.strictObject({
      node: z.string(),
      os: z.string(),
      cpus: z.number().int(),
      fingerprint: z
        .string()
        .optional()
        .describe("SHA-256 of what its noise depends on: another one is another host"),
      description: z.string().optional(),
    }),
  }),
  hypothesis: z
    .strictObject({
      because: z.string().optional(),
      if: z.string(),
      then: z.string(),
      otherwise: z.string().describe("the null: what would count as failure"),
    })
    .nullable()
    .describe("null with one arm: nothing is compared"),
  decision: z
    .enum(["ship", "hold", "roll-back"])
    .nullable()
    .describe("null with one arm that was measured well: there is nothing to decide"),
  reason: z.string(),
  needs: z.string().optional().describe("what it would take to know more"),
  verdicts: z
    .record(
      z.string(),
      z.strictObject({
        decision: z.enum(["ship", "hold", "roll-back"]).nullable(),
        reason: z.string(),
        needs: z.string().optional(),
      }),
    )
    .optional()
    .describe("of each variant by itself: `decision` is to ship where at least one may"),
  findings: z.array(findingSchema),
  arms: z.record(z.string(), armSchema),
  comparisons: z.array(comparisonSchema),
  responses: responsesSchema.optional().describe("answers that were compared, exploratory"),
  parts: z.array(partSchema).describe("the same metrics by route and by segment, exploratory"),
  runs: z
    .array(runRowSchema)
    .optional()
    .describe(
      "of an experiment of several runs; everything else is then of all judged runs together",
    ),
  assignment: assignmentSchema.optional(),
  factors: z
    .array(factorSchema)
    .optional()
    .describe("of an experiment with factors; its comparisons are then at each combination"),
  emulator: z.record(z.string(), z.record(z.string(), emulatedArmSchema)),
  stages: z.array(
    z.strictObject({
      name: z.string(),
      ratePerSec: z.number(),
      startS: z.number(),
      endS: z.number(),
      judgedFromS: z.number().nullable().describe("null: the stage is not judged (a warm-up)"),
      completed: z.boolean(),
    }),
  ),
  ...looksFields,
  soaks: z
    .array(soakSchema)
    .optional()
    .describe("of stages with a `soak`; of several runs each run's own result has them"),
  checks: z.array(
    z.strictObject({
      name: z.string().describe("an instrument check: pairing, send order, start lag, drift"),
      arm: z
        .string()
        .optional()
        .describe("of several variants, the one that it is about; all unless given"),
      status: z
        .enum(["pass", "open", "doubt", "fail"])
        .describe("open: nobody knows; doubt: harm may be shown, the want of harm may not"),
      summary: z.string(),
    }),
  ),
  warnings: z.array(z.string()),
});

export * from "./pictures-model.ts";

export type Result = z.output<typeof resultSchema>;
export type FindingRow = z.output<typeof findingSchema>;
export type ComparisonRow = z.output<typeof comparisonSchema>;
export type PartRow = z.output<typeof partSchema>;
export type RunRow = z.output<typeof runRowSchema>;
export type CheckRow = Result["checks"][number];
export type ArmRow = z.output<typeof armSchema>;

/** One arm's response-time quantiles over the judged time, each with its interval, in µs. */
export interface PercentileCurve {
  readonly arm: string;
  readonly points: readonly {
    readonly quantile: number;
    readonly valueUs: number;
    readonly lowUs: number;
    readonly highUs: number;
  }[];
}

/** What a report shows. The pictures' data stands beside the result, both made from the spools. */
export interface ReportModel {
  readonly result: Result;
  /** What probes found, where a stage has one. */
  readonly resilience?: Resilience;
  readonly pictures: RunPictures;
  readonly curves: readonly PercentileCurve[];
  readonly timeline: {
    /** Start of each window, seconds since the run's start. */
    readonly atS: readonly number[];
    readonly offeredPerSec: Series;
    readonly arms: readonly {
      readonly arm: string;
      /** By when they started; everything else by intended start, answers by when they came. */
      readonly startedPerSec: Series;
      readonly answeredPerSec: Series;
      readonly failedPerSec: Series;
      readonly p50Us: Series;
      readonly p99Us: Series;
      readonly latency: readonly LatencyBins[];
    }[];
  };
  readonly dependencies: readonly {
    readonly dependency: string;
    readonly arms: readonly DependencyArm[];
  }[];
}

/** One output format: a file name and the bytes. No I/O. */
export interface ReportFormat {
  /** What `shakedown report --format` calls it. */
  readonly name: string;
  /** What its file is called, where one is made without being named. */
  readonly file: string;
  render(model: ReportModel): string | Promise<string>;
}
