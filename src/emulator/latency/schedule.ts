import { z } from "zod";
import { durationNsField } from "../../core/fields/index.ts";
import type { LatencyModel, World } from "../model.ts";

const factor = () => z.number().min(0).max(1e6);
const lengthNs = () => durationNsField().pipe(z.number().positive("it lasts longer than 0"));

/**
 * What the latency is multiplied by, over time: `ramp` (`from` until `start`, `to` after `over`
 * more, linear between), `sinusoid` (`1 + amplitude · sin(2π t / period)`), or `windows` (a factor
 * in each; 1 outside; the first that fits).
 */
const factorSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("ramp"),
    from: factor().default(1),
    to: factor(),
    start: durationNsField().default(0),
    over: lengthNs(),
  }),
  z.strictObject({
    kind: z.literal("sinusoid"),
    amplitude: z.number().min(0).max(1),
    period: lengthNs(),
  }),
  z.strictObject({
    kind: z.literal("windows"),
    windows: z
      .array(
        z
          .strictObject({ from: durationNsField(), to: durationNsField(), factor: factor() })
          .refine(({ from, to }) => to > from, {
            path: ["to"],
            message: "a window ends after it begins",
          }),
      )
      .min(1)
      .max(1_000),
  }),
]);

export interface ScheduleSpec<Latency> {
  readonly kind: "schedule";
  readonly latency: Latency;
  readonly factor: z.output<typeof factorSchema>;
}

/** `{ kind: schedule, latency: …, factor: { kind: ramp, to: 3, start: 20s, over: 1m } }`. */
export const scheduleSchema = <Latency>(latency: z.ZodType<Latency>) =>
  z.strictObject({ kind: z.literal("schedule"), latency, factor: factorSchema });

function factorAt(spec: z.output<typeof factorSchema>): (nowNs: number) => number {
  if (spec.kind === "ramp") {
    const { from, to, start, over } = spec;
    return (nowNs) => from + (to - from) * Math.min(Math.max((nowNs - start) / over, 0), 1);
  }
  if (spec.kind === "sinusoid") {
    return (nowNs) => 1 + spec.amplitude * Math.sin((2 * Math.PI * nowNs) / spec.period);
  }
  return (nowNs) => spec.windows.find(({ from, to }) => nowNs >= from && nowNs < to)?.factor ?? 1;
}

export function scheduleLatency<Latency>(
  spec: ScheduleSpec<Latency>,
  world: Pick<World, "leadNs">,
  make: (spec: Latency, part: number) => LatencyModel,
): LatencyModel {
  const model = make(spec.latency, 0);
  const times = factorAt(spec.factor);
  return {
    sampleUs: (call, draw) => model.sampleUs(call, draw) * times(call.nowNs - world.leadNs),
  };
}
