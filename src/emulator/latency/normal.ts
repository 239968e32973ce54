import normalCdf from "@stdlib/stats-base-dists-normal-cdf";
import normalQuantile from "@stdlib/stats-base-dists-normal-quantile";
import { z } from "zod";
import { durationUsField } from "../../core/fields/index.ts";
import type { LatencyModel } from "../model.ts";
import { byQuantile, positiveUsField } from "./form/plain.ts";

const zOf = normalQuantile.factory(0, 1);
const cdf = normalCdf.factory(0, 1);

/**
 * `{ kind: normal, mean: 80ms, sd: 20ms }`: normal, without what lies below 0. `mean` and `sd` are
 * those before that cut.
 */
export const normalSchema = z
  .strictObject({ kind: z.literal("normal"), mean: durationUsField(), sd: positiveUsField() })
  .transform(({ kind, mean, sd }) => ({ kind, meanUs: mean, sdUs: sd }));

/** Quantile at u: `mean + sd · z(c + u (1 − c))`, where `c = Φ(−mean / sd)` is cut off. */
export function normalLatency({ meanUs, sdUs }: z.output<typeof normalSchema>): LatencyModel {
  const cut = cdf(-meanUs / sdUs);
  // The mirrored form keeps the upper tail's precision.
  return byQuantile((u) => Math.max(0, meanUs - sdUs * zOf((1 - u) * (1 - cut))));
}
