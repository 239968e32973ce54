import { z } from "zod";
import { METRIC_UNITS } from "../../experiment/index.ts";

/** In a run's directory: what it said while it went on, an entry a line, for whoever watches. */
export const LIVE_FILE = "live.ndjson";
export const LIVE_VERSION = 1;

const count = z.number().int().min(0);
const text = z.string();
/** By the clock on the wall; only people read it. */
const at = z.string();

const metric = z.strictObject({
  metric: text.describe("the label, such as response_time_p90"),
  margin: z.number(),
  unit: z.enum(METRIC_UNITS),
  kind: z.enum(["relative", "difference"]),
});

const armTick = z.strictObject({
  planned: count,
  responses: count,
  failed: count.describe("without an answer, or answered with 500 and above"),
  dropped: count,
  p50Us: z.number().nullable().describe("response time; null where nothing ended"),
  p99Us: z.number().nullable(),
  lagP99Us: z.number().nullable().describe("start lag, the generator's own lateness"),
});

const calls = z.strictObject({
  calls: count,
  inFlight: count.describe("at the end of the tick"),
  unwell: count.describe("answered with an error, over a limit, rejected or broken off"),
  timed: count.describe("answers that were meant to come at a certain time"),
  late: count.describe("of these, those that did not: the emulator's own fault"),
});

const lookedMetric = z.strictObject({
  arm: text,
  metric: text,
  blocks: count,
  harm: z.number().nullable().describe("over all blocks of the stage so far, above 0 for worse"),
  band: z.strictObject({ low: z.number(), high: z.number() }).nullable(),
  margin: z.number(),
  evidence: z.number().describe("ln of the e-process, as a share of what it must reach"),
  reached: z.boolean(),
});

/** One line of `live.ndjson`. `s` are seconds of the run; counts of a tick are since the one before. */
export const liveEntrySchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("begins"),
    liveVersion: z.literal(LIVE_VERSION),
    at,
    scenario: text,
    claim: text.describe("empty where nothing is compared"),
    arms: z.array(text).min(1),
    dependencies: z.array(text),
    metrics: z.array(metric).describe("those looked at while it goes on, the primary first"),
    stages: z.array(
      z.strictObject({
        name: text,
        ratePerSec: z.number(),
        startS: z.number(),
        endS: z.number(),
        judgedFromS: z.number().nullable(),
      }),
    ),
    runs: count,
  }),
  z.strictObject({ kind: z.literal("run"), at, run: count, runs: count, first: text }),
  z.strictObject({ kind: z.literal("note"), at, level: z.enum(["info", "warning"]), text }),
  z.strictObject({ kind: z.literal("traffic"), at, load: text }),
  z.strictObject({
    kind: z.literal("tick"),
    fromS: z.number(),
    toS: z.number(),
    stage: z.number().int().describe("-1 before the first"),
    arms: z.array(armTick).describe("in the order of the plan's"),
    calls: z
      .array(z.array(calls))
      .describe("by dependency and arm; empty where nothing is emulated"),
  }),
  z.strictObject({
    kind: z.literal("look"),
    stage: text,
    atS: z.number(),
    metrics: z.array(lookedMetric),
  }),
  z.strictObject({ kind: z.literal("stage-end"), at, stage: text }),
  z.strictObject({
    kind: z.literal("gate"),
    at,
    arm: text,
    stage: text,
    decision: z.enum(["go-on", "hold", "roll-back"]),
  }),
  z.strictObject({ kind: z.literal("cut"), at, arm: text, because: text }),
  z.strictObject({
    kind: z.literal("asked"),
    at,
    ask: z.enum(["pause", "go-on", "stop-after-stage", "stop", "roll-back"]),
    reason: text,
    by: text.optional(),
  }),
  z.strictObject({ kind: z.literal("stopping"), at, because: text }),
  z.strictObject({ kind: z.literal("judging"), at }),
  z.strictObject({
    kind: z.literal("verdict"),
    at,
    decision: z.enum(["ship", "hold", "roll-back"]).nullable(),
    reason: text,
    needs: text.optional(),
  }),
]);
export type LiveEntry = z.output<typeof liveEntrySchema>;
export type LiveBegins = Extract<LiveEntry, { readonly kind: "begins" }>;
export type LiveTick = Extract<LiveEntry, { readonly kind: "tick" }>;
