/** Power, sample sizes and what can be detected at all, told before any traffic. */
export { asymptoticPower, mdeOf } from "./asymptotic.ts";
export {
  type BlockClaim,
  blocksNeeded,
  blocksPower,
  logNormalQuantileVariance,
  quantileSize,
} from "./blocks.ts";
export {
  blocksPerRun,
  deffAutoregressive,
  deffClustered,
  powerEach,
  singleRunFalseAlarm,
} from "./design-effect.ts";
export { meanTestMde, meanTestPower, meanTestSize, type MeanTest, zTestPower } from "./means.ts";
export { noncentralTCdf } from "./noncentral-t.ts";
export { runsMde, type RunsClaim, runsPower } from "./runs.ts";
export { type ShareTest, shareTestPower, shareTestSize } from "./proportions.ts";
