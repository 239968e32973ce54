import { validateHeaderName, validateHeaderValue } from "node:http";
import { z } from "zod";
import {
  durationNsField,
  messageOf,
  NS_PER_S,
  parseRatePerSec,
  parseRatio,
  ratePerSecField,
  ratioField,
  ShakedownError,
  textWithUnit,
} from "../core/index.ts";
import { dependencySchema } from "../emulator/index.ts";
import { metricSchema, primarySchema } from "../experiment/index.ts";

const name = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,31}$/, "a name is lower-case letters, digits, - and _, at most 32");

/** What the generator sets on every request itself. */
const OWN_HEADERS = /^(?:content-length|transfer-encoding|connection|traceparent|x-request-id)$/i;

const headers = z
  .record(z.string(), z.string())
  .superRefine((given, context) => {
    for (const [header, value] of Object.entries(given)) {
      const fault = (message: string): void =>
        context.addIssue({ code: "custom", path: [header], message });
      if (OWN_HEADERS.test(header)) fault("is set by the generator");
      try {
        validateHeaderName(header);
        validateHeaderValue(header, value);
      } catch (thrown) {
        fault(messageOf(thrown));
      }
    }
  })
  .default({});

const commandArm = z.strictObject({
  command: z
    .string()
    .regex(/\S/, "a command to start, such as node server.js")
    .describe("started in the scenario's folder; PORT says where to listen"),
  env: z
    .record(z.string(), z.coerce.string())
    .refine((env) => !Object.hasOwn(env, "PORT"), "PORT is set by the run; use `port` to fix it")
    .default({}),
  port: z.int().min(1).max(65_535).optional().describe("a free one is chosen unless this is given"),
  ready: z
    .string()
    .startsWith("/", "a path, such as /healthz")
    .default("/")
    .describe("answers below 500 when the arm is up"),
  readyWithin: durationNsField().default(20 * NS_PER_S),
  headers,
});

const urlArm = z.strictObject({
  url: z
    .url({ protocol: /^http$/, error: "an http:// address, such as http://127.0.0.1:8080" })
    .refine((url) => !URL.canParse(url) || new URL(url).href === `${new URL(url).origin}/`, {
      error: "an address alone: paths come from the profile, credentials go in `headers`",
    }),
  headers,
});

const arm = z.union([commandArm, urlArm]);

/** `60/s`, or a share of the scenario's `rate` such as `25%`. */
const stageRateText = textWithUnit((value) => `${value}/s, or a share of \`rate\` such as 50%`);
const stageRate = stageRateText.transform((text, context) => {
  try {
    return text.trim().endsWith("%")
      ? { shareOfRate: parseRatio(text) }
      : { ratePerSec: parseRatePerSec(text) };
  } catch (thrown) {
    if (!(thrown instanceof ShakedownError)) throw thrown;
    context.addIssue({ code: "custom", message: `${thrown.message} or share of \`rate\`` });
    return z.NEVER;
  }
});

const stage = z.strictObject({
  name: name.optional(),
  rate: stageRate,
  for: durationNsField(),
  judge: z.boolean().default(true).describe("false for a warm-up: recorded, never judged"),
  settle: durationNsField()
    .default(0)
    .describe("the stage's beginning that is left out of the judgement"),
});

const hypothesis = z.strictObject({
  because: z.string().optional(),
  if: z.string(),
  then: primarySchema,
});

const design = z.strictObject({
  kind: z.literal("duet").default("duet"),
  alpha: z.number().gt(0).lt(0.5).default(0.05),
  block: durationNsField()
    .optional()
    .describe("the sampling unit; chosen from the stages unless given"),
  betweenRunSd: ratioField()
    .refine((sd) => sd > 0, "two runs are never the same: more than 0")
    .optional()
    .describe(
      "how much two runs of the same build differ (from A/A runs); without it one run cannot ship",
    ),
});

/** A scenario file, as people write it. */
export const scenarioSchema = z.strictObject({
  scenario: z.string().min(1).max(120),
  description: z.string().optional(),
  profile: z.string().describe("path of the profile, from the scenario's folder"),
  rate: ratePerSecField().describe("what 100 % means in `stages`: production's rate, or beyond"),
  arrivals: z.enum(["poisson", "recorded", "uniform"]).default("poisson"),
  arms: z.strictObject({ control: arm, variant: arm }),
  dependencies: z.record(name, dependencySchema).default({}),
  hypothesis,
  secondary: z.array(metricSchema).max(2).default([]),
  guardrails: z.array(metricSchema).default([]),
  stages: z.array(stage).min(1).max(32),
  design: design.prefault({}),
  timeout: durationNsField()
    .refine((timeoutNs) => timeoutNs > 0, "more than 0")
    .default(10 * NS_PER_S),
  inFlightMax: z
    .int()
    .min(1)
    .max(60_000)
    .default(2_000)
    .describe("per arm; above it starts are dropped"),
  seed: z.coerce.string().default("1"),
});

export type Scenario = z.output<typeof scenarioSchema>;
export type ScenarioArm = Scenario["arms"]["control"];
