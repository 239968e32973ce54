import { formatDurationNs, formatRatePerSec, NS_PER_S } from "../../core/index.ts";
import { type Markup, markup } from "../page/markup.ts";
import { capital } from "../words.ts";
import type { Side } from "./model.ts";
import type { PlotCurve, Plots } from "./plot.ts";
import { formatIndex, perSide } from "./words.ts";

/** The window that the end cut short would look like a fall. */
function wholeWindows({ summary }: Side): readonly (readonly [atS: number, ratePerSec: number])[] {
  const { counts, windowNs } = summary.rateSeries;
  const whole = Math.floor(summary.durationNs / windowNs);
  return counts
    .slice(0, Math.max(whole, 1))
    .map((count, i) => [(i * windowNs) / NS_PER_S, count / (windowNs / NS_PER_S)] as const);
}

/** The last window has a width, too. */
function toTheEnd(side: Side): readonly (readonly [atS: number, ratePerSec: number])[] {
  const windows = wholeWindows(side);
  const windowS = side.summary.rateSeries.windowNs / NS_PER_S;
  return [...windows, [windows.length * windowS, windows.at(-1)![1]]];
}

const WINDOWS_MIN = 3;

function rateWords(side: Side): string {
  const rates = wholeWindows(side).map(([, ratePerSec]) => ratePerSec);
  const window = formatDurationNs(side.summary.rateSeries.windowNs);
  const [least, most] = [Math.min(...rates), Math.max(...rates)].map(formatRatePerSec);
  return `in windows of ${window}, from ${least} to ${most}`;
}

function rate(sides: readonly Side[], plots: Plots): Markup {
  const drawn = sides.filter((side) => wholeWindows(side).length >= WINDOWS_MIN);
  if (drawn.length === 0) {
    return markup`<p class="muted">Too short for a picture of its rate.</p>`;
  }
  const windowsS = drawn.map(({ summary }) => summary.rateSeries.windowNs / NS_PER_S);
  return plots.figure({
    title: "Requests per second over time",
    says: `Arrivals from the first one on, ${perSide(drawn, rateWords)}.`,
    x: { kind: "moments", pointS: Math.max(...windowsS) },
    y: { unit: "rate", scale: sides.length > 1 ? "auto" : "linear" },
    curves: drawn.map((side) => ({
      label: side.line,
      color: side.color,
      points: toTheEnd(side),
      stepped: true,
    })),
  });
}

function dispersionWords({ summary }: Side): string {
  const { over1S, over10S, over60S } = summary.dispersion;
  const told = (
    [
      ["1 s", over1S],
      ["10 s", over10S],
      ["60 s", over60S],
    ] as const
  ).flatMap(([window, index]) => (index === null ? [] : [`${formatIndex(index)} at ${window}`]));
  return told.length === 0 ? "too short for windows of a second" : told.join(", ");
}

function poissonCurve(sides: readonly Side[]): PlotCurve {
  const points = sides.flatMap(({ series }) => series.dispersionCurve);
  const interval = sides.length === 1 ? points : [];
  return {
    label: "Poisson",
    color: null,
    dash: [2, 3],
    points: points.map(({ windowS }) => [windowS * 1_000, 1]),
    interval: interval.map(({ poissonHigh, poissonLow, windowS }) => [
      windowS * 1_000,
      poissonLow,
      poissonHigh,
    ]),
  };
}

/** Why nothing can be said of bursts. */
const TOO_FEW = "Too few requests, or too coarse a clock, to tell how bursty they are.";

function dispersion(sides: readonly Side[], plots: Plots): Markup {
  const drawn = sides.filter(({ series }) => series.dispersionCurve.length > 1);
  if (drawn.length === 0) return markup`<p class="muted after">${TOO_FEW}</p>`;
  const band =
    drawn.length === 1 ? " The shaded band is where 95 of 100 Poisson processes lie." : "";
  return plots.figure({
    title: "How bursty arrivals are",
    says: `Index of dispersion: the variance of the counts in windows of a length, divided by their mean. 1 is a Poisson process, 0 an even pace; more is bursts.${band} ${capital(perSide(drawn, dispersionWords))}.`,
    x: { kind: "log", unit: "time" },
    y: { unit: "count", scale: "log" },
    curves: [
      ...drawn.map(({ color, line, series }) => ({
        label: line,
        color,
        marked: true,
        points: series.dispersionCurve
          .filter(({ index }) => index > 0)
          .map(({ index, windowS }) => [windowS * 1_000, index] as const),
      })),
      poissonCurve(drawn),
    ],
  });
}

/** When requests came: the rate over time, and how bursty it is over all lengths of windows. */
export function arrivals(sides: readonly Side[], plots: Plots): Markup {
  return markup`<section id="arrivals"><h2>Arrivals</h2>${rate(sides, plots)}${dispersion(sides, plots)}</section>`;
}
