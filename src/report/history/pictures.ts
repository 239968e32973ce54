import { capital } from "../words.ts";
import { type Markup, markup } from "../page/markup.ts";
import type { PlotCurve, Plots } from "../profile/plot.ts";
import type { History, HistorySeries } from "./model.ts";
import {
  changeWords,
  hostNames,
  placeWords,
  revisionWords,
  runsWords,
  whoseWords,
} from "./words.ts";

/** So that a page stays one that can be read; the others are in its table. */
const PICTURES_MAX = 48;

const UNITS = { us: "time", "per second": "rate" } as const;

/** How the axis writes a series' values, and what they are multiplied by for it. */
function axisOf({ kind, of, unit }: HistorySeries): {
  readonly unit: "time" | "rate" | "share" | "count" | "change" | "points" | "difference";
  readonly times: number;
} {
  if (of === "effect") {
    if (kind === "relative") return { unit: "change", times: 100 };
    return unit === "ratio" ? { unit: "points", times: 100 } : { unit: "difference", times: 1 };
  }
  if (unit === "us") return { unit: UNITS.us, times: 1e-3 };
  if (unit === "per second") return { unit: UNITS["per second"], times: 1 };
  return unit === "ratio" ? { unit: "share", times: 100 } : { unit: "count", times: 1 };
}

/** Its values, and the levels between its changes. */
function curvesOf(
  series: HistorySeries,
  color: number,
  { at, whose }: { readonly at: (run: number) => number; readonly whose: string },
): PlotCurve[] {
  const { parts, runs, values } = series;
  const { times } = axisOf(series);
  const dots: PlotCurve = {
    label: capital(whose),
    color,
    marked: true,
    points: runs.map((run, index) => [at(run), values[index]! * times] as const),
  };
  if (parts.length < 2) return [dots];
  const levels: PlotCurve = {
    label: `${capital(whose)}: level`,
    color: null,
    dash: [6, 4],
    stepped: true,
    points: [
      ...parts.map(({ from, median }) => [at(from), median * times] as const),
      [at(runs.at(-1)!), parts.at(-1)!.median * times] as const,
    ],
  };
  return [dots, levels];
}

function saysOf(all: readonly HistorySeries[], hosts: ReadonlyMap<string, string>): string {
  return all
    .map((series) => {
      const whose = capital(whoseWords(series, hosts));
      const { change, parts, runs } = series;
      if (change === null) return `${whose}: ${runsWords(runs.length)}, no change.`;
      const times = parts.length === 2 ? "one change" : `${parts.length - 1} changes`;
      return `${whose}: ${runsWords(runs.length)}, ${times}, ${changeWords(series, change)} in all.`;
    })
    .join(" ");
}

const priority = (all: readonly HistorySeries[]): number => {
  if (all.some(({ change }) => change !== null)) return 0;
  return all.some(({ role }) => role === "primary" || role === null) ? 1 : 2;
};

/** Pictures of what changes and of what plans rest on, by scenario: levels, and effects beside them. */
export function trendPictures(
  { history, plots }: { readonly history: History; readonly plots: Plots },
  scenario: string,
): Markup {
  const hosts = hostNames(history);
  const places = history.runs.flatMap((run, index) => (run.scenario === scenario ? [index] : []));
  const nth = new Map(places.map((place, index) => [place, index]));
  const at = (run: number): number => nth.get(run)!;
  const labels = places.map((place) => {
    const { revision, startedAt } = history.runs[place]!;
    return `${startedAt.slice(0, 10)} ${revisionWords(revision)}`;
  });
  const own = history.series.filter((series) => series.scenario === scenario);
  const groups = [
    ...Map.groupBy(own, (one) => JSON.stringify([one.metric, one.stage, one.of])).values(),
  ];
  const wanted = groups.filter((all) => priority(all) < 2);
  const drawn = wanted.toSorted((a, b) => priority(a) - priority(b)).slice(0, PICTURES_MAX);
  const figures = drawn.map((all) =>
    plots.figure({
      title: capital(`${placeWords(all[0]!)}${all[0]!.of === "effect" ? ": effect" : ""}`),
      says: saysOf(all, hosts),
      x: { kind: "places", labels },
      y: { unit: axisOf(all[0]!).unit, scale: "linear" },
      curves: all.flatMap((series, index) =>
        curvesOf(series, index, { at, whose: whoseWords(series, hosts) }),
      ),
    }),
  );
  const left = groups.length - drawn.length;
  return markup`${figures}${left > 0 && markup`<p class="muted">${left} more without a picture: what does not change is in the table.</p>`}`;
}
