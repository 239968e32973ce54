import { pairedBlockLogRatio, runLevelEffect, type RunsClaim } from "../../src/stats/index.ts";

/** One experiment of paired blocks without any effect, and by how much it must not be worse. */
export interface SimulatedClaim extends Pick<RunsClaim, "betweenRunSd" | "blocks" | "runs"> {
  /** SD of one block's effect, on the log scale. */
  readonly blockSd: number;
  readonly margin: number;
}

/** Two-sided, as a plan's alpha. */
const ALPHA = 0.05;

export const planned = ({ blockSd, margin: _margin, ...claim }: SimulatedClaim): RunsClaim => ({
  ...claim,
  withinSe: blockSd / Math.sqrt(claim.blocks),
  alpha: ALPHA / 2,
});

/** Whether the judge, given blocks drawn by `normal`, shows the effect to be within the margin. */
export function isShown(claim: SimulatedClaim, normal: () => number): boolean {
  const { blockSd, blocks, margin, runs } = claim;
  const confidence = 1 - ALPHA;
  const between = claim.betweenRunSd === null ? {} : { betweenRunSd: claim.betweenRunSd };
  const effects = Array.from({ length: runs }, () => {
    const ofRun = (claim.betweenRunSd ?? 0) * normal();
    const arm = (block: () => number) =>
      Array.from({ length: blocks }, () => ({ numerator: 100 * block(), denominator: 100 }));
    return pairedBlockLogRatio({
      control: arm(() => 1),
      variant: arm(() => 1 + ofRun + blockSd * normal()),
      amounts: true,
      confidence,
      ...(runs === 1 ? between : {}),
    });
  });
  const { high } =
    runs === 1 ? effects[0]! : runLevelEffect({ runs: effects, confidence, ...between });
  return high < Math.log1p(margin);
}
