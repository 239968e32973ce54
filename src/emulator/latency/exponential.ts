import { z } from "zod";
import type { LatencyModel } from "../model.ts";
import { byQuantile, checkGiven, positiveUsField, shiftField } from "./form/plain.ts";

/** `{ kind: exponential, mean: 80ms }`, or `median` or `p99` in place of the mean; and `shift`. */
export const exponentialSchema = z
  .strictObject({
    kind: z.literal("exponential"),
    mean: positiveUsField().optional(),
    median: positiveUsField().optional(),
    p99: positiveUsField().optional(),
    shift: shiftField(),
  })
  .superRefine(({ kind: _kind, shift: _shift, ...given }, context) => {
    checkGiven(given, [["mean"], ["median"], ["p99"]], context);
  })
  .transform(({ kind, mean, median, p99, shift }) => ({
    kind,
    shiftUs: shift,
    meanUs: mean ?? (median === undefined ? (p99 ?? 0) / Math.log(100) : median / Math.LN2),
  }));

export const exponentialLatency = ({
  meanUs,
  shiftUs,
}: z.output<typeof exponentialSchema>): LatencyModel =>
  byQuantile((u) => -meanUs * Math.log1p(-u), shiftUs);
