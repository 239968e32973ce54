import { z } from "zod";
import { ratePerSecField } from "../../core/fields/index.ts";
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
  z.discriminatedUnion("by", [
    z
      .strictObject({ ...common(latency), by: z.literal("rate"), curve: curve(ratePerSecField()) })
      .superRefine(rising),
    z
      .strictObject({
        ...common(latency),
        by: z.literal("in-flight"),
        curve: curve(z.number({ error: "a number of calls, such as 20" }).min(0)),
      })
      .superRefine(rising),
  ]);

const common = <Latency>(latency: z.ZodType<Latency>) => ({ kind: z.literal("load"), latency });
const curve = (load: z.ZodType<number>) =>
  z
    .array(z.tuple([load, factor()]))
    .min(2)
    .max(1_000);

function rising(
  { curve: points }: { readonly curve: LoadSpec<unknown>["curve"] },
  context: z.RefinementCtx,
): void {
  for (let i = 1; i < points.length; i++) {
    if (points[i]![0] > points[i - 1]![0]) continue;
    context.addIssue({ code: "custom", path: ["curve", i], message: "loads rise strictly" });
  }
}

function factorOf(points: LoadSpec<unknown>["curve"], load: number): number {
  const next = points.findIndex(([at]) => at >= load);
  if (next <= 0) return points.at(next)![1];
  const [[low, from], [high, to]] = [points[next - 1]!, points[next]!];
  return from + ((load - low) / (high - low)) * (to - from);
}

export function loadLatency<Latency>(
  { latency, by, curve: points }: LoadSpec<Latency>,
  make: (spec: Latency, part: number) => LatencyModel,
): LatencyModel {
  const model = make(latency, 0);
  return {
    sampleUs: (call, draw) =>
      model.sampleUs(call, draw) *
      factorOf(points, by === "rate" ? call.ratePerSec : call.inFlight),
  };
}
