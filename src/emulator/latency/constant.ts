import { z } from "zod";
import { durationUsField } from "../../core/fields/index.ts";
import type { LatencyModel } from "../model.ts";

/** `{ kind: constant, value: 80ms }`: every call takes the same time. */
export const constantSchema = z
  .strictObject({ kind: z.literal("constant"), value: durationUsField() })
  .transform(({ kind, value }) => ({ kind, valueUs: value }));

export function constantLatency({ valueUs }: z.output<typeof constantSchema>): LatencyModel {
  return { sampleUs: () => valueUs };
}
