import { seededPrng } from "../../core/index.ts";
import { blockVariance } from "../block-variance.ts";
import { normalCdf, normalQuantile } from "../distributions.ts";
import { tInterval } from "../effect.ts";
import { rootBetween } from "../root.ts";
import { type RunEstimate, runLevelEffect, withinGroups } from "../run-level.ts";

/** One claim about an effect from runs of paired blocks, as it will be judged. */
export interface RunsClaim {
  /** Of one run, from what differs between its blocks: a block's SD / √blocks. */
  readonly withinSe: number;
  /** Blocks of each run, 2 or more. */
  readonly blocks: number;
  readonly runs: number;
  /** Of so many runs at each of several conditions, whose spread is pooled; 1 unless given. */
  readonly conditions?: number;
  /** The registered SD between runs; null for none, which is planned as if runs did not differ. */
  readonly betweenRunSd: number | null;
  /** One-sided: 0.025 beside a 95 % interval. */
  readonly alpha: number;
}

/** Half a point of power, at most, is left to their luck. */
const DRAWS = 2_000;
/** With more blocks the variance is known, and unrelated blocks hardly ever look related. */
const DRAWN_BLOCKS_MAX = 320;

type Normal = () => number;
const normals = (seed: string): Normal => {
  const uniform = seededPrng(seed);
  return () => normalQuantile(Math.max(uniform(), Number.MIN_VALUE));
};

/** What the judge may think of unrelated blocks: SE over the true one, and its degrees of freedom. */
type Judged = Pick<RunEstimate, "df" | "se">;
const judgedByBlocks = new Map<number, readonly Judged[]>();

function judgedOf(blocks: number): readonly Judged[] {
  if (blocks > DRAWN_BLOCKS_MAX) return [{ se: 1, df: blocks - 1 }];
  const before = judgedByBlocks.get(blocks);
  if (before !== undefined) return before;
  const normal = normals(`power/${blocks}`);
  const drawn = Array.from({ length: DRAWS }, () => {
    const { df, variance } = blockVariance(Array.from({ length: blocks }, normal));
    return { se: Math.sqrt(variance / blocks), df };
  });
  judgedByBlocks.set(blocks, drawn);
  return drawn;
}

/** How far above its estimate the judge's interval ends, in experiments drawn from the claim. */
function reaches(claim: RunsClaim): readonly number[] {
  const { alpha, betweenRunSd, blocks, conditions = 1, runs, withinSe } = claim;
  const confidence = 1 - 2 * alpha;
  const judged = judgedOf(blocks);
  if (runs === 1) {
    return judged.map(({ df, se }) => {
      const scale = { se: Math.hypot(se * withinSe, betweenRunSd ?? 0), df, confidence };
      return tInterval(0, scale).high;
    });
  }
  const between = betweenRunSd === null ? {} : { betweenRunSd };
  const totalSd = Math.hypot(withinSe, betweenRunSd ?? 0);
  const normal = normals(`power/runs/${runs}`);
  return Array.from({ length: DRAWS }, (_, draw) => {
    const all = Array.from({ length: conditions }, () =>
      Array.from({ length: runs }, (_run, run) => {
        const { df, se } = judged[(draw * runs + run) % judged.length]!;
        return { estimate: totalSd * normal(), se: se * withinSe, df };
      }),
    );
    const spread = withinGroups(all.map((each) => each.map(({ estimate }) => estimate)));
    const { estimate, high } = runLevelEffect({ runs: all[0]!, confidence, spread, ...between });
    return high - estimate;
  });
}

const seOf = ({ betweenRunSd, runs, withinSe }: RunsClaim): number =>
  Math.hypot(withinSe, betweenRunSd ?? 0) / Math.sqrt(runs);

/** Of normal estimates: they owe nothing to what the interval's length is made of. */
function shareShown(room: number, lengths: readonly number[], se: number): number {
  const sum = lengths.reduce((all, length) => all + normalCdf((room - length) / se), 0);
  return sum / lengths.length;
}

/**
 * The chance that the upper end of the judge's interval is less than `room` above the true effect, on the
 * scale of inference: that no harm is shown, or a gain. The interval's length is drawn (seeded: equal
 * claims have equal power) from unrelated normal blocks by the judge's own `blockVariance` and
 * `runLevelEffect`, and the estimate integrated over. A noncentral t would promise up to 18 points
 * more with 20 blocks: unrelated blocks often look related enough to widen the interval.
 * Source: conditional Monte Carlo (Rao–Blackwell), the mean of a normal sample being independent of
 * its deviations; `test/bench/plan-power.bench.ts` holds it against the judge.
 */
export function runsPower(claim: RunsClaim, room: number): number {
  const se = seOf(claim);
  if (se === 0) return room > 0 ? 1 : 0;
  return shareShown(room, reaches(claim), se);
}

/** The least room with which it is shown with `power`, above alpha: the minimum detectable effect. */
export function runsMde(claim: RunsClaim, power: number): number {
  const se = seOf(claim);
  if (se === 0) return 0;
  const lengths = reaches(claim);
  const missing = (room: number): number => shareShown(room, lengths, se) - power;
  let high = se;
  while (missing(high) < 0) high *= 2;
  return rootBetween(missing, 0, high, high * 1e-9);
}
