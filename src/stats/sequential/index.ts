/** Tests and intervals for data that are looked at while they come. */
export {
  repeatedInterval,
  type Schedule,
  spendingBoundaries,
  tBound,
  wangTsiatisBoundaries,
} from "./boundaries.ts";
export type { Crossing } from "./crossing.ts";
export { EProcess, type EProcessInput, type EState, oneSidedLogE } from "./e-process.ts";
export { conditionalPower, type GroupDesign, groupDesign } from "./group-design.ts";
export { mixtureScale, selfNormalisedBound, selfNormalisedInterval } from "./self-normalised.ts";
export { type Spending, spentAlpha } from "./spending.ts";
