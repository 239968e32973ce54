import { tQuantile } from "../distributions.ts";
import { rootBetween } from "../root.ts";
import { RUNS_THAT_TELL } from "../run-level.ts";
import { noncentralTCdf } from "./noncentral-t.ts";

/** One claim about an effect from runs of paired blocks, as it will be judged. */
export interface RunsClaim {
  /** Of one run, from what differs between its blocks: a block's SD / √blocks. */
  readonly withinSe: number;
  /** Blocks of each run, 2 or more. */
  readonly blocks: number;
  readonly runs: number;
  /** The registered SD between runs; null for none, which is planned as if runs did not differ. */
  readonly betweenRunSd: number | null;
  /** One-sided: 0.025 beside a 95 % interval. */
  readonly alpha: number;
}

/**
 * The degrees of freedom of the judge's t and of what it estimates its SE from, and by what it divides
 * for an estimate that is s times the true SD.
 */
function statisticOf({ betweenRunSd, blocks, runs }: RunsClaim, withinShare: number) {
  if (runs === 1) {
    const divisor = (s: number): number => Math.sqrt(withinShare * s ** 2 + 1 - withinShare);
    return { df: blocks - 1, estimatedDf: blocks - 1, divisor };
  }
  const known = runs < RUNS_THAT_TELL && betweenRunSd !== null;
  const floor = known ? 1 : Math.sqrt(withinShare);
  const divisor = (s: number): number => Math.max(s, floor);
  return { df: known ? runs * (blocks - 1) : runs - 1, estimatedDf: runs - 1, divisor };
}

/**
 * The chance that an effect is shown to be on the right side of a bound that is `room` away from it, on
 * the scale of inference. One run: a t test of its blocks, SE² = s²/K + betweenRunSd². Several: as
 * `runLevelEffect` says, the runs' own SD never below what their blocks leave open (taken as known).
 * Source: noncentral t, integrated over the SE that the judge will have.
 */
export function runsPower(claim: RunsClaim, room: number): number {
  const totalSd = Math.hypot(claim.withinSe, claim.betweenRunSd ?? 0);
  if (totalSd === 0) return room > 0 ? 1 : 0;
  const { df, divisor, estimatedDf } = statisticOf(claim, (claim.withinSe / totalSd) ** 2);
  const critical = tQuantile(1 - claim.alpha, df);
  return noncentralTCdf(-critical, estimatedDf, (-room / totalSd) * Math.sqrt(claim.runs), divisor);
}

/** The least room with which it is shown with `power`, above alpha: the minimum detectable effect. */
export function runsMde(claim: RunsClaim, power: number): number {
  const unit = Math.hypot(claim.withinSe, claim.betweenRunSd ?? 0);
  if (unit === 0) return 0;
  const missing = (sds: number): number => runsPower(claim, sds * unit) - power;
  let high = 1;
  while (missing(high) < 0) high *= 2;
  return unit * rootBetween(missing, 0, high, 1e-9);
}
