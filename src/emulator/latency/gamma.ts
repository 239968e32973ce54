import { z } from "zod";
import { type LatencyLaw, lawDensity, lawQuantile } from "../../stats/fit/index.ts";
import type { LatencyModel } from "../model.ts";
import {
  byQuantile,
  checkGiven,
  positiveUsField,
  SHAPE_MAX,
  SHAPE_MIN,
  shapeField,
  shiftField,
} from "./form/plain.ts";
import { tabulated } from "./form/table.ts";

/** `{ kind: gamma, mean: 80ms, sd: 20ms }`, or `shape` with `mean` or `scale`; and `shift`. */
export const gammaSchema = z
  .strictObject({
    kind: z.literal("gamma"),
    mean: positiveUsField().optional(),
    sd: positiveUsField().optional(),
    shape: shapeField().optional(),
    scale: positiveUsField().optional(),
    shift: shiftField(),
  })
  .superRefine(({ kind: _kind, shift: _shift, ...given }, context) => {
    const sets = [
      ["mean", "sd"],
      ["mean", "shape"],
      ["shape", "scale"],
    ];
    if (!checkGiven(given, sets, context)) return;
    const { mean, sd } = given;
    if (mean === undefined || sd === undefined) return;
    const shape = (mean / sd) ** 2;
    if (shape >= SHAPE_MIN && shape <= SHAPE_MAX) return;
    const message = `(mean / sd)² is ${shape.toPrecision(3)}; the shape is from ${SHAPE_MIN} to ${SHAPE_MAX}`;
    context.addIssue({ code: "custom", path: ["sd"], message });
  })
  .transform(({ kind, mean, sd, shape, scale, shift }) => {
    const ofShape = shape ?? ((mean ?? 1) / (sd ?? 1)) ** 2;
    return { kind, shape: ofShape, scaleUs: scale ?? (mean ?? 1) / ofShape, shiftUs: shift };
  });

export function gammaLatency({
  shape,
  scaleUs,
  shiftUs,
}: z.output<typeof gammaSchema>): LatencyModel {
  // Of scale 1, so that neither underflows.
  const law: LatencyLaw = { kind: "gamma", shape, scaleUs: 1, shiftUs: 0 };
  const quantile = tabulated(
    (p) => lawQuantile(law, p),
    (x) => lawDensity(law, x),
  );
  return byQuantile((u) => scaleUs * quantile(u), shiftUs);
}
