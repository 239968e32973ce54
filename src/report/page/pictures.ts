import { formatCount, formatRatePerSec, formatUs } from "../../core/index.ts";
import type { PercentileCurve, ReportModel, Series } from "../model.ts";
import { NOTHING, plainText } from "../words.ts";
import { type ChartData, chartArms } from "./chart-data.ts";
import { figure } from "./figure.ts";
import { type Markup, markup, table } from "./markup.ts";
import { armName } from "./tables.ts";

/** `98 %`, `99.9 %`: a quantile with as many nines as it has. */
export const quantileWords = (quantile: number): string =>
  `${Number((quantile * 100).toPrecision(7))} %`;

function extent(series: Series): readonly [number, number] | undefined {
  let [least, most] = [Infinity, -Infinity];
  for (const value of series) {
    if (value === null) continue;
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return most < least ? undefined : [least, most];
}

/** `control 12 ms to 31 ms; variant 14 ms to 702 ms`. */
export function extents(
  rows: readonly { readonly arm: string; readonly series: Series }[],
  format: (value: number) => string,
): string {
  const parts = rows.map(({ arm, series }) => {
    const found = extent(series);
    const name = plainText(arm, 60);
    if (found === undefined) return `${name} has none`;
    const [least, most] = found.map(format);
    return least === most ? `${name} ${most}` : `${name} ${least} to ${most}`;
  });
  return parts.join("; ");
}

function curveTable(curves: readonly PercentileCurve[], arms: readonly string[]): Markup {
  const quantiles = [
    ...new Set(curves.flatMap(({ points }) => points.map(({ quantile }) => quantile))),
  ].toSorted((a, b) => a - b);
  const drawn = arms.filter((name) => curves.some(({ arm }) => arm === name));
  const rows = quantiles.map((quantile) => [
    quantileWords(quantile),
    ...drawn.map((name) => {
      const points = curves.find(({ arm }) => arm === name)?.points;
      const point = points?.find((one) => one.quantile === quantile);
      if (point === undefined) return NOTHING;
      return markup`${formatUs(point.valueUs)} <span class="muted small">${formatUs(point.lowUs)} … ${formatUs(point.highUs)}</span>`;
    }),
  ]);
  return markup`<details><summary>The numbers behind the picture</summary>${table({
    caption: "Response time by percentile, with its interval",
    columns: [
      { head: "Requests answered within" },
      ...drawn.map((name) => ({ head: armName(name, arms.indexOf(name)), figure: true })),
    ],
    rows,
  })}</details>`;
}

/** Response time by percentile, each arm with its interval. */
export function responseTimes(model: ReportModel): Markup | false {
  const curves = model.curves.filter(({ points }) => points.length > 0);
  if (curves.length === 0) return false;
  const says = curves.map(({ arm, points }) => {
    const told = [0.5, 0.99].flatMap((quantile) => {
      const point = points.find((one) => one.quantile === quantile);
      return point === undefined
        ? []
        : [`${quantileWords(quantile)} within ${formatUs(point.valueUs)}`];
    });
    return told.length === 0 ? "" : `${plainText(arm, 60)}: ${told.join(", ")}`;
  });
  return markup`<section id="response-time"><h2>Response time</h2>${figure({
    chart: "curve",
    title: "How long users would have waited",
    says: `Share of requests answered within a time, in the judged stages. The shaded band is the interval of each curve. Each mark to the right holds ten times fewer requests. ${says.filter((text) => text !== "").join("; ")}.`,
    more: curveTable(curves, chartArms(model)),
  })}${threeTimes(model)}</section>`;
}

/** Response time, service time and start lag of each arm, one picture an arm. */
function threeTimes(model: ReportModel): Markup | false {
  const drawn = model.pictures.times.filter(({ points }) => points.length > 0);
  if (drawn.length === 0) return false;
  const order = chartArms(model);
  const pictures = drawn.map(({ arm, points }) => {
    const told = [0.5, 0.99].flatMap((quantile) => {
      const point = points.find((one) => one.quantile === quantile);
      if (point === undefined) return [];
      const { responseUs, serviceUs, startLagUs } = point;
      return `${quantileWords(quantile)}: response time ${formatUs(responseUs)}, service time ${formatUs(serviceUs)}, start lag ${formatUs(startLagUs)}`;
    });
    return figure({
      chart: `times:${order.indexOf(arm)}`,
      title: `What ${plainText(arm, 60)}’s users waited for`,
      says: `All starts, by percentile. ${told.join(". ")}.`,
    });
  });
  return markup`<p class="lead after">Response time is start lag plus service time, request by request. Where the first two lines part, starts were late: by the generator, or for want of a free connection.</p><div class="pair">${pictures}</div>`;
}

function thinningWords({ windowsPerPoint }: ChartData): string {
  if (windowsPerPoint === 1) return "";
  return ` Each point covers ${windowsPerPoint} s: rates and means are means over it, percentiles and maxima are its worst second.`;
}

/** Rates, then latencies, second by second. */
export function overTime(model: ReportModel, data: ChartData): Markup | false {
  const { timeline } = model;
  if (timeline.atS.length === 0) return false;
  const hatched = data.stages.some(({ startS, judgedFromS }) => judgedFromS > startS);
  const of = (pick: (arm: (typeof timeline.arms)[number]) => Series) =>
    timeline.arms.map((arm) => ({ arm: arm.arm, series: pick(arm) }));
  const offered = extents([{ arm: "", series: timeline.offeredPerSec }], formatRatePerSec).trim();
  const answered = extents(
    of((arm) => arm.answeredPerSec),
    formatRatePerSec,
  );
  const started = extents(
    of((arm) => arm.startedPerSec),
    formatRatePerSec,
  );
  const failed = extents(
    of((arm) => arm.failedPerSec),
    formatRatePerSec,
  );
  const p99 = extents(
    of((arm) => arm.p99Us),
    formatUs,
  );
  const p50 = extents(
    of((arm) => arm.p50Us),
    formatUs,
  );
  return markup`<section id="over-time"><h2>Over time</h2>${figure({
    chart: "rate",
    title: "Requests per second",
    says: `Offered to each arm: ${offered}. Started: ${started}. Answered, by when the answer came: ${answered}. Failed: ${failed}.${hatched ? " Hatched time is not judged." : ""}${thinningWords(data)}`,
  })}${figure({
    chart: "latency",
    title: "Response time",
    says: `p99: ${p99}. p50: ${p50}.`,
  })}${heatMaps(data)}</section>`;
}

/** Latency over time, all of it: one picture an arm, in the same cells and shades. */
function heatMaps({ arms, heat }: ChartData): Markup | false {
  if (heat.most === 0) return false;
  const drawn = [...arms.keys()].filter((arm) => (heat.cells[arm]?.length ?? 0) > 0);
  const pictures = drawn.map((arm) => {
    const cells = heat.cells[arm] ?? [];
    const [, bin = 0, requests = 0] = cells.toSorted((a, b) => b[2]! - a[2]!)[0] ?? [];
    const usOf = (of: number): string => formatUs(10 ** (of / heat.binsPerDecade));
    return figure({
      chart: `heat:${arm}`,
      title: `Where ${plainText(arms[arm] ?? "", 60)}’s response times lie`,
      says: `The darker, the more requests. Most in one cell: ${formatCount(requests)} in ${heat.windowsPerColumn} s between ${usOf(bin)} and ${usOf(bin + 1)}. Lines: p99 and p50.`,
    });
  });
  return markup`<div class="pair">${pictures}</div>`;
}
