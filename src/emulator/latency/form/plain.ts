import { z } from "zod";
import { durationUsField } from "../../../core/fields/index.ts";
import type { LatencyModel } from "../../model.ts";

/**
 * A model that is its quantile function: one draw, so that equal luck is an equal quantile.
 * `shiftUs` comes on top of every draw.
 */
export const byQuantile = (quantileUs: (u: number) => number, shiftUs = 0): LatencyModel => ({
  sampleUs: (_call, draw) => shiftUs + quantileUs(draw.uniform("latency")),
});

/** A duration in microseconds, above zero. */
export const positiveUsField = () =>
  durationUsField().pipe(z.number().positive("a duration above zero is needed here"));

/**
 * What each call takes at least, in microseconds (0 unless told). The law's other fields are of
 * what comes on top: a median of 8ms with a shift of 2ms is a median latency of 10 ms.
 */
export const shiftField = () => durationUsField().default(0);

/** Of a shape parameter; below, quantiles leave what a number can hold; above, all is one value. */
export const SHAPE_MIN = 0.1;
export const SHAPE_MAX = 100_000;
export const shapeField = () => z.number().min(SHAPE_MIN).max(SHAPE_MAX);

/** Adds an issue unless the fields that are given are one of the sets. */
export function checkGiven(
  fields: Readonly<Record<string, unknown>>,
  sets: readonly (readonly string[])[],
  context: z.RefinementCtx,
): boolean {
  const given = Object.keys(fields).filter((name) => fields[name] !== undefined);
  const fits = sets.some(
    (set) => set.length === given.length && set.every((f) => given.includes(f)),
  );
  if (fits) return true;
  const choices = sets.map((set) => set.join(" and ")).join(", or ");
  const found = given.length === 0 ? "none is given" : `given: ${given.join(", ")}`;
  context.addIssue({ code: "custom", message: `give exactly ${choices} (${found})` });
  return false;
}
