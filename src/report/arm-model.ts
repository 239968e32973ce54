import { z } from "zod";

const count = z.number().int().min(0);
const quantilesUs = z.strictObject({
  p50: z.number(),
  p90: z.number(),
  p99: z.number(),
  p999: z.number(),
  max: z.number(),
});

const armRouteSchema = z.strictObject({
  route: z.string(),
  planned: count,
  responses: count,
  errors: count,
  dropped: count,
  responseTimeUs: quantilesUs,
  serviceTimeUs: quantilesUs,
  startLagUs: quantilesUs,
});

/** What one arm did, all of it. */
export const armSchema = z.strictObject({
  planned: count,
  responses: count,
  errors: count,
  dropped: count,
  statusCounts: z.record(z.string(), count),
  errorCounts: z.record(z.string(), count),
  dropCounts: z.record(z.string(), count),
  responseTimeUs: quantilesUs.describe(
    "end − intended start, over all requests; one without an answer counts with the timeout",
  ),
  serviceTimeUs: quantilesUs.describe("end − start"),
  startLagUs: quantilesUs.describe("start − intended start: the generator's own lateness"),
  connectionWaitUs: quantilesUs.describe(
    "of the start lag: waiting for one of the connections that may be open",
  ),
  lateStarts: z
    .strictObject({ generator: count, connection: count })
    .describe("starts more than 1 ms late, by what took the larger part of the lag"),
  ratePerSec: z
    .strictObject({ offered: z.number(), started: z.number(), answered: z.number() })
    .describe("starts planned and made, and responses, per second of the plan"),
  routes: z.array(armRouteSchema),
});

/** What one dependency saw of one arm. */
export const emulatedArmSchema = z.strictObject({
  calls: count,
  errors: count,
  limited: count,
  early: count.describe("calls made before the time their caller had been told to wait for"),
  rejected: count.describe("calls that found the dependency's capacity full"),
  aborted: count,
  inFlightMax: count,
  connectionsMax: count,
  delayErrorUs: z.strictObject({ p50: z.number(), p99: z.number() }),
});
