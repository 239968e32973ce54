import {
  formatCount,
  formatDurationNs,
  formatRatePerSec,
  formatRatio,
  NS_PER_MS,
  NS_PER_S,
} from "../core/index.ts";
import type { Ledger, ProfileManifest, ProfileSummary, Share } from "../profile/index.ts";
import { quantileText, rateSeriesRows, valueRows } from "./profile-makeup-view.ts";
import { labelled, wrapped } from "./text-layout.ts";

const BAR_CELLS = 12;
const CURVE_POINTS = 4;
const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/** A bar of at most twelve cells, to an eighth of a cell; something for any share above zero. */
function bar(share: number): string {
  const eighths = Math.max(share > 0 ? 1 : 0, Math.round(share * BAR_CELLS * 8));
  return "█".repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8]!;
}

const rate = (perSec: number | null): string =>
  perSec === null ? "not known" : formatRatePerSec(perSec);

const brief = (shares: readonly Share[]): string =>
  shares.map(({ value, count }) => `${value} ${formatCount(count)}`).join(", ");

function precisionText(precisionNs: number): string {
  if (precisionNs >= NS_PER_S) return "whole seconds";
  if (precisionNs >= NS_PER_MS) return "milliseconds";
  return precisionNs > 1 ? `${formatCount(precisionNs)} ns` : "nanoseconds";
}

/** One table of shares with bars, the largest first; the rest in one row. */
export function mixLines(title: string, shares: readonly Share[], rowsMax: number): string[] {
  if (shares.length === 0) return [];
  const shown = shares.length > rowsMax ? shares.slice(0, rowsMax - 1) : shares;
  const rest = shares.slice(shown.length);
  const rows = [...shown];
  if (rest.length > 0) {
    rows.push({
      value: `(${formatCount(rest.length)} more)`,
      count: rest.reduce((sum, { count }) => sum + count, 0),
      share: rest.reduce((sum, { share }) => sum + share, 0),
    });
  }
  const names = rows.map(({ value }) => (value.length > 56 ? `${value.slice(0, 55)}…` : value));
  const counts = rows.map(({ count }) => formatCount(count));
  const nameWidth = Math.max(...names.map(({ length }) => length));
  const countWidth = Math.max(...counts.map(({ length }) => length));
  return [
    title,
    ...rows.map(({ share }, index) => {
      const left = `  ${names[index]!.padEnd(nameWidth)}  ${counts[index]!.padStart(countWidth)}`;
      return `${left}  ${formatRatio(share).padStart(7)}  ${bar(share)}`;
    }),
  ];
}

/** The figures that come first: how much, how long, how fast, how bursty. */
export function overviewLines(summary: ProfileSummary): string[] {
  const { manifest, peakRatePerSec, interArrivalCv } = summary;
  const peaks = [
    ["1 s", peakRatePerSec.over1S],
    ["10 s", peakRatePerSec.over10S],
  ] as const;
  const rateText = [
    `${rate(summary.meanRatePerSec)} mean`,
    ...peaks.flatMap(([over, peak]) =>
      peak === null ? [] : [`${rate(peak)} over the busiest ${over}`],
    ),
  ].join(", ");
  const burstText =
    interArrivalCv === null
      ? "not known (too few requests, or too coarse a clock)"
      : `${interArrivalCv.toFixed(2)} (gaps' coefficient of variation; 1 is Poisson)`;
  const { over1S, over10S, over60S } = summary.dispersion;
  const windows = [
    ["1 s", over1S],
    ["10 s", over10S],
    ["60 s", over60S],
  ] as const;
  const dispersions = windows.flatMap(([over, index]) =>
    index === null ? [] : [`${index.toPrecision(3)} at ${over}`],
  );
  return labelled([
    ["requests", formatCount(summary.requestCount)],
    ["started", manifest.startedAt ?? "not known"],
    ["duration", formatDurationNs(summary.durationNs)],
    ["rate", summary.meanRatePerSec === null ? "not known" : rateText],
    ...rateSeriesRows(summary),
    ["burstiness", burstText],
    [
      "dispersion",
      dispersions.length === 0
        ? "not known (less than ten seconds)"
        : `${dispersions.join(", ")} (index of the counts; 1 is Poisson)`,
    ],
    ["clock", precisionText(manifest.timePrecisionNs)],
    ["routes", formatCount(summary.routeCount) + givenRoutesText(manifest)],
    ["methods", brief(summary.methods)],
    ["statuses", summary.statuses.length === 0 ? "not known" : brief(summary.statuses)],
    ...keyRows(summary),
    ...valueRows(summary),
  ]).flatMap((line) => wrapped(line));
}

/** What a manifest tells without its records having been looked at. */
export function briefLines(manifest: ProfileManifest): string[] {
  const { counts, durationNs, startedAt, timePrecisionNs } = manifest;
  const meanPerSec = durationNs > 0 ? counts.records / (durationNs / NS_PER_S) : null;
  return labelled([
    ["requests", formatCount(counts.records)],
    ["started", startedAt ?? "not known"],
    ["duration", formatDurationNs(durationNs)],
    ["mean rate", rate(meanPerSec)],
    ["clock", precisionText(timePrecisionNs)],
    ["routes", formatCount(counts.routes)],
    ["sessions", counts.sessions === 0 ? "not known" : formatCount(counts.sessions)],
    ["with a body", formatCount(counts.bodies)],
  ]);
}

/** What the requests ask for: how many things, how unevenly, and what a cache would make of it. */
function keyRows(summary: ProfileSummary): [string, string][] {
  const { cacheHits, popularity } = summary;
  if (popularity === null) return [["keys", "none was found in paths, queries and bodies"]];
  const { distinct, hottestShare, oneHitShare, zipf } = popularity;
  const law =
    zipf === null
      ? "too few for a Zipf exponent"
      : `Zipf exponent ${zipf.exponent.toFixed(2)} (${zipf.low.toFixed(2)}–${zipf.high.toFixed(2)}, ${formatCount(zipf.ranks)} keys)`;
  const counts = [
    `${formatCount(distinct)} distinct`,
    `${formatRatio(oneHitShare)} asked for once`,
    `the hottest ${formatRatio(hottestShare)}`,
    law,
  ];
  const hits = cacheHits.map(
    ({ entries, hitRatio }) => `${formatRatio(hitRatio)} with ${formatCount(entries)}`,
  );
  return [
    ["keys", counts.join(", ")],
    ["working set", workingSetText(summary)],
    ...reuseRows(summary),
    ["cache hits", `${hits.join(", ")} entries (LRU, from empty)`],
  ];
}

/** Few points of the curve: so many keys after so many requests. */
function workingSetText({ requestCount, workingSet, workingSetCurve }: ProfileSummary): string {
  const isShown = (requests: number): boolean =>
    requests === requestCount ||
    (requests >= 10 && requests <= requestCount / 2 && Number.isInteger(Math.log10(requests)));
  const points = workingSetCurve
    .filter(({ requests }) => isShown(requests))
    .slice(-CURVE_POINTS)
    .map(({ distinct, requests }) => `${formatCount(distinct)} after ${formatCount(requests)}`);
  return `${points.join(", ")} requests; grows as n^${workingSet.growth.toFixed(2)} at the end`;
}

function reuseRows({ reuseDistance }: ProfileSummary): [string, string][] {
  if (reuseDistance === null) return [];
  return [["other keys", `between two uses of one: ${quantileText(reuseDistance, formatCount)}`]];
}

function givenRoutesText({ givenRoutes = [] }: ProfileManifest): string {
  return givenRoutes.length === 0 ? "" : `; given with --route: ${givenRoutes.join(", ")}`;
}

/** The ledger as the sum it is, and the reasons under it. */
export function ledgerLines({ records, kept, filtered, rejected }: Ledger): string[] {
  const total = rejected.reduce((sum, { count }) => sum + count, 0);
  return [
    `ledger        ${formatCount(records)} records = ${formatCount(kept)} kept + ${formatCount(filtered)} filtered + ${formatCount(total)} rejected`,
    ...rejected.map(
      ({ reason, count }) => `                rejected ${formatCount(count)}: ${reason}`,
    ),
  ];
}

export function redactionLines({ enabled, values }: ProfileManifest["redaction"]): string[] {
  const counts = values.map(({ rule, count }) => `${rule} ${formatCount(count)}`).join(", ");
  return [`redacted      ${enabled ? counts || "nothing was found" : "NO: redaction was off"}`];
}

export function warningLines(warnings: readonly string[]): string[] {
  return warnings.map((warning) => `! ${warning}`);
}
