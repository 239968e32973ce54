/** Pure statistics: intervals over paired blocks, multiplicity, sample sizes. */
export {
  type BlockBootstrap,
  blockBootstrap,
  type BlockBootstrapOptions,
  widthsAgree,
} from "./block-bootstrap.ts";
export { type BlockDifference, blockDifference, type BlockEstimate } from "./block-difference.ts";
export { type BetweenRun, betweenRun } from "./between-run.ts";
export { binomialTail } from "./binomial.ts";
export { blockHomogeneity, type CategoryBlocks, type Homogeneity } from "./block-homogeneity.ts";
export {
  type ArmBlocks,
  type PairedBlockQuantileInput,
  pairedBlockQuantile,
} from "./block-quantile.ts";
export {
  type PairedBlockRatioInput,
  type RatioBlock,
  pairedBlockDifference,
  pairedBlockLogRatio,
} from "./block-ratio.ts";
export { everyPart, PARTS } from "./every-part.ts";
export { blockVariance, neighbourVariance } from "./block-variance.ts";
export { blockRankDifference, type RankDifference, type ValueBlocks } from "./block-rank.ts";
export * from "./change/index.ts";
export { indexOfDispersion, poissonDispersionInterval } from "./dispersion.ts";
export { type BlockCounts, type Distribution, sortedDistribution } from "./distribution.ts";
export {
  betaQuantile,
  chiSquareTail,
  fCdf,
  normalCdf,
  normalQuantile,
  poissonQuantile,
  tCdf,
  tQuantile,
} from "./distributions.ts";
export {
  type BlockEffect,
  type EffectWarning,
  type EffectWarningCode,
  type Interval,
  MDE_POWER,
  MIN_BLOCKS,
  MIN_EXCEEDANCES,
  unjudged,
} from "./effect.ts";
export * from "./factorial/index.ts";
export * from "./fit/index.ts";
export {
  cochranQ,
  type EffectWithVariance,
  type Heterogeneity,
  type Pooled,
} from "./heterogeneity.ts";
export { fitLine, type Line } from "./line.ts";
export { type Estimate, moverRatio } from "./mover.ts";
export {
  benjaminiHochberg,
  benjaminiYekutieli,
  bonferroni,
  hochberg,
  holm,
  twoStageBenjaminiHochberg,
} from "./multiplicity.ts";
export { type OrderInterval, quantileOrderInterval } from "./order-interval.ts";
export * from "./power/index.ts";
export { type OneArm, oneArmQuantile, oneArmRatio } from "./one-arm.ts";
export * from "./proportion/index.ts";
export {
  type RunEstimate,
  type RunLevelEffect,
  type RunLevelInput,
  runLevelEffect,
  type Spread,
  withinGroups,
} from "./run-level.ts";
export * from "./rank/index.ts";
export * from "./sample/index.ts";
export {
  kolmogorovTail,
  MIN_STEADINESS_VALUES,
  type Steadiness,
  steadiness,
} from "./steadiness.ts";
export * from "./sequential/index.ts";
export { type UnpairedEffect, unpairedEffect, type UnpairedInput } from "./unpaired.ts";
export {
  fitUsl,
  type UslFit,
  type UslParameters,
  type UslPeak,
  type UslPoint,
  uslPeak,
  uslThroughput,
} from "./usl.ts";
