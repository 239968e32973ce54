import { z } from "zod";
import type { LatencyModel } from "../model.ts";
import { byQuantile, checkGiven, positiveUsField, shapeField } from "./form/plain.ts";

/** `{ kind: weibull, median: 80ms, p99: 400ms }`, or `shape` with `median` or `scale`. */
export const weibullSchema = z
  .strictObject({
    kind: z.literal("weibull"),
    median: positiveUsField().optional(),
    p99: positiveUsField().optional(),
    shape: shapeField().optional(),
    scale: positiveUsField().optional(),
  })
  .superRefine(({ kind: _kind, ...given }, context) => {
    const sets = [
      ["median", "p99"],
      ["shape", "median"],
      ["shape", "scale"],
    ];
    if (!checkGiven(given, sets, context)) return;
    const { median, p99 } = given;
    if (median === undefined || p99 === undefined || p99 > median) return;
    context.addIssue({ code: "custom", path: ["p99"], message: "p99 is not above the median" });
  })
  .transform(({ kind, median, p99, shape, scale }) => {
    const ofShape =
      shape ?? Math.log(Math.log(100) / Math.LN2) / Math.log((p99 ?? 1) / (median ?? 1));
    return { kind, shape: ofShape, scaleUs: scale ?? (median ?? 1) / Math.LN2 ** (1 / ofShape) };
  });

/** Quantile at u: `scale · (−ln(1 − u))^(1 / shape)`. */
export const weibullLatency = (spec: z.output<typeof weibullSchema>): LatencyModel =>
  byQuantile((u) => spec.scaleUs * (-Math.log1p(-u)) ** (1 / spec.shape));
