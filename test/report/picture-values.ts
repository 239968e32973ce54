import type { ReportModel, Series } from "../../src/report/index.ts";
import { chartArms, chartData } from "../../src/report/page/chart-data.ts";
import { LATENCY_BINS_PER_DECADE } from "../../src/report/pictures-model.ts";

/** How the page's script writes a picture's values, and what they are at one place, by line. */
interface PictureValues {
  /** A function of `shakedownFormats`; `([…]` is called with these first. */
  readonly format: readonly string[];
  readonly values: Readonly<Record<string, number | null>>;
}

/** As the page's data is rounded. */
const short = (value: number | null | undefined): number | null =>
  value === null || value === undefined ? null : Number(value.toPrecision(4));
const ms = (us: number | undefined): number | null => short(us === undefined ? null : us / 1_000);

type Points = readonly { readonly quantile: number }[];

/** Of several lists of points, the quantile at a place of all that any of them has. */
function quantileAt(lists: readonly Points[], at: number): number | undefined {
  const all = lists.flatMap((points) => points.map(({ quantile }) => quantile));
  return [...new Set(all)].filter((quantile) => quantile < 1).toSorted((a, b) => a - b)[at];
}

/** The middle of the first bin of a window in which a share of its requests has come, in ms. */
function percentileMs(bins: readonly (readonly [number, number])[], share: number): number | null {
  const each = bins
    .toSorted(([a], [b]) => a - b)
    .flatMap(([bin, requests]) => Array.from({ length: requests }, () => bin));
  const bin = each[Math.max(0, Math.ceil(share * each.length) - 1)];
  return bin === undefined ? null : 10 ** ((bin + 0.5) / LATENCY_BINS_PER_DECADE - 3);
}

/** Pictures over percentiles. */
function tails(model: ReportModel, at: number): Record<string, PictureValues> {
  const arms = chartArms(model);
  const curve = quantileAt(
    model.curves.map(({ points }) => points),
    at,
  );
  const curves = model.curves.map(({ arm, points }) => [
    arm,
    ms(points.find(({ quantile }) => quantile === curve)?.valueUs),
  ]);
  const times = arms.map((arm, index): [string, PictureValues] => {
    const points = model.pictures.times.find((one) => one.arm === arm)?.points ?? [];
    const point = points.find(({ quantile }) => quantile === quantileAt([points], at));
    const values = {
      "response time": ms(point?.responseUs),
      "service time": ms(point?.serviceUs),
      "start lag": ms(point?.startLagUs),
    };
    return [`times:${index}`, { format: ["formatMs"], values }];
  });
  const delays = model.dependencies.map((dependency, index): [string, PictureValues] => {
    const own = dependency.arms.filter((arm) => arm.delays.length > 0);
    const quantile = quantileAt(
      own.map((arm) => arm.delays),
      at,
    );
    const values = own.flatMap(({ arm, delays: points }) => {
      const point = points.find((one) => one.quantile === quantile);
      return [
        [`${arm} meant`, ms(point?.meantUs)],
        [`${arm} given`, ms(point?.givenUs)],
      ];
    });
    return [`delays:${index}`, { format: ["formatMs"], values: Object.fromEntries(values) }];
  });
  const percentiles: PictureValues = { format: ["formatMs"], values: Object.fromEntries(curves) };
  return { curve: percentiles, ...Object.fromEntries([...times, ...delays]) };
}

/** Heat maps, of windows that are a column each, and lifts. */
function overWindows(model: ReportModel, at: number): Record<string, PictureValues> {
  const heats = chartArms(model).map((arm, index): [string, PictureValues] => {
    const bins = model.timeline.arms.find((one) => one.arm === arm)?.latency[at] ?? [];
    const values = { p50: percentileMs(bins, 0.5), p99: percentileMs(bins, 0.99) };
    return [`heat:${index}`, { format: ["formatMs"], values }];
  });
  const drawn = model.pictures.lifts.filter(({ points }) => points.length > 0);
  const byMetric = [...Map.groupBy(drawn, ({ metric }) => metric).values()];
  const lifts = byMetric.map((curves, index): [string, PictureValues] => {
    const { better, kind, margin, unit } = curves[0]!;
    const ends = curves.map(({ points }) => points.at(-1)!.atS + 0.001);
    const times = curves.flatMap(({ points }) => points.map(({ atS }) => atS));
    const when = [...new Set([...times, ...ends])].toSorted((a, b) => a - b)[at];
    const values = [...Map.groupBy(curves, ({ arm }) => arm)].flatMap(([arm, own]) => {
      const point = own.flatMap(({ points }) => points).find(({ atS }) => atS === when);
      const looks = own.some(({ points }) => points.some(({ looked }) => looked !== null));
      return [
        [arm, short(point?.estimate)],
        ...(looks ? [[`${arm} at looks`, short(point?.looked)]] : []),
      ];
    });
    const lines = { "no change": 0, margin: better === "higher" ? -margin : margin };
    return [
      `lift:${index}`,
      {
        format: ["formatEffect", `(${JSON.stringify([kind, unit])}`],
        values: { ...lines, ...Object.fromEntries(values) },
      },
    ];
  });
  return Object.fromEntries([...heats, ...lifts]);
}

/** Pictures over time. */
function overTime(model: ReportModel, at: number): Record<string, PictureValues> {
  const data = chartData(model);
  const lines = (...all: readonly (readonly [name: string, series: readonly Series[]])[]) =>
    Object.fromEntries(
      data.arms.flatMap((arm, index) =>
        all.map(([name, series]) => [`${arm} ${name}`.trim(), series[index]?.[at] ?? null]),
      ),
    );
  const rates = [["started", data.started] as const, ["answered", data.answered] as const];
  const ofDependencies = data.dependencies.map((one, index) => {
    const pools = one.pools.map(({ arm, size }) => [`${data.arms[arm]} pool of ${size}`, size]);
    const inFlight = lines(["max", one.inFlightMax], ["mean", one.inFlightMean]);
    return {
      [`in-flight:${index}`]: {
        format: ["formatPlain"],
        values: { ...inFlight, ...Object.fromEntries(pools) },
      },
      [`per-request:${index}`]: { format: ["formatPlain"], values: lines(["", one.perRequest]) },
      [`calls:${index}`]: { format: ["formatRate"], values: lines(["", one.calls]) },
    };
  });
  return {
    rate: {
      format: ["formatRate"],
      values: { offered: data.offered[at] ?? null, ...lines(...rates, ["failed", data.failed]) },
    },
    latency: { format: ["formatMs"], values: lines(["p50", data.p50], ["p99", data.p99]) },
    ...Object.assign({}, ...ofDependencies),
  };
}

/**
 * By picture of a run's page, what its legend has at a place from 0 on, from the model: what is over
 * time as the page's data has it, the rest from the model's own points.
 */
export const pictureValues = (model: ReportModel, at: number): Record<string, PictureValues> => ({
  ...overTime(model, at),
  ...overWindows(model, at),
  ...tails(model, at),
});
