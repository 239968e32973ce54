import { z } from "zod";
import { NS_PER_S, PACINGS } from "../../core/index.ts";
import { bytesField, durationNsField, ratioField } from "../../core/fields/index.ts";
import { isStatusPattern } from "../../profile/index.ts";
import {
  substitutionSchema,
  TRANSPORT_LIMITS,
  type TransportName,
  TRANSPORTS,
} from "../../replay/index.ts";
import { arrivalsSchema } from "../../schedule/index.ts";
import { LOST_SHARDS } from "../load-maker.ts";
import { rate } from "./rate.ts";

const list = (of: z.ZodType<string>) =>
  z.union([of, z.array(of)]).transform((each) => [each].flat());
const statuses = z
  .union([z.string(), z.int()])
  .transform(String)
  .refine(isStatusPattern, "a status such as 404, or a class such as 2xx");

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
export const load = {
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
  lostShards: z
    .enum(LOST_SHARDS)
    .optional()
    .describe(
      "in a fleet: the part of a worker that dies is taken over (unless given), or left out",
    ),
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
