import { z } from "zod";
import type { LatencyModel } from "../model.ts";
import { byQuantile, checkGiven, positiveUsField } from "./form/plain.ts";

/** `{ kind: exponential, mean: 80ms }`, or `median` or `p99` in place of the mean. */
export const exponentialSchema = z
  .strictObject({
    kind: z.literal("exponential"),
    mean: positiveUsField().optional(),
    median: positiveUsField().optional(),
    p99: positiveUsField().optional(),
  })
  .superRefine(({ kind: _kind, ...given }, context) => {
    checkGiven(given, [["mean"], ["median"], ["p99"]], context);
  })
  .transform(({ kind, mean, median, p99 }) => ({
    kind,
    meanUs: mean ?? (median === undefined ? (p99 ?? 0) / Math.log(100) : median / Math.LN2),
  }));

export const exponentialLatency = ({ meanUs }: z.output<typeof exponentialSchema>): LatencyModel =>
  byQuantile((u) => -meanUs * Math.log1p(-u));
