import { decide } from "../../../src/experiment/verdict.ts";
import {
  type BlockEffect,
  pairedBlockLogRatio,
  pairedBlockQuantile,
} from "../../../src/stats/index.ts";
import { armBlocks } from "../simulate.ts";

export const MARGIN = 0.1;

/** Our verdict on one effect, everything else in favour of shipping. */
export function decisionOn(effect: BlockEffect): string {
  const { estimate, high, judged, low, pHarm, warnings } = effect;
  const relative = {
    kind: "relative" as const,
    estimate: Math.expm1(estimate),
    low: Math.expm1(low),
    high: Math.expm1(high),
  };
  const { decision } = decide({
    alpha: 0.05,
    hypothesis: {},
    comparisons: [
      {
        label: "metric",
        stage: "everybody",
        role: "primary",
        effect: judged ? relative : null,
        margin: MARGIN,
        adjustedPHarm: judged ? pHarm : null,
        warnings: warnings.map(({ message }) => message),
      },
    ],
    findings: [],
    invalid: [],
    doubts: [],
    incompleteBecause: null,
    replicated: true,
    droppedStarts: 0,
  });
  return decision ?? "nothing to decide";
}

/** Our verdict on two series, each value taken for one block's mean. */
export function decisionOnSeries(variant: readonly number[], control: readonly number[]): string {
  const blocksOf = (values: readonly number[]) =>
    values.map((numerator) => ({ numerator, denominator: 1 }));
  return decisionOn(
    pairedBlockLogRatio({
      confidence: 0.95,
      control: blocksOf(control),
      variant: blocksOf(variant),
      amounts: true,
    }),
  );
}

/** Our verdict on the medians of two series of requests, each seen again in every one of `blocks`. */
export function decisionOnMedian(
  variant: readonly number[],
  control: readonly number[],
  blocks: number,
): string {
  const arm = (values: readonly number[]) =>
    armBlocks(Array.from({ length: blocks }, () => values));
  const arms = { control: arm(control), variant: arm(variant) };
  return decisionOn(pairedBlockQuantile({ p: 0.5, confidence: 0.95, ...arms }));
}
