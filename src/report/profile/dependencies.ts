import { formatCount, formatUs } from "../../core/index.ts";
import type { ProfileDependency } from "../../profile/index.ts";
import { lawQuantile } from "../../stats/index.ts";
import { longText, type Markup, markup, table } from "../page/markup.ts";
import { armName } from "../page/tables.ts";
import { plainText } from "../words.ts";
import { behaviour, type Caller, fanOut, modelWords } from "./behaviour.ts";
import { lawOf } from "./law.ts";
import type { Side } from "./model.ts";
import type { PlotCurve, Plots } from "./plot.ts";
import { counted, formatIndex, perSide } from "./words.ts";

type Fit = ProfileDependency["fits"][number];

const CALLS_MIN = 5;
const POINTS_PER_NINE = 20;
const PARTS_MAX = 60;

/** The value at a share, between the points that are kept. */
function quantileOf({ quantiles }: Fit, share: number): number {
  const after = quantiles.findIndex(([p]) => p >= share);
  if (after <= 0) return quantiles[Math.max(after, 0)]![1];
  const [[p0, us0], [p1, us1]] = [quantiles[after - 1]!, quantiles[after]!];
  return us0 + ((us1 - us0) * (share - p0)) / (p1 - p0);
}

const nineOf = (share: number, count: number): number =>
  Math.min(-Math.log10(1 - share), Math.log10(count));

function curvesOf({ color, dependency, line }: Caller): PlotCurve[] {
  const fit = dependency.fits[0]!;
  const { count, quantiles } = fit;
  const end = Math.log10(count);
  const seen = quantiles.map(([p, us]) => [nineOf(p, count), us / 1_000] as const);
  const captured = { label: line, color, points: seen };
  const law = lawOf(fit.latency);
  if (law === null) return [captured];
  const points = Array.from({ length: Math.floor(end * POINTS_PER_NINE) }, (_, i) => {
    const nines = (i + 1) / POINTS_PER_NINE;
    return [nines, lawQuantile(law, 1 - 10 ** -nines) / 1_000] as const;
  });
  return [
    captured,
    { label: line === "captured" ? "fitted" : `${line}, fitted`, color, dash: [6, 4], points },
  ];
}

function fitWords({ dependency }: Caller): string {
  const fit = dependency.fits[0]!;
  const quantiles = [0.5, 0.9, 0.99].map((p) => `p${p * 100} ${formatUs(quantileOf(fit, p))}`);
  if (fit.latency.kind === "empirical")
    return `${quantiles.join(", ")}; regenerated from its quantiles`;
  const near = `fitted as ${modelWords(fit.latency)} (distance ${formatIndex(fit.ksDistance)}, Kolmogorov–Smirnov)`;
  return `${quantiles.join(", ")}; ${near}`;
}

/** As captured, and as the emulator would draw it. */
function latency(name: string, callers: readonly Caller[], plots: Plots): Markup {
  const drawn = callers.filter(({ dependency }) => dependency.calls >= CALLS_MIN);
  if (drawn.length === 0) return markup`<p class="muted">${perSide(callers, fitWords)}.</p>`;
  return plots.figure({
    title: `Latency of ${plainText(name, 60)}`,
    says: `Share of calls answered within a time: as captured, and as the fitted model that regenerates it. Each mark to the right holds ten times fewer. ${perSide(drawn, fitWords)}.`,
    x: { kind: "nines" },
    y: { unit: "time", scale: "auto" },
    curves: drawn.flatMap(curvesOf),
  });
}

/** Routes and statuses that were fitted apart from the rest. */
function parts(callers: readonly Caller[]): Markup | false {
  const rows = callers.flatMap(({ color, dependency, line }) =>
    dependency.fits
      .slice(1, PARTS_MAX)
      .map((fit) => [
        fit.route === null ? markup`<span class="muted">all routes</span>` : longText(fit.route),
        ...(callers.length > 1 ? [armName(line, color)] : []),
        fit.statusClass ?? "all",
        formatCount(fit.count),
        formatUs(quantileOf(fit, 0.5)),
        formatUs(quantileOf(fit, 0.99)),
        modelWords(fit.latency),
        formatIndex(fit.ksDistance),
      ]),
  );
  if (rows.length === 0) return false;
  const figures = ["Calls", "p50", "p99"].map((head) => ({ head, figure: true }));
  return markup`<details class="after"><summary>By route and status: ${counted(rows.length, "fit")}</summary>${table(
    {
      caption: "Fits by route and status class",
      columns: [
        { head: "Route", class: "route" },
        ...(callers.length > 1 ? [{ head: "Profile" }] : []),
        { head: "Status" },
        ...figures,
        { head: "Model" },
        { head: "KS distance", figure: true },
      ],
      rows,
    },
  )}</details>`;
}

/** What the captured requests called in their turn: how often, how slow, how it failed. */
export function dependencies(sides: readonly Side[], plots: Plots): Markup {
  const known = sides.filter(({ summary }) => summary.manifest.dependencies !== undefined);
  const names = new Set(
    known.flatMap(({ summary }) => Object.keys(summary.manifest.dependencies ?? {})),
  );
  if (names.size === 0) {
    return markup`<section id="dependencies"><h2>Dependencies</h2><p class="muted">The capture does not tell what the requests called: <code>record</code> and traces do.</p></section>`;
  }
  const all = [...names].toSorted().map((name) => {
    const callers = known.flatMap((side): Caller[] => {
      const dependency = side.summary.manifest.dependencies?.[name];
      return dependency === undefined ? [] : [{ ...side, dependency }];
    });
    return markup`<h3 class="dependency">${name}</h3>${behaviour(callers)}${latency(name, callers, plots)}${fanOut(callers)}${parts(callers)}`;
  });
  return markup`<section id="dependencies"><h2>Dependencies</h2><p class="lead">What the requests called in their turn. A scenario’s <code>latency: { kind: fitted, from: profile }</code> plays these back.</p>${all}</section>`;
}
