import { z } from "zod";
import { METRIC_UNITS } from "../../experiment/index.ts";

export const APART_VERSION = 1;

const nullable = z.number().nullable();

const sideSchema = z.strictObject({
  name: z.string().describe("as it was named: a run's directory, or a kept run's file"),
  runId: z.string(),
  scenario: z.string(),
  profile: z.string(),
  startedAt: z.string(),
  runs: z.number().int().min(1).describe("whole runs that its figures are of"),
  host: z.strictObject({ fingerprint: z.string().nullable(), description: z.string() }),
  commit: z.string().nullable().describe("of the scenario's repository, or of its revisions"),
  version: z.string().describe("of the shakedown that made it"),
  decision: z.enum(["ship", "hold", "roll-back"]).nullable(),
});

const differenceSchema = z.strictObject({
  about: z.enum(["plan", "host", "profile", "version", "commit"]),
  field: z.string(),
  before: z.string(),
  after: z.string(),
  measures: z.boolean().describe("whether another thing was measured; else judged, or built"),
});

const rowSchema = z.strictObject({
  arms: z.strictObject({ before: z.string(), after: z.string() }),
  metric: z.string(),
  role: z.enum(["primary", "secondary", "guardrail"]).nullable().describe("null: in no plan"),
  stage: z.string(),
  unit: z.enum(METRIC_UNITS),
  better: z.enum(["lower", "higher"]),
  before: nullable,
  after: nullable,
  effect: z
    .strictObject({
      kind: z.enum(["relative", "difference"]),
      estimate: z.number(),
      low: z.number(),
      high: z.number(),
      confidence: z.number(),
    })
    .nullable(),
  mde: nullable,
  spread: z
    .enum(["runs", "registered", "floor", "blocks"])
    .nullable()
    .describe(
      "what tells how much runs differ: themselves; a registered SD; floor, blocks: nothing does, " +
        "so that the interval is too short",
    ),
  margin: nullable,
  status: z
    .enum(["within-margin", "harm", "small-harm", "improved", "no-gain", "inconclusive"])
    .nullable()
    .describe("beside a kept run alone"),
  warnings: z.array(z.string()),
});

/** Two runs that were done apart, or one beside those that were kept. */
export const apartSchema = z.strictObject({
  apartVersion: z.literal(APART_VERSION),
  tool: z.strictObject({ name: z.literal("shakedown"), version: z.string() }),
  before: z.array(sideSchema).min(1),
  after: sideSchema,
  differences: z.array(differenceSchema).describe("between after and the newest of before"),
  noise: z.strictObject({
    runSd: nullable.describe("registered SD of one run, log scale"),
    hostSd: nullable.describe("registered SD of one host, log scale, where hosts differ"),
    floorSd: z.number().describe("what is registered of arms side by side, as a floor"),
  }),
  levels: z.array(rowSchema).describe("an arm of both, by itself"),
  effects: z.array(rowSchema).describe("what both say of the same variant beside its control"),
  verdict: z
    .strictObject({
      decision: z.enum(["ship", "hold", "roll-back"]),
      reason: z.string(),
      needs: z.string().optional(),
    })
    .nullable()
    .describe("null where two runs are compared: nobody registered what to decide"),
  warnings: z.array(z.string()),
});

export type ApartReport = z.output<typeof apartSchema>;
export type ApartSide = z.output<typeof sideSchema>;
export type ApartRow = z.output<typeof rowSchema>;
export type ApartDifference = z.output<typeof differenceSchema>;
