import type { PartRow, ReportModel } from "../model.ts";
import { runsTitle, runWords } from "../run-words.ts";
import {
  capital,
  formatEffect,
  hasVariants,
  intervalWords,
  metricWords,
  NOTHING,
} from "../words.ts";
import { forestBar } from "./marks.ts";
import { longText, type Markup, markup, table } from "./markup.ts";

/** More rows than this are in `result.json` alone. */
const PARTS_MAX = 300;

/** The runs of an experiment, a row each; nothing for a run alone. */
export function runs({ result }: ReportModel): Markup | false {
  const rows = runWords(result);
  if (rows.length === 0) return false;
  const grid = table({
    caption: "The runs",
    cards: true,
    columns: [
      { head: "Run" },
      { head: "Started first" },
      { head: "Effect" },
      { head: "Seed" },
      { head: "Note" },
    ],
    rows: rows.map(({ effects, first, levels, note, run, seed }) => [
      run,
      first,
      effects,
      seed,
      [levels, note].filter((text) => text !== "").join("; "),
    ]),
  });
  return markup`<section id="runs"><h2>Runs</h2><p class="lead">${capital(runsTitle(result))}.</p>
${grid}</section>`;
}

/** What all bars of one kind of effect and metric share: the estimates, and zero, with room for half of them. */
function scaleOf(rows: readonly PartRow[]): readonly [number, number] {
  const estimates = rows.flatMap(({ effect }) => effect?.estimate ?? []);
  const [least, most] = [Math.min(0, ...estimates), Math.max(0, ...estimates)];
  const pad = (most - least) / 2 || 0.01;
  return [least - pad, most + pad];
}

/** A part's effect with its interval; too little was measured of one that is not judged. */
function effectCell(part: PartRow) {
  if (part.effect === null) return { shows: NOTHING, by: null };
  const { estimate } = part.effect;
  return {
    shows: markup`${formatEffect(part, estimate)}<br><span class="muted small">${intervalWords(part)}</span>`,
    by: estimate,
  };
}

/**
 * Every route and segment with its effect: those in which a difference is shown first, those that are
 * not judged last; nothing without any.
 */
export function parts({ result }: ReportModel): Markup | false {
  const rows = result.parts.toSorted(
    (a, b) => Number(b.shown) - Number(a.shown) || (a.adjustedP ?? 2) - (b.adjustedP ?? 2),
  );
  if (rows.length === 0) return false;
  const scales = Map.groupBy(rows, ({ metric }) => metric);
  const grid = table({
    caption: "Effects by route and segment",
    columns: [
      { head: "Part", class: "route", sort: "name" },
      { head: "Metric", sort: "name" },
      { head: "Stage", sort: "name" },
      ...(hasVariants(result) ? [{ head: "Variant", sort: "name" as const }] : []),
      { head: "Effect", figure: true, sort: "figure" },
      { head: "Interval", class: "bar" },
      { head: "Adjusted p", figure: true, sort: "figure" },
      { head: "Shown", sort: "name" },
    ],
    rows: rows.slice(0, PARTS_MAX).map((part) => [
      longText(part.by === "segment" ? `segment ${part.name}` : part.name),
      metricWords(part.metric),
      part.stage,
      ...(hasVariants(result) ? [part.arm] : []),
      effectCell(part),
      forestBar(part, scaleOf(scales.get(part.metric) ?? [])),
      {
        shows: part.adjustedP === null ? NOTHING : String(Number(part.adjustedP.toPrecision(2))),
        by: part.adjustedP,
      },
      part.shown ? markup`<strong>yes</strong>` : "no",
    ]),
  });
  const left = rows.length - PARTS_MAX;
  return markup`<section id="parts"><h2>Parts of the traffic</h2><p class="lead">Exploratory, a place to look: of the differences that are shown, one in ten is chance. Bars of one metric share a scale; the thin line is no change.</p>
${grid}${left > 0 && markup`<p class="muted small">${left} more in result.json</p>`}</section>`;
}
