import { z } from "zod";
import { durationNsField } from "../../core/fields/index.ts";
import type { Timeline } from "../model.ts";

const positive = () => durationNsField().refine((durationNs) => durationNs > 0, "more than 0");

/**
 * `{ kind: every, every: 60s, lasts: 5s, offset: 10s }`: state 1 for `lasts` at the beginning of
 * each period, the first at `offset` (0), else 0.
 */
export const everySchema = z
  .strictObject({
    kind: z.literal("every"),
    every: positive(),
    lasts: positive(),
    offset: durationNsField().default(0),
  })
  .refine(({ every, lasts }) => lasts <= every, {
    path: ["lasts"],
    message: "it lasts no longer than the period",
  });

export function everyTimeline({ every, lasts, offset }: z.output<typeof everySchema>): Timeline {
  return {
    stateAt: (nowNs) => (nowNs >= offset && (nowNs - offset) % every < lasts ? 1 : 0),
  };
}
