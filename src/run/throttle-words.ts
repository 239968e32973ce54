import { formatDurationNs, formatRatio } from "../core/index.ts";
import type { Throttling } from "../experiment/index.ts";

/** That the load was halved, in a sentence: `load halved, to 50 % of what was planned, from 34 s on: …`. */
export function throttleWords({ because, fromNs, share }: Throttling): string {
  const left = `${formatRatio(share)} of what was planned`;
  return `load halved, to ${left}, from ${formatDurationNs(fromNs)} on: ${because}`;
}
