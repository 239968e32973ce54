/** Shares and rates: paired, of two samples, in strata, and against what was planned. */
export {
  type McNemar,
  mcNemar,
  pairedAgresti,
  type PairedCounts,
  pairedNewcombe,
} from "./mcnemar.ts";
export {
  binomialTest,
  clopperPearson,
  type Rate,
  type RateRatio,
  rateRatio,
} from "./rate-ratio.ts";
export { type SampleRatio, sampleRatio } from "./sample-ratio.ts";
export {
  farringtonManningSizes,
  miettinenNurminen,
  nonInferiorityP,
  scoreZ,
  twoProportionZ,
  type ZTest,
} from "./score-difference.ts";
export { type MantelHaenszel, mantelHaenszel, type TwoByTwo, woolf } from "./stratified.ts";
export { newcombe, type Proportion, wilson } from "./wilson.ts";
