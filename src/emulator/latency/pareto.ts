import { z } from "zod";
import type { LatencyModel } from "../model.ts";
import { byQuantile, checkGiven, positiveUsField, shapeField } from "./form/plain.ts";

/** `{ kind: pareto, min: 20ms, shape: 1.5 }`, or `median` or `p99` in place of the shape. */
export const paretoSchema = z
  .strictObject({
    kind: z.literal("pareto"),
    min: positiveUsField(),
    shape: shapeField().optional(),
    median: positiveUsField().optional(),
    p99: positiveUsField().optional(),
  })
  .superRefine(({ kind: _kind, min, ...given }, context) => {
    if (!checkGiven(given, [["shape"], ["median"], ["p99"]], context)) return;
    const quantile = given.median ?? given.p99;
    if (quantile === undefined || quantile > min) return;
    const path = [given.median === undefined ? "p99" : "median"];
    context.addIssue({ code: "custom", path, message: "it is not above min" });
  })
  .transform(({ kind, min, shape, median, p99 }) => {
    const ofQuantile =
      median === undefined
        ? Math.log(100) / Math.log((p99 ?? min) / min)
        : Math.LN2 / Math.log(median / min);
    return { kind, minUs: min, shape: shape ?? ofQuantile };
  });

/** Quantile at u: `min · (1 − u)^(−1 / shape)`. */
export const paretoLatency = (spec: z.output<typeof paretoSchema>): LatencyModel =>
  byQuantile((u) => spec.minUs * (1 - u) ** (-1 / spec.shape));
