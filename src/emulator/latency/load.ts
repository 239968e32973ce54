import { z } from "zod";
import { ratePerSecField } from "../../core/index.ts";
import type { LatencyModel } from "../model.ts";

const factor = () => z.number().min(0).max(1e6);

export interface LoadSpec<Latency> {
  readonly kind: "load";
  readonly latency: Latency;
  readonly by: "rate" | "in-flight";
  readonly curve: readonly (readonly [load: number, factor: number])[];
}

/**
 * `{ kind: load, latency: …, by: rate, curve: [[100/s, 1], [200/s, 2.5]] }`, or `by: in-flight`
 * with plain numbers: what the latency is multiplied by, linear between the points, flat outside.
 */
export const loadSchema = <Latency>(latency: z.ZodType<Latency>) =>
  z
    .strictObject({
      kind: z.literal("load"),
      latency,
      by: z.enum(["rate", "in-flight"]),
      curve: z
        .array(z.tuple([z.union([z.number().min(0), ratePerSecField()]), factor()]))
        .min(2)
        .max(1_000),
    })
    .superRefine(({ curve }, context) => {
      for (let i = 1; i < curve.length; i++) {
        if (curve[i]![0] > curve[i - 1]![0]) continue;
        context.addIssue({ code: "custom", path: ["curve", i], message: "loads rise strictly" });
      }
    });

function factorOf(curve: LoadSpec<unknown>["curve"], load: number): number {
  const next = curve.findIndex(([at]) => at >= load);
  if (next <= 0) return curve.at(next)![1];
  const [[low, from], [high, to]] = [curve[next - 1]!, curve[next]!];
  return from + ((load - low) / (high - low)) * (to - from);
}

export function loadLatency<Latency>(
  { latency, by, curve }: LoadSpec<Latency>,
  make: (spec: Latency, part: number) => LatencyModel,
): LatencyModel {
  const model = make(latency, 0);
  return {
    sampleUs: (call, draw) =>
      model.sampleUs(call, draw) * factorOf(curve, by === "rate" ? call.ratePerSec : call.inFlight),
  };
}
