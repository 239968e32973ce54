import { z } from "zod";
import type { LatencyModel } from "../model.ts";
import { byQuantile, checkGiven, positiveUsField, shapeField, shiftField } from "./form/plain.ts";

/** `{ kind: weibull, median: 80ms, p99: 400ms }`, or `shape` with `median` or `scale`; and `shift`. */
export const weibullSchema = z
  .strictObject({
    kind: z.literal("weibull"),
    median: positiveUsField().optional(),
    p99: positiveUsField().optional(),
    shape: shapeField().optional(),
    scale: positiveUsField().optional(),
    shift: shiftField(),
  })
  .superRefine(({ kind: _kind, shift: _shift, ...given }, context) => {
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
  .transform(({ kind, median, p99, shape, scale, shift }) => {
    const ofShape =
      shape ?? Math.log(Math.log(100) / Math.LN2) / Math.log((p99 ?? 1) / (median ?? 1));
    const scaleUs = scale ?? (median ?? 1) / Math.LN2 ** (1 / ofShape);
    return { kind, shape: ofShape, scaleUs, shiftUs: shift };
  });

/** Quantile at u: `shift + scale · (−ln(1 − u))^(1 / shape)`. */
export const weibullLatency = ({
  shape,
  scaleUs,
  shiftUs,
}: z.output<typeof weibullSchema>): LatencyModel =>
  byQuantile((u) => scaleUs * (-Math.log1p(-u)) ** (1 / shape), shiftUs);
