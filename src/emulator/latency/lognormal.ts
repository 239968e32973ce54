import normalQuantile from "@stdlib/stats-base-dists-normal-quantile";
import { z } from "zod";
import { durationUsField } from "../../core/fields/index.ts";
import type { LatencyModel } from "../model.ts";
import { byQuantile, shiftField } from "./form/plain.ts";

const zOf = normalQuantile.factory(0, 1);
const Z_99 = zOf(0.99);

/**
 * `{ kind: lognormal, median: 80ms, p99: 400ms }`, or `sigma` (the standard deviation of the
 * latency's natural logarithm, 0 to 10) in place of `p99`; and `shift`. The spec keeps sigma:
 * `sigma = ln(p99 / median) / z(0.99)`.
 */
export const lognormalSchema = z
  .strictObject({
    kind: z.literal("lognormal"),
    median: durationUsField().pipe(z.number().positive("a median is above zero")),
    sigma: z.number().min(0).max(10).optional(),
    p99: durationUsField().optional(),
    shift: shiftField(),
  })
  .superRefine(({ median, sigma, p99 }, context) => {
    if ((sigma === undefined) === (p99 === undefined)) {
      context.addIssue({ code: "custom", message: "give exactly one of sigma and p99" });
    } else if (p99 !== undefined && p99 < median) {
      context.addIssue({ code: "custom", path: ["p99"], message: "p99 is below the median" });
    }
  })
  .transform(({ kind, median, sigma, p99, shift }) => ({
    kind,
    medianUs: median,
    sigma: sigma ?? Math.log((p99 ?? median) / median) / Z_99,
    shiftUs: shift,
  }));

/** Quantile at u: `shift + median · exp(sigma · z(u))`. */
export const lognormalLatency = ({
  medianUs,
  sigma,
  shiftUs,
}: z.output<typeof lognormalSchema>): LatencyModel =>
  byQuantile((u) => medianUs * Math.exp(sigma * zOf(u)), shiftUs);
