import { z } from "zod";
import { durationUsField } from "../../core/fields/index.ts";
import type { LatencyModel } from "../model.ts";

export interface LinearSpec<Latency> {
  readonly kind: "linear";
  readonly base: Latency;
  /** Microseconds. */
  readonly perInFlight: number;
}

/** `{ kind: linear, base: …, perInFlight: 2ms }`: so much more for each other call in flight. */
export const linearSchema = <Latency>(latency: z.ZodType<Latency>) =>
  z.strictObject({ kind: z.literal("linear"), base: latency, perInFlight: durationUsField() });

export function linearLatency<Latency>(
  { base, perInFlight }: LinearSpec<Latency>,
  make: (spec: Latency, part: number) => LatencyModel,
): LatencyModel {
  const model = make(base, 0);
  return {
    sampleUs: (call, draw) =>
      model.sampleUs(call, draw) + perInFlight * Math.max(call.inFlight - 1, 0),
  };
}
