import { z } from "zod";
import { METRIC_UNITS } from "../../experiment/index.ts";
import { resultSchema } from "../model.ts";
import type { PlaybookRun } from "../playbook/index.ts";

export const HISTORY_VERSION = 1;

const { shape } = resultSchema;

/** What a history reads of a `result.json`: the rest is passed over, and may be of any version. */
export const historyResultSchema = z.object({
  schemaVersion: shape.schemaVersion,
  tool: shape.tool,
  run: shape.run,
  decision: shape.decision,
  arms: z.record(
    z.string(),
    z.object({
      planned: z.number(),
      responses: z.number(),
      errors: z.number(),
      dropped: z.number(),
      responseTimeUs: z.object({ p50: z.number(), p99: z.number() }),
    }),
  ),
  comparisons: shape.comparisons,
  runs: shape.runs,
});

export type HistoryResult = z.output<typeof historyResultSchema>;

/** One run, as a history reads it. */
export interface HistoryRun extends Pick<PlaybookRun, "directory" | "armsDiffer" | "delayed"> {
  readonly result: HistoryResult;
}

const place = z.number().int().min(0).describe("in `runs`");
const revisionSchema = z.strictObject({
  commit: z.string(),
  dirty: z.boolean().describe("files were changed since"),
});

const runSchema = z.strictObject({
  directory: z.string(),
  scenario: z.string(),
  startedAt: z.string(),
  complete: z.boolean().describe("incomplete runs are in no series"),
  decision: z.enum(["ship", "hold", "roll-back"]).nullable(),
  revision: revisionSchema
    .nullable()
    .describe("of what was under test: a variant's own, or the scenario's repository's"),
  host: z.strictObject({ id: z.string(), description: z.string() }),
  plan: z.string().describe("its SHA-256"),
  version: z.string().describe("of the shakedown that made it"),
});

const seriesSchema = z.strictObject({
  scenario: z.string(),
  of: z.enum(["level", "effect"]).describe("an arm's own value, or what it does beside control"),
  arm: z.string(),
  host: z
    .string()
    .nullable()
    .describe("of a level, which only runs of one host tell; an effect's runs may be of any"),
  metric: z.string(),
  stage: z.string(),
  role: z.enum(["primary", "secondary", "guardrail"]).nullable().describe("null: in no plan"),
  unit: z.enum(METRIC_UNITS),
  better: z.enum(["lower", "higher"]),
  kind: z.enum(["relative", "difference"]).describe("how its changes are told"),
  runs: z.array(place),
  values: z.array(z.number()).describe("in the unit; of an effect on its scale"),
  significance: z
    .number()
    .describe("the largest p-value of a change, so that a scenario's series are wrong in 5 %"),
  parts: z
    .array(z.strictObject({ from: place, runs: z.number().int(), median: z.number() }))
    .describe("between changes; one where nothing changes"),
  change: z
    .number()
    .nullable()
    .describe("from the first part to the last: relative, or a difference; null with one part"),
});

const changeSchema = z.strictObject({
  series: z.number().int().min(0).describe("in `series`"),
  run: place.describe("the first after it"),
  last: place.describe("the last before it"),
  earliest: place,
  latest: place.describe("from `earliest` on one of its runs is the first after it, with 95 %"),
  before: z.number(),
  after: z.number(),
  change: z.number().describe("relative, or a difference"),
  direction: z.enum(["worse", "better", "spread"]).describe("spread: it varies more, or less"),
  pValue: z.number(),
});

const eventSchema = z.strictObject({
  scenario: z.string(),
  run: place.describe("the first run after it"),
  last: place.describe("the last run before it"),
  earliest: place,
  latest: place,
  revision: revisionSchema.nullable().describe("the first one after it: the first bad one"),
  lastRevision: revisionSchema.nullable().describe("the last one before it"),
  direction: z.enum(["worse", "better", "mixed", "spread"]),
  alsoChanged: z.array(z.enum(["host", "plan", "shakedown"])).describe("between these two runs"),
  changes: z.array(changeSchema).min(1),
});

const flakySchema = z.strictObject({
  scenario: z.string(),
  revisions: z.number().int().describe("clean ones that several runs were decided of"),
  runs: z.number().int().describe("of those"),
  differing: z.number().int().describe("revisions whose runs were not all decided alike"),
  disagreement: z.number().describe("chance that two runs of one revision are decided otherwise"),
  examples: z.array(
    z.strictObject({ commit: z.string(), decisions: z.record(z.string(), z.number().int()) }),
  ),
});

const noiseSchema = z.strictObject({
  host: z.string(),
  scenario: z.string(),
  metric: z.string(),
  stage: z.string(),
  runs: z.number().int(),
  sd: z.number().nullable(),
  unit: z.enum(["relative", ...METRIC_UNITS]),
});

/** What many runs tell together. */
export const historySchema = z.strictObject({
  historyVersion: z.literal(HISTORY_VERSION),
  tool: z.strictObject({ name: z.literal("shakedown"), version: z.string() }),
  runs: z.array(runSchema).describe("in the order of time"),
  series: z.array(seriesSchema),
  events: z.array(eventSchema).describe("changes that one place explains, the newest first"),
  flaky: z.array(flakySchema).describe("scenarios of which a revision was run more than once"),
  noise: z.array(noiseSchema).describe("of A/A runs, by host"),
  aaRuns: z
    .array(
      z.strictObject({
        host: z.string(),
        runs: z.number().int(),
        rolledBack: z.number().int().describe("false alarms"),
      }),
    )
    .describe("by host"),
  unread: z.array(z.strictObject({ directory: z.string(), why: z.string() })),
  warnings: z.array(z.string()),
});

export type History = z.output<typeof historySchema>;
export type HistoryPlace = History["runs"][number];
export type HistorySeries = History["series"][number];
export type HistoryEvent = History["events"][number];
export type HistoryChange = z.output<typeof changeSchema>;
export type Revision = z.output<typeof revisionSchema>;
