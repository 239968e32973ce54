import { formatCount, formatDurationNs, formatRatio, formatRatePerSec } from "../core/index.ts";
import type { ProfileSummary, Share } from "../profile/index.ts";

/** Half the sum of the differences: how much of the mix lies elsewhere, 0…1. */
export function mixDistance(before: readonly Share[], after: readonly Share[]): number {
  const shares = new Map(after.map(({ share, value }) => [value, share]));
  const there = before.reduce((sum, { share, value }) => {
    const now = shares.get(value) ?? 0;
    shares.delete(value);
    return sum + Math.abs(share - now);
  }, 0);
  return ([...shares.values()].reduce((sum, share) => sum + share, 0) + there) / 2;
}

const number = (value: number | null, digits = 3): string =>
  value === null ? "not known" : value.toPrecision(digits);
const rate = (perSec: number | null): string =>
  perSec === null ? "not known" : formatRatePerSec(perSec);

/** What a part has kept of the whole, and what it has lost: before → after. */
export function fidelityLines(before: ProfileSummary, after: ProfileSummary): string[] {
  const rows: [string, string, string][] = [
    ["requests", formatCount(before.requestCount), formatCount(after.requestCount)],
    ["duration", formatDurationNs(before.durationNs), formatDurationNs(after.durationNs)],
    ["rate", rate(before.meanRatePerSec), rate(after.meanRatePerSec)],
    ["dispersion, 1 s", number(before.dispersion.over1S), number(after.dispersion.over1S)],
    ["routes", formatCount(before.routes.length), formatCount(after.routes.length)],
    ["sessions", formatCount(before.sessionCount), formatCount(after.sessionCount)],
    ["distinct keys", keysOf(before), keysOf(after)],
    ["hottest key", hottestOf(before), hottestOf(after)],
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  const distance = mixDistance(before.routes, after.routes);
  return [
    ...rows.map(([label, was, is]) => `${label.padEnd(width)}  ${was} → ${is}`),
    `${"mix of routes".padEnd(width)}  ${formatRatio(distance)} of it lies elsewhere`,
  ];
}

const keysOf = ({ popularity }: ProfileSummary): string =>
  popularity === null ? "none" : formatCount(popularity.distinct);
const hottestOf = ({ popularity }: ProfileSummary): string =>
  popularity === null ? "none" : formatRatio(popularity.hottestShare);
