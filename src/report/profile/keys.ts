import { formatCount, formatRatio } from "../../core/index.ts";
import { type Markup, markup } from "../page/markup.ts";
import { capital } from "../words.ts";
import type { Side } from "./model.ts";
import type { PlotCurve, Plots } from "./plot.ts";
import { formatIndex, perSide } from "./words.ts";

const RANKS_MIN = 3;

/** The fitted law over its ranks, through the requests that went to them; and its interval. */
function zipfCurve({ color, line, series, summary }: Side): PlotCurve[] {
  const zipf = summary.popularity?.zipf ?? null;
  if (zipf === null) return [];
  const { exponent, high, low, ranks } = zipf;
  const within = series.rankFrequency.filter(({ rank }) => rank <= ranks);
  // In the middle of its ranks, as logarithms go: there all laws of the interval cross.
  const middle = Math.sqrt(ranks);
  const level = levelAt(within, exponent, middle);
  const at = (rank: number, of: number): number => level * (rank / middle) ** -of;
  return [
    {
      label: line === "captured" ? "Zipf law" : `${line}, Zipf law`,
      color,
      dash: [6, 4],
      points: within.map(({ rank }) => [rank, at(rank, exponent)]),
      interval: within.map(({ rank }) => {
        const ends = [at(rank, low), at(rank, high)];
        return [rank, Math.min(...ends), Math.max(...ends)];
      }),
    },
  ];
}

/** The count that the law gives the middle, by the mean logarithm over its ranks. */
function levelAt(
  points: Side["series"]["rankFrequency"],
  exponent: number,
  middle: number,
): number {
  const logs = points.map(({ count, rank }) => Math.log(count) + exponent * Math.log(rank));
  const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
  return Math.exp(mean) * middle ** -exponent;
}

function popularityWords({ summary }: Side): string {
  const { distinct, hottestShare, oneHitShare, zipf } = summary.popularity!;
  const law =
    zipf === null
      ? "too few keys come ten times to fit a Zipf law"
      : `Zipf exponent ${formatIndex(zipf.exponent)} (95 % interval ${formatIndex(zipf.low)} … ${formatIndex(zipf.high)}) over the ${formatCount(zipf.ranks)} hottest keys`;
  return `${formatCount(distinct)} distinct keys, the hottest with ${formatRatio(hottestShare)} of the requests, ${formatRatio(oneHitShare)} of the keys asked for once; ${law}`;
}

const rankFrequency = (sides: readonly Side[], plots: Plots): Markup =>
  plots.figure({
    title: "Requests by a key’s rank",
    says: `How often the hottest key was asked for, the second, and so on; a straight line is a Zipf law. ${capital(perSide(sides, popularityWords))}.`,
    x: { kind: "log", unit: "count" },
    y: { unit: "count", scale: "log" },
    curves: sides.flatMap((side) => [
      {
        label: side.line,
        color: side.color,
        points: side.series.rankFrequency.map(({ count, rank }) => [rank, count] as const),
      },
      ...zipfCurve(side),
    ]),
  });

const hitWords = ({ summary }: Side): string =>
  summary.cacheHits
    .map(({ entries, hitRatio }) => `${formatRatio(hitRatio)} with ${formatCount(entries)}`)
    .join(", ");

const hits = (sides: readonly Side[], plots: Plots): Markup =>
  plots.figure({
    title: "Hit ratio by a cache’s size",
    says: `What a cache of the least recently used keys would hit of these requests, from empty and without expiry: ${perSide(sides, hitWords)} entries.`,
    x: { kind: "log", unit: "count" },
    y: { unit: "share", scale: "linear" },
    curves: sides.map(({ color, line, series }) => ({
      label: line,
      color,
      points: series.cacheHits.map(({ entries, hitRatio }) => [entries, hitRatio * 100] as const),
    })),
  });

const growthWords = ({ summary }: Side): string =>
  `${formatCount(summary.workingSet.distinct)} keys, growing as n^${summary.workingSetGrowth.toFixed(2)} at the end`;

const workingSet = (sides: readonly Side[], plots: Plots): Markup =>
  plots.figure({
    title: "Working set",
    says: `Distinct keys that so many requests touch, the mean over all choices of them: ${perSide(sides, growthWords)}.`,
    x: { kind: "log", unit: "count" },
    y: { unit: "count", scale: "log" },
    curves: sides.map(({ color, line, series }) => ({
      label: line,
      color,
      points: series.workingSet
        .filter(({ distinct }) => distinct > 0)
        .map(({ distinct, requests }) => [requests, distinct] as const),
    })),
  });

function reuseWords({ summary }: Side): string {
  const { distinct, requests } = summary.popularity!;
  const { reuseDistance } = summary;
  const first = `${formatRatio(distinct / requests)} of the requests are for a key for the first time`;
  if (reuseDistance === null) return `${first}; none repeats`;
  return `${first}; half of the others come back within ${formatCount(reuseDistance.p50)} other keys, at most ${formatCount(reuseDistance.max)}`;
}

/** A key that comes back at once, without another between, stands at a half. */
const AT_ONCE = 0.5;

function reuse(sides: readonly Side[], plots: Plots): Markup | false {
  const some = sides.filter(({ series }) => series.reuse.length > 0);
  if (some.length === 0) return false;
  return plots.figure({
    title: "Reuse distance",
    says: `Share of requests by the distinct other keys asked for since theirs was last: at once (left of 1), after one, two or three, four to seven, and so on. ${capital(perSide(some, reuseWords))}.`,
    x: { kind: "log", unit: "count" },
    y: { unit: "share", scale: "linear" },
    curves: some.map(({ color, line, series }) => ({
      label: line,
      color,
      stepped: true,
      points: [
        ...series.reuse.map(({ from, share }) => [Math.max(from, AT_ONCE), share * 100] as const),
        [series.reuse.at(-1)!.to, 0] as const,
      ],
    })),
  });
}

/** What is asked for: how unevenly, how much of it, and what a cache would make of that. */
export function keys(sides: readonly Side[], plots: Plots): Markup {
  const some = sides.filter(({ summary }) => summary.popularity !== null);
  if (some.length === 0) {
    return markup`<section id="keys"><h2>Keys</h2><p class="muted">No key was found in paths, queries and bodies.</p></section>`;
  }
  const lead = markup`<p class="lead">A key is what a request asks for: the identities in its path, query or body.</p>`;
  const drawn = some.filter(({ series }) => series.rankFrequency.length >= RANKS_MIN);
  if (drawn.length === 0) {
    return markup`<section id="keys"><h2>Keys</h2>${lead}<p>${capital(perSide(some, popularityWords))}.</p></section>`;
  }
  const pair = [hits(drawn, plots), reuse(drawn, plots)];
  return markup`<section id="keys"><h2>Keys</h2>${lead}${rankFrequency(drawn, plots)}<div class="pair">${pair}</div>${workingSet(drawn, plots)}</section>`;
}
