/** Tests and intervals for data that are looked at while they come. */
export { EProcess, type EProcessInput, type EState, oneSidedLogE } from "./e-process.ts";
export { mixtureScale, selfNormalisedBound, selfNormalisedInterval } from "./self-normalised.ts";
