import gammaQuantile from "@stdlib/stats-base-dists-gamma-quantile";
import { z } from "zod";
import type { LatencyModel } from "../model.ts";
import { byQuantile, checkGiven, positiveUsField, shapeField } from "./form/plain.ts";

/** `{ kind: gamma, mean: 80ms, sd: 20ms }`, or `shape` with `mean` or `scale`. */
export const gammaSchema = z
  .strictObject({
    kind: z.literal("gamma"),
    mean: positiveUsField().optional(),
    sd: positiveUsField().optional(),
    shape: shapeField().optional(),
    scale: positiveUsField().optional(),
  })
  .superRefine(({ kind: _kind, ...given }, context) => {
    const sets = [
      ["mean", "sd"],
      ["mean", "shape"],
      ["shape", "scale"],
    ];
    if (!checkGiven(given, sets, context)) return;
    const { mean, sd } = given;
    if (mean === undefined || sd === undefined) return;
    const shape = (mean / sd) ** 2;
    if (shape >= 0.1 && shape <= 1_000) return;
    const message = `(mean / sd)² is ${shape.toPrecision(3)}; the shape is from 0.1 to 1000`;
    context.addIssue({ code: "custom", path: ["sd"], message });
  })
  .transform(({ kind, mean, sd, shape, scale }) => {
    const ofShape = shape ?? ((mean ?? 1) / (sd ?? 1)) ** 2;
    return { kind, shape: ofShape, scaleUs: scale ?? (mean ?? 1) / ofShape };
  });

export function gammaLatency({ shape, scaleUs }: z.output<typeof gammaSchema>): LatencyModel {
  const quantile = gammaQuantile.factory(shape, 1);
  return byQuantile((u) => scaleUs * quantile(u));
}
