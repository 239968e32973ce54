import { z } from "zod";
import { ShakedownError } from "../../core/index.ts";

export const SATURATION_SCHEMA_VERSION = 1;

const count = z.number().int().min(0);
const interval = z.strictObject({ low: z.number(), high: z.number() });

const stepSchema = z.strictObject({
  arm: z.string(),
  run: z.number().int().min(0).describe("1, 2, …; 0 for the light step that sets the p99 limit"),
  step: z.number().int().min(1).describe("its place in its search"),
  ratePerSec: z.number().describe("offered, mean of the arrival process"),
  outcome: z.enum(["holds", "fails", "late"]).describe("late: the generator could not send it"),
  why: z.string().nullable().describe("what kept it from holding"),
  ledger: z
    .strictObject({ planned: count, responses: count, errors: count, dropped: count })
    .describe("of the whole step: planned = responses + errors + dropped"),
  offered: count.describe("intended starts in the judged part"),
  good: count.describe("of them, answered below 500 within the timeout"),
  goodputRatio: z.number(),
  p50Us: z.number().describe("response time from the intended start"),
  p99Us: z.number(),
  generatorLagP99Us: z.number(),
  throughputPerSec: z.number().describe("answers that came in the judged part, per second of it"),
  concurrency: z.number().describe("mean requests in flight over the judged part"),
  backlogGrowth: z
    .number()
    .int()
    .describe("due and not over at the end of the judged part, less those at its beginning"),
  observations: z.array(z.string()).describe("its spools, from the run's directory"),
});

const searchSchema = z.strictObject({
  run: z.number().int().min(1),
  kneePerSec: z.number().nullable().describe("the highest rate that held"),
  abovePerSec: z.number().nullable().describe("the lowest above it that did not"),
  lowerBound: z.boolean().describe("the target was not seen to fail above the knee"),
  end: z.enum(["found", "generator", "max-rate", "none-held", "steps", "stopped"]),
});

const uslSchema = z.discriminatedUnion("status", [
  z.strictObject({
    status: z.literal("fitted"),
    points: count,
    lambda: z.number().describe("requests per second with one in flight"),
    sigma: z.number().describe("contention, 0 to 1"),
    kappa: z.number().describe("coherence: what each pair in flight costs"),
    peak: z.strictObject({ concurrency: z.number(), throughputPerSec: z.number() }).nullable(),
    intervals: z.strictObject({
      lambda: interval.nullable(),
      sigma: interval.nullable(),
      kappa: interval.nullable(),
    }),
    rmsePerSec: z.number(),
    measured: interval.describe("the least and the most that was in flight"),
  }),
  z.strictObject({ status: z.literal("unstable"), points: count, because: z.string() }),
]);

const armSchema = z.strictObject({
  arm: z.string(),
  origin: z.string(),
  ceiling: z
    .strictObject({
      ratePerSec: z.number(),
      levels: z.array(z.strictObject({ connections: count, ratePerSec: z.number() })),
    })
    .describe("requests per second with so many connections that each wait for their answer"),
  searches: z.array(searchSchema),
  knee: z
    .strictObject({
      ratePerSec: z.number().describe("of several runs, their geometric mean"),
      interval: interval.nullable().describe("null for one run"),
      runs: z.number().int().min(1),
      lowerBound: z.boolean(),
    })
    .nullable()
    .describe("null when no rate held, or nothing was measured"),
  usl: uslSchema,
});

/** `saturate.json`: where a target stops keeping up, and every step that showed it. */
export const saturationSchema = z.strictObject({
  schemaVersion: z.literal(SATURATION_SCHEMA_VERSION),
  tool: z.strictObject({ name: z.literal("shakedown"), version: z.string() }),
  run: z.strictObject({
    id: z.string(),
    startedAt: z.string(),
    durationS: z.number(),
    command: z.string(),
    seed: z.string(),
    complete: z.boolean(),
    incompleteBecause: z.string().nullable(),
    host: z.strictObject({ node: z.string(), os: z.string(), cpus: z.number().int() }),
  }),
  profile: z.strictObject({ name: z.string(), records: z.number().int() }),
  load: z.strictObject({
    arrivals: z.string(),
    stepS: z.number(),
    judgedFromS: z.number().describe("the beginning of each step that is not judged"),
    timeoutS: z.number(),
    precision: z.number(),
    maxPerSec: z.number(),
    inFlightMax: z.number().int(),
  }),
  goodputMin: z.number(),
  p99Limit: z
    .strictObject({
      us: z.number(),
      from: z
        .strictObject({ arm: z.string(), ratePerSec: z.number(), p99Us: z.number() })
        .nullable()
        .describe("the light step that it is a multiple of; null where it was given"),
    })
    .nullable()
    .describe("null before it was set"),
  arms: z.array(armSchema).describe("the target; before it the control, where there is one"),
  comparison: z
    .strictObject({
      change: z.number().describe("target ÷ control − 1"),
      interval: interval.nullable(),
      runs: z.number().int().min(1),
      margin: z.number(),
      decision: z.enum(["lower", "not-lower", "not-shown"]),
      because: z.string().nullable().describe("why nothing is shown"),
    })
    .nullable(),
  steps: z.array(stepSchema).describe("in the order of time"),
  warnings: z.array(z.string()),
});

export type Saturation = z.output<typeof saturationSchema>;
export type SaturationStep = z.output<typeof stepSchema>;
export type SaturationArm = z.output<typeof armSchema>;
export type SaturationSearch = z.output<typeof searchSchema>;

/**
 * The text of `saturate.json`, checked against its own schema first.
 * @throws INTERNAL when it does not follow the schema
 */
export function saturationJson(saturation: Saturation): string {
  const checked = saturationSchema.safeParse(saturation);
  if (checked.success) return `${JSON.stringify(checked.data, null, 2)}\n`;
  throw new ShakedownError(
    "INTERNAL",
    `the result does not follow its schema: ${z.prettifyError(checked.error)}`,
    { hint: "the steps' observations are kept; this is a bug in what was made of them" },
  );
}

/** The JSON Schema (draft 2020-12) of `saturate.json`. */
export function saturationJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(saturationSchema, { target: "draft-2020-12" });
  return { title: "shakedown saturate", ...schema };
}
