import { validateHeaderName, validateHeaderValue } from "node:http";
import { z } from "zod";
import {
  bytesField,
  durationNsField,
  messageOf,
  NS_PER_S,
  PACINGS,
  ratioField,
} from "../core/index.ts";
import { dependencySchema, incidentSchema } from "../emulator/index.ts";
import {
  metricSchema,
  negativeControlSchema,
  primarySchema,
  segmentSchema,
  stopSchema,
} from "../experiment/index.ts";
import {
  substitutionSchema,
  TRANSPORT_LIMITS,
  type TransportName,
  TRANSPORTS,
} from "../replay/index.ts";
import { arrivalsSchema } from "../schedule/index.ts";
import { rate, stageRate } from "./rate-schema.ts";
import { onRollBackSchema } from "./roll-back-schema.ts";

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

const tls = z
  .strictObject({
    ca: z.string().optional().describe("PEM file of the authorities to trust"),
    cert: z.string().optional().describe("PEM file of the client's certificate"),
    key: z.string().optional().describe("PEM file of its key"),
    servername: z.string().optional().describe("the name asked for (SNI) and checked"),
    insecure: z.boolean().default(false).describe("take any certificate"),
  })
  .refine((given) => (given.cert === undefined) === (given.key === undefined), {
    error: "a client's certificate needs both `cert` and `key`",
  });

const urlArm = z.strictObject({
  url: z
    .url({ protocol: /^https?$/, error: "an http(s) address, such as http://127.0.0.1:8080" })
    .refine((url) => !URL.canParse(url) || new URL(url).href === `${new URL(url).origin}/`, {
      error: "an address alone: paths come from the profile, credentials go in `headers`",
    }),
  headers,
  tls: tls.optional().describe("for https; paths are from the scenario's folder"),
  http2: z.boolean().default(false).describe("speak HTTP/2"),
});

const arm = z.union([commandArm, urlArm]);

const stage = z.strictObject({
  name: name.optional(),
  rate: stageRate.refine(
    (given) => ("shareOfRate" in given ? given.shareOfRate : given.ratePerSec) > 0,
    "more than 0",
  ),
  from: stageRate.optional().describe("a ramp: the rate rises or falls from this to `rate`"),
  for: durationNsField(),
  judge: z.boolean().default(true).describe("false for a warm-up: recorded, never judged"),
  settle: durationNsField()
    .default(0)
    .describe("the stage's beginning that is left out of the judgement"),
  onHold: z
    .enum(["continue", "stop"])
    .default("continue")
    .describe("what happens when the gate after the stage neither goes on nor rolls back"),
});

const hypothesis = z.strictObject({
  because: z.string().optional(),
  if: z.string(),
  then: primarySchema,
  otherwise: z
    .string()
    .regex(/\S/, "what would count as failure, in words")
    .optional()
    .describe("the null in words; made of `then` unless given"),
});

/** A probability between two others. */
const chance = (above: number, below: number, example: string) =>
  z
    .number({ error: `write a chance between ${above} and ${below}, such as ${example}` })
    .refine((value) => value > above && value < below, {
      error: ({ input }) =>
        `${String(input)} is no chance between ${above} and ${below}; write ${example}`,
    });

const design = z.strictObject({
  kind: z.literal("duet").default("duet"),
  alpha: chance(0, 0.5, "0.05").default(0.05).describe("the chance of a false alarm"),
  power: chance(0.5, 1, "0.8")
    .default(0.8)
    .describe("the chance of showing what is claimed, if it is so"),
  runs: z
    .int("how many runs: a whole number from 1 to 64")
    .min(1, "at least one run")
    .max(64, "64 runs at most")
    .default(1)
    .describe("with processes of their own: two or more tell a change from the luck of one run"),
  block: durationNsField()
    .optional()
    .describe("the sampling unit; chosen from the stages unless given"),
  betweenRunSd: ratioField()
    .refine((sd) => sd > 0, "two runs are never the same: more than 0")
    .optional()
    .describe(
      "how much two runs of the same build differ (from A/A runs); without it one run cannot ship",
    ),
  calibration: z
    .string()
    .optional()
    .describe("what `shakedown calibrate` wrote, from the scenario's folder: gives betweenRunSd"),
});

const list = (of: z.ZodType<string>) =>
  z.union([of, z.array(of)]).transform((each) => [each].flat());
const statuses = z
  .union([z.string(), z.int()])
  .transform(String)
  .refine(
    (text) => /^[1-5](?:\d\d|xx)$/.test(text),
    "a status such as 404, or a class such as 2xx",
  );

const filter = z.strictObject({
  method: list(z.string().transform((text) => text.toUpperCase())).optional(),
  route: list(z.string())
    .optional()
    .describe("a route as `profile` lists it; * stands for anything"),
  status: z
    .union([statuses, z.array(statuses)])
    .transform((each) => [each].flat())
    .optional()
    .describe("what production answered: 200, 2xx"),
});

const sample = z.strictObject({
  share: ratioField(),
  by: z.enum(["request", "session"]).default("request"),
});

/** How the load is made: the same for a scenario's file and for `replay`. */
const load = {
  rate: rate
    .prefault("1x")
    .describe("what 100 % means in `stages`: production's rate (1x), or beyond"),
  arrivals: arrivalsSchema.default({ kind: "poisson" }),
  speed: z
    .number()
    .gt(0)
    .max(1_000_000)
    .default(1)
    .describe("recorded arrivals, so many times as fast"),
  loop: z.boolean().default(true).describe("recorded arrivals begin anew when the capture is over"),
  rekey: z
    .boolean()
    .default(true)
    .describe("clones of a capture that is scaled up get keys of their own, as more users would"),
  filter: filter.optional().describe("keep these records of the profile only"),
  sample: sample.optional().describe("keep a share of the profile's records"),
  transport: z
    .enum(["auto", ...Object.keys(TRANSPORTS)] as ["auto", ...TransportName[]])
    .default("auto"),
  pacing: z.enum(["auto", ...PACINGS]).default("auto"),
  workers: z.union([z.literal("auto"), z.int().min(1).max(64)]).default("auto"),
  connections: z
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .describe("that may be open to each arm; as many as requests in flight unless given"),
  keepConnections: z
    .boolean()
    .default(false)
    .describe("requests of one captured session, or connection, keep their connection and order"),
  substitute: z.array(substitutionSchema).max(64).default([]),
  redact: z
    .boolean()
    .default(true)
    .describe("for a capture that is replayed as it is: secrets are replaced, as `capture` would"),
  bodyLimit: bytesField().default(TRANSPORT_LIMITS.bodyBytesMax).describe("of one response"),
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
};

/** A scenario file, as people write it. */
export const scenarioSchema = z.strictObject({
  scenario: z.string().min(1).max(120),
  description: z.string().optional(),
  profile: z.string().describe("path of the profile, or of a capture, from the scenario's folder"),
  ...load,
  arms: z.union([
    z.strictObject({ control: arm, variant: arm }),
    z.strictObject({ target: arm }).describe("one arm alone: measured, with nothing to compare"),
  ]),
  dependencies: z.record(name, dependencySchema).default({}),
  incidents: z
    .record(name, incidentSchema)
    .default({})
    .describe("times at which several dependencies are struck at once: each names the incident"),
  hypothesis: hypothesis.optional().describe("what is to be decided; needs two arms"),
  secondary: z
    .array(metricSchema)
    .max(2, "two at most: of many metrics one always wins; the rest are guardrails, or left out")
    .default([]),
  guardrails: z.array(metricSchema).default([]),
  negativeControls: z
    .array(negativeControlSchema)
    .default([])
    .describe("what cannot differ between the arms; if it does, nothing is believed"),
  segments: z.array(segmentSchema).max(16).default([]),
  stages: z.array(stage).min(1).max(32),
  onRollBack: onRollBackSchema.optional().describe("what is done, once, on a roll-back"),
  stop: stopSchema.prefault({}).describe("when a run ends before its time"),
  design: design.prefault({}),
});

export type Scenario = z.output<typeof scenarioSchema>;
export type ScenarioInput = z.input<typeof scenarioSchema>;
export type ScenarioArm = z.output<typeof arm>;
export type ScenarioRate = Scenario["rate"];
export type ScenarioStage = Scenario["stages"][number];
