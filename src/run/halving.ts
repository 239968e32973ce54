import type { Breach, Plan, Throttling } from "../experiment/index.ts";

/** How soon every worker has heard of a smaller load, and prepares nothing more of the larger. */
const TOLD_WITHIN_NS = 200e6;

/**
 * From when on a share of the load is sent: the next boundary of the stage's blocks that every worker
 * can still know of, or the stage's end.
 */
export function halvingOf(
  { because, stage, stageIndex, untilNs }: Breach,
  share: number,
  { stages }: Plan,
  nowNs: number,
): Throttling {
  const { blockNs, endNs, judgedFromNs } = stages[stageIndex]!;
  const blocks = Math.ceil((nowNs + TOLD_WITHIN_NS - judgedFromNs!) / blockNs);
  const fromNs = Math.min(judgedFromNs! + blocks * blockNs, endNs);
  return { stage, share, because, untilNs, fromNs };
}
