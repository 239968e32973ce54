import { z } from "zod";
import { durationUsField } from "../../../core/index.ts";
import type { LatencyModel } from "../../model.ts";

/** A model that is its quantile function: one draw, so that equal luck is an equal quantile. */
export const byQuantile = (quantileUs: (u: number) => number): LatencyModel => ({
  sampleUs: (_call, draw) => quantileUs(draw.uniform("latency")),
});

/** A duration in microseconds, above zero. */
export const positiveUsField = () =>
  durationUsField().pipe(z.number().positive("a duration above zero is needed here"));

/** A shape parameter; beyond these bounds quantiles leave what a number can hold. */
export const shapeField = () => z.number().min(0.1).max(1_000);

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
