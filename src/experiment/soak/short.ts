import { formatDurationNs } from "../../core/index.ts";

/** Beyond this nobody would run it. */
const LONGEST_NS = 90 * 24 * 3600e9;

/**
 * How long a soak would have to be for its interval to end at the margin, should the estimate stay: the
 * error of a slope falls with the 3/2 power of the time, that of the change over the soak itself with
 * its square root. Null where no time would do, or none that anybody has.
 */
export function timeNeeded(of: {
  readonly judgedNs: number;
  /** Half the interval, and what there is between the estimate and the margin. */
  readonly half: number;
  readonly room: number;
  /** The horizon is the soak's own length. */
  readonly own: boolean;
}): number | null {
  const { half, judgedNs, own, room } = of;
  if (!(room > 0) || !Number.isFinite(half)) return null;
  const neededNs = judgedNs * (half / room) ** (own ? 2 : 2 / 3);
  return neededNs > LONGEST_NS ? null : neededNs;
}

/** `too short to judge: it would take about 3 h`. */
export function shortWords(neededNs: number | null): string {
  if (neededNs === null) return "too short to judge, and no longer soak of this kind would do";
  const unitNs = [3600e9, 60e9].find((ns) => neededNs >= ns) ?? 10e9;
  const roundNs = Math.ceil((10 * neededNs) / unitNs) * (unitNs / 10);
  return `too short to judge: it would take about ${formatDurationNs(roundNs)}`;
}
