import { z } from "zod";
import { durationNsField } from "../../core/fields/index.ts";
import type { Timeline } from "../model.ts";

const window = z
  .strictObject({ from: durationNsField(), to: durationNsField() })
  .refine(({ from, to }) => to > from, { path: ["to"], message: "a window ends after it begins" });

/**
 * `{ kind: windows, windows: [{ from: 20s, to: 30s }] }`, since the run began: state 1 within a
 * window (its end left out), else 0.
 */
export const windowsSchema = z.strictObject({
  kind: z.literal("windows"),
  windows: z.array(window).min(1).max(1_000),
});

export function windowsTimeline({ windows }: z.output<typeof windowsSchema>): Timeline {
  return {
    stateAt: (nowNs) => (windows.some(({ from, to }) => nowNs >= from && nowNs < to) ? 1 : 0),
  };
}
