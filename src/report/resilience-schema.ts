import { z } from "zod";

const ratio = z.number();
const maybeMs = z.number().nullable();
const joinedBy = z.enum(["identity", "rates"]);

const sweepPoint = z.strictObject({
  factor: z.number(),
  meantMs: z.number(),
  inFlight: z.number(),
  callsPerSec: z.number(),
  ceiling: z.int().nullable(),
});

const latency = z.strictObject({
  points: z.array(sweepPoint),
  exponent: z.number().nullable().describe("1: nothing bounds the calls in flight; 0: capped"),
  ceiling: z
    .strictObject({ connections: z.int(), fromFactor: z.number() })
    .nullable()
    .describe("calls in flight stand there; null: at no latency that was tried"),
});

const errors = z.strictObject({
  points: z.array(z.strictObject({ failing: ratio, amplification: z.number() })),
  joinedBy,
  policy: z.enum(["none", "every", "budget"]),
  attempts: z.int().describe("in all, the first one included"),
  budgetRatio: ratio.nullable(),
  jitter: z.enum(["none", "some", "full"]).nullable(),
  firstGapMs: maybeMs,
  unsafeRetries: z.int(),
});

const hang = z.strictObject({
  calls: z.int(),
  gaveUp: z.int(),
  watchedMs: z.number(),
  kind: z.enum(["timeout", "none", "unclear"]),
  timeoutMs: maybeMs,
  countsFrom: z
    .enum(["call", "request"])
    .describe("request: a wait for a connection is part of the timeout"),
  atTimeoutRatio: ratio,
  withRequestRatio: ratio.nullable(),
});

const breaker = z.strictObject({
  opened: z.boolean(),
  openedAfterMs: maybeMs,
  probeEveryMs: maybeMs,
  recoveredAfterMs: maybeMs,
  transitionsPerMin: z.number(),
});

const bulkhead = z.strictObject({
  stage: z.string(),
  judged: z.array(z.string()).describe("routes that do not call it"),
  suffering: z.array(
    z.strictObject({ route: z.string(), usualMs: z.number(), probedMs: z.number() }),
  ),
});

const filling = z.strictObject({
  fetches: z.int(),
  dogpiles: z.int().describe("fetches of a key that is on its way already"),
  mostAtOnce: z.int().describe("of one key"),
  failedRatio: ratio.describe("of requests"),
  usualFailedRatio: ratio,
});

const cold = z.strictObject({
  stage: z.string(),
  usualCallsPerRequest: z.number().describe("in the stage before"),
  mostCallsPerRequest: z.number().describe("in a window after the flush"),
  backAfterS: z
    .number()
    .nullable()
    .describe(
      "from the flush until calls per request are as before; null: not while it was watched",
    ),
  watchedS: z.number(),
  windowS: z.number().describe("what times are told to"),
  filling: filling.nullable().describe("until calls are back; null: no rise beyond noise"),
});

const recovery = z.strictObject({
  trigger: z.string().describe("the stage"),
  dependency: z.string().nullable().describe("null: caches were emptied"),
  recovered: z.boolean(),
  recoveredAfterS: z.number().nullable(),
  watchedS: z.number(),
  scale: ratio.describe("the published rule's times were shortened to this share of themselves"),
  goodRatio: ratio,
  usualGoodRatio: ratio,
  draining: z.boolean(),
  filling: z.boolean().describe("a cache that was emptied only takes its time"),
  sustaining: z.array(
    z.strictObject({
      what: z.enum(["attempts per call", "calls per request", "calls in flight"]),
      dependency: z.string(),
      before: z.number(),
      after: z.number(),
    }),
  ),
});

const card = z.strictObject({
  arm: z.string(),
  dependency: z.string(),
  joinedBy,
  latency: latency.nullable(),
  errors: errors.nullable(),
  hang: hang.nullable(),
  breaker: breaker.nullable(),
  bulkhead: bulkhead.nullable(),
  cold: cold.nullable(),
  notEmptied: z
    .array(z.string())
    .describe("stages to begin with caches emptied, which not every arm's were"),
  recoveries: z.array(recovery),
});

const hysteresis = z.strictObject({
  arm: z.string(),
  steps: z.array(
    z.strictObject({
      ratePerSec: z.number(),
      up: ratio,
      down: ratio,
      requests: z.tuple([z.number(), z.number()]).describe("on the way up, and on the way down"),
    }),
  ),
  lostRatio: ratio,
  bistable: z.boolean(),
});

/** `probe.json`. What could not be read of an arm, or was not probed, is null. */
export const resilienceSchema = z.strictObject({
  cards: z.array(card),
  hysteresis: z.array(hysteresis),
});

/** The JSON Schema of `probe.json`. */
export const resilienceJsonSchema = (): Record<string, unknown> =>
  z.toJSONSchema(resilienceSchema, { target: "draft-2020-12" });
