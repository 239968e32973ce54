/** What a run decides while it goes on: looks at every block, gates after stages, and rules that stop it. */
export { conditionalPower } from "./futility.ts";
export { type Gate, gateOf } from "./gate.ts";
export { harmEvidence, harmScale } from "./harm-look.ts";
export { type KeyGroupsUntil, splitsByKey } from "./key-looks.ts";
export { type CallCounts, LiveBlocks, type WholeBlock } from "./live-blocks.ts";
export { type Look, type Looked, type LookedMetric, LiveJudge } from "./live-judge.ts";
export type { ArmStop, RuleStop } from "./rule-stop.ts";
export {
  type Breach,
  stagesThrottled,
  Throttle,
  throttledName,
  type ThrottleRule,
  type Throttling,
} from "./throttle.ts";
export {
  type AlphaShares,
  alphaShares,
  gateAlphas,
  liveMetrics,
  lookAlpha,
  variantShares,
} from "./shares.ts";
