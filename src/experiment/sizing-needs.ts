import { MIN_BLOCKS, type RunsClaim, runsPower } from "../stats/index.ts";

/** How one claim is to be shown: by so many runs at each condition, with so much power. */
export interface Wanted extends Pick<RunsClaim, "alpha" | "betweenRunSd" | "conditions" | "runs"> {
  readonly power: number;
}

/** More blocks than any run has. */
const BLOCKS_MAX = 1e7;

/** More runs than a scenario may ask for, those of all conditions together. */
export const RUNS_MAX = 64;

/** A run that leaves nothing open by itself: what differs between runs stays. */
export const WITHOUT_END = { withinSe: 0, blocks: BLOCKS_MAX } as const;

/** The least whole number above `low` that is enough, where more is never less; at most `high`, which is. */
function least(low: number, high: number, enough: (count: number) => boolean): number {
  let [below, above] = [low, high];
  while (above - below > 1) {
    const middle = Math.floor((below + above) / 2);
    if (enough(middle)) above = middle;
    else below = middle;
  }
  return above;
}

/**
 * Blocks of each run that would do: the fewest, at least 20, with the power wanted. ∞ where what
 * differs between runs alone is too much. `blockSd`: of one block, on the scale of inference, as `room`.
 */
export function blocksFor(blockSd: number, room: number, wanted: Wanted): number {
  const enough = (blocks: number): boolean =>
    runsPower({ ...wanted, withinSe: blockSd / Math.sqrt(blocks), blocks }, room) >= wanted.power;
  let [low, high] = [MIN_BLOCKS, MIN_BLOCKS];
  while (!enough(high)) {
    if (high > BLOCKS_MAX) return Infinity;
    [low, high] = [high, high * 2];
  }
  return least(low, high, enough);
}

/**
 * Runs of all conditions together that would do: those wanted, or the fewest more. ∞ where as many as
 * a scenario may ask for are too few. Two runs may show less than one whose `betweenRunSd` is not
 * known, or no matter: they have to tell themselves how much runs differ.
 */
export function runsFor(
  run: Pick<RunsClaim, "blocks" | "withinSe">,
  room: number,
  wanted: Wanted,
): number {
  const { conditions = 1 } = wanted;
  const enough = (runs: number): boolean =>
    runsPower({ ...wanted, ...run, runs }, room) >= wanted.power;
  if (enough(wanted.runs)) return wanted.runs * conditions;
  const most = Math.floor(RUNS_MAX / conditions);
  let [low, high] = [wanted.runs, wanted.runs];
  // From below: many runs take long to draw.
  do {
    if (high >= most) return Infinity;
    [low, high] = [high, Math.min(high * 2, most)];
  } while (!enough(high));
  return least(low, high, enough) * conditions;
}
