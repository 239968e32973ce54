import { z } from "zod";
import { durationNsField, ratioField } from "../../core/fields/index.ts";
import type { FaultModel, Timeline, World } from "../model.ts";
import { createTimeline } from "../timeline/index.ts";
import { checkWhat, chooseFault, faultsOf, whatFields } from "./what.ts";

/**
 * `{ kind: gilbert-elliott, badRatio: 1%, meanBurst: 20 }`: failures in bursts. The dependency is
 * in a good or in a bad state, in the bad one for `badRatio` of the time; a bad spell lasts for
 * `meanBurst` on average: a number of calls (then it steps with each call, and retries make it
 * shorter), or a duration such as 5s (then it steps with time, and both arms are in it together).
 * A call fails with chance `errorInBad` (all of them) or `errorInGood` (none).
 */
export const gilbertElliottSchema = z
  .strictObject({
    kind: z.literal("gilbert-elliott"),
    badRatio: ratioField().refine((ratio) => ratio > 0 && ratio < 1, "above 0 and below 100%"),
    meanBurst: z.union([
      z.number({ error: "a number of calls, or a duration such as 5s" }).min(1),
      durationNsField()
        .refine((burstNs) => burstNs > 0, "more than 0")
        .transform((meanNs) => ({ meanNs })),
    ]),
    errorInBad: ratioField().default(1),
    errorInGood: ratioField().default(0),
    ...whatFields,
  })
  .superRefine(checkWhat)
  .superRefine(({ badRatio, meanBurst }, context) => {
    if (typeof meanBurst !== "number" || badRatio / (1 - badRatio) <= meanBurst) return;
    const message = `bursts of ${meanBurst} calls cannot take ${100 * badRatio} % of them; make meanBurst longer`;
    context.addIssue({ code: "custom", path: ["meanBurst"], message });
  })
  .transform(({ badRatio, errorInBad, errorInGood, kind, meanBurst, ...what }) => ({
    kind,
    badRatio,
    meanBurst,
    errorInBad,
    errorInGood,
    faults: faultsOf(what),
  }));

/**
 * Bad state left with chance r = 1 / meanBurst a call, entered with p = r · b / (1 − b), where b is
 * the bad share; by time, exponential spells with means in the same proportion.
 * Source: E. N. Gilbert, "Capacity of a burst-noise channel", BSTJ 39 (1960); E. O. Elliott (1963).
 */
export function gilbertElliottFaults(
  spec: z.output<typeof gilbertElliottSchema>,
  world: World,
  name: string,
): FaultModel {
  const { badRatio, errorInBad, errorInGood, faults, meanBurst } = spec;
  const isBad = typeof meanBurst === "number" ? byCall() : byTime(meanBurst.meanNs);

  function byCall(): () => boolean {
    const leave = 1 / (meanBurst as number);
    const enter = (leave * badRatio) / (1 - badRatio);
    let bad = world.draw(name, "first").uniform("state") < badRatio;
    let step = 0;
    return () => {
      const now = bad;
      const u = world.draw(name, step++).uniform("step");
      bad = bad ? u >= leave : u < enter;
      return now;
    };
  }

  function byTime(meanNs: number): (nowNs: number) => boolean {
    const timeline: Timeline = createTimeline(
      { kind: "markov", dwell: [(meanNs * (1 - badRatio)) / badRatio, meanNs] },
      world,
      name,
    );
    return (nowNs) => timeline.stateAt(nowNs) === 1;
  }

  return {
    faultFor(call, draw) {
      const chance = isBad(call.nowNs) ? errorInBad : errorInGood;
      return draw.uniform(name) < chance ? chooseFault(faults, draw) : null;
    },
  };
}
