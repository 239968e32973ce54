import { formatCount, formatRatio, NS_PER_S } from "../core/index.ts";
import type { Plan, PlannedStage } from "../experiment/index.ts";
import { plannedShares, type RecordKeys, type SplitSpec } from "../replay/index.ts";
import { KEYS_MIN } from "./checks/index.ts";

/** A stage of a split in which an arm will have too few keys. */
export interface FewKeys {
  /** For people. */
  readonly problem: string;
  readonly cure: string;
}

/** Starts of a stage, by its mean rate. */
const startsIn = ({ endNs, fromPerSec, ratePerSec, startNs }: PlannedStage): number =>
  (((fromPerSec + ratePerSec) / 2) * (endNs - startNs)) / NS_PER_S;

/**
 * About how many keys so many starts have: each time that the capture is gone through its sessions
 * are other users, a header's value is the same one, and a start without a key is its own.
 */
function keysOf(starts: number, { by }: SplitSpec, { keys }: RecordKeys): number {
  if (by.kind === "request") return starts;
  const known = new Set(keys);
  const distinct = known.size - (known.has(0) ? 1 : 0);
  const own = keys.reduce((sum, key) => sum + (key === 0 ? 1 : 0), 0) / keys.length;
  const passes = starts / keys.length;
  const shared = by.kind === "header" ? Math.min(passes, 1) : passes;
  return own * starts + Math.min(distinct * shared, (1 - own) * starts);
}

/** The judged stages in which an arm cannot have as many keys as chance needs to mix them. */
export function expectFewKeys(
  { arms, assignment, stages }: Plan,
  known: RecordKeys | null,
): FewKeys[] {
  if (assignment?.kind !== "split" || known === null) return [];
  return stages.flatMap((stage, index): FewKeys[] => {
    if (stage.judgedFromNs === null) return [];
    const shares = plannedShares(assignment, index);
    const least = Math.min(...shares);
    const keys = Math.round(keysOf(startsIn(stage), assignment, known) * least);
    if (keys >= KEYS_MIN) return [];
    const arm = arms[shares.indexOf(least)] ?? "";
    const problem =
      `arm ${arm} has about ${formatCount(keys)} ${keys === 1 ? "key" : "keys"} in stage ${stage.name} (${formatRatio(least)} of ` +
      `all); of fewer than ${KEYS_MIN} what one asks for weighs much, and the run holds`;
    const cure = "a longer stage, a larger share, a capture of more users, or `by: request`";
    return [{ problem, cure }];
  });
}
