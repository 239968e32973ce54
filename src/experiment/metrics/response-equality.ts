import type { MetricFamily } from "./model.ts";

/**
 * The share of compared starts whose answers differ: the variant's from control's, and, on control's
 * side, control's from its own to the same request sent twice. Fields that differ by themselves are
 * left out on both sides (`countResponses`).
 */
export const responseEquality: MetricFamily = {
  title: "response_equality",
  unit: "ratio",
  better: "lower",
  effect: "difference",
  dependency: "none",
  target: "none",
  wholeArm: true,
  named: (name) => name === "response_equality",
  evidence: () => ({
    kind: "sums",
    of: ({ answersCompared, answersDiffering }) => ({
      numerator: answersDiffering,
      denominator: answersCompared,
    }),
  }),
};
