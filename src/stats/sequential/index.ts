/** Tests and intervals for data that are looked at while they come. */
export {
  repeatedInterval,
  type Schedule,
  spendingBoundaries,
  tBound,
  wangTsiatisBoundaries,
} from "./boundaries.ts";
export type { Crossing } from "./crossing.ts";
export {
  EProcess,
  type EProcessInput,
  type EState,
  oneSidedLogE,
  twoSidedLogE,
} from "./e-process.ts";
export { conditionalPower, type GroupDesign, groupDesign } from "./group-design.ts";
export { mixtureScale, selfNormalisedBound, selfNormalisedInterval } from "./self-normalised.ts";
export { type Spending, spentAlpha } from "./spending.ts";
export { type AsymptoticInput, asymptoticHalfWidth, asymptoticPValue } from "./asymptotic.ts";
export {
  type BetaBinomialMixture,
  betaBinomialMixture,
  shareMixture,
  shareSequence,
  type Support,
  type Tuning,
} from "./beta-binomial.ts";
export { sampleRatioLogE, sequentialMcNemarLogE } from "./counts.ts";
export { ecdfBandRadius, ecdfBandRadiusClosed } from "./ecdf-band.ts";
export { mixtureCriticalZ, mixtureLogRatio } from "./mixture-ratio.ts";
export {
  quantileAbPValue,
  quantileRadius,
  quantileSequence,
  type SequenceRanks,
} from "./quantile-sequence.ts";
export { doubleStitchingBound, polynomialStitchingBound, type Stitching } from "./stitching.ts";
