import { z } from "zod";
import type { LatencyModel, World } from "../model.ts";
import { createTimeline, timelineSchema, type TimelineSpec } from "../timeline/index.ts";

export interface RegimesSpec<Latency> {
  readonly kind: "regimes";
  readonly timeline: TimelineSpec;
  readonly states: readonly Latency[];
}

/**
 * `{ kind: regimes, timeline: { kind: markov, dwell: [10m, 20s] }, states: [normal, brown-out] }`:
 * the latency of the state that holds when a call arrives, one for each state of the timeline (in
 * turn, or by the weights of the timeline's `next`). An incident that has more states than that stays with the last.
 */
export const regimesSchema = <Latency>(latency: z.ZodType<Latency>) =>
  z
    .strictObject({
      kind: z.literal("regimes"),
      timeline: timelineSchema,
      states: z.array(latency).min(2).max(16),
    })
    .superRefine(({ timeline, states }, context) => {
      if (timeline.kind === "incident") return;
      const wanted = timeline.kind === "markov" ? timeline.dwell.length : 2;
      if (states.length === wanted) return;
      const message = `the timeline has ${wanted} states, here are ${states.length}`;
      context.addIssue({ code: "custom", path: ["states"], message });
    });

export function regimesLatency<Latency>(
  { timeline, states }: RegimesSpec<Latency>,
  world: World,
  name: string,
  make: (spec: Latency, part: number) => LatencyModel,
): LatencyModel {
  const when = createTimeline(timeline, world, name);
  const models = states.map(make);
  return {
    sampleUs(call, draw) {
      const state = Math.min(when.stateAt(call.nowNs), models.length - 1);
      return models[state]!.sampleUs(call, draw);
    },
  };
}
