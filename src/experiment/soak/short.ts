import { formatDurationNs } from "../../core/index.ts";

/** Beyond this nobody would run it. */
const LONGEST_NS = 90 * 24 * 3600e9;

/**
 * Nothing, or a sentence, where a soak's interval leaves open whether there is harm of the margin or
 * none: how long it would have to be, should the estimate stay. The error of a slope falls with the 3/2
 * power of the time, that of the change over the soak itself with its square root.
 */
export function shortfall(of: {
  /** Above 0 for harm. */
  readonly estimate: number;
  readonly margin: number;
  /** Half the interval. */
  readonly half: number;
  readonly judgedNs: number;
  readonly horizonNs: number;
}): string[] {
  const { estimate, half, horizonNs, judgedNs, margin } = of;
  // Either 0 or the margin has to be left outside.
  const room = estimate >= margin ? estimate : margin - Math.max(0, estimate);
  if (!(half > room)) return [];
  const own = horizonNs < 1.5 * judgedNs;
  return [shortWords(room > 0 ? judgedNs * (half / room) ** (own ? 2 : 2 / 3) : Infinity)];
}

/** `too short to judge: it would take about 3 h`. */
export function shortWords(neededNs: number): string {
  if (!(neededNs <= LONGEST_NS))
    return "too short to judge, and no longer soak of this kind would do";
  const stepNs = neededNs >= 3600e9 ? 300e9 : neededNs >= 60e9 ? 10e9 : 1e9;
  const roundNs = Math.ceil(neededNs / stepNs) * stepNs;
  return `too short to judge: it would take about ${formatDurationNs(roundNs)}`;
}
