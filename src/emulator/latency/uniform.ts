import { z } from "zod";
import { durationUsField } from "../../core/fields/index.ts";
import type { LatencyModel } from "../model.ts";
import { byQuantile } from "./form/plain.ts";

/** `{ kind: uniform, min: 10ms, max: 30ms }`: every latency between the two is as likely. */
export const uniformSchema = z
  .strictObject({ kind: z.literal("uniform"), min: durationUsField(), max: durationUsField() })
  .refine(({ min, max }) => max >= min, { path: ["max"], message: "max is below min" })
  .transform(({ kind, min, max }) => ({ kind, minUs: min, maxUs: max }));

export const uniformLatency = ({ minUs, maxUs }: z.output<typeof uniformSchema>): LatencyModel =>
  byQuantile((u) => minUs + u * (maxUs - minUs));
