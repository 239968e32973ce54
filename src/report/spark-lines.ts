import { formatRatePerSec, formatUs } from "../core/index.ts";
import { cell, row } from "./markdown-cells.ts";
import type { ReportModel } from "./model.ts";
import { NOTHING } from "./words.ts";

/* Charts that are text: one cell a column, eighths of a line high. */

type Series = readonly (number | null)[];

const EIGHTHS = "▁▂▃▄▅▆▇█";
const CELLS_MAX = 48;

/** The largest of each of at most `cells` equal parts of a series, so that no spike is lost. */
function worstOf(series: Series, cells: number): (number | null)[] {
  const count = Math.min(cells, series.length);
  return Array.from({ length: count }, (_, index) => {
    const from = Math.floor((index * series.length) / count);
    const to = Math.floor(((index + 1) * series.length) / count);
    const some = series.slice(from, to).filter((value) => value !== null);
    return some.length === 0 ? null : Math.max(...some);
  });
}

const largest = (series: Series): number =>
  series.reduce<number>((max, value) => Math.max(max, value ?? 0), 0);

/**
 * A series as a line of at most 48 block characters, from 0 to `top`; a space where it has no value.
 * A value that is not 0 is never drawn as nothing.
 */
export function sparkLine(series: Series, top: number): string {
  return worstOf(series, CELLS_MAX)
    .map((value) => {
      if (value === null) return " ";
      const level = top <= 0 ? 0 : Math.ceil((value / top) * EIGHTHS.length) - 1;
      return EIGHTHS.charAt(Math.min(Math.max(level, 0), EIGHTHS.length - 1));
    })
    .join("")
    .trimEnd();
}

interface Chart {
  readonly what: string;
  readonly format: (value: number) => string;
  readonly lines: readonly { readonly arm: string; readonly series: Series }[];
}

function chartsOf({ dependencies, timeline }: ReportModel): readonly Chart[] {
  const whole = (value: number): string => Math.round(value).toLocaleString("en-US");
  const of = (key: "answeredPerSec" | "failedPerSec" | "p50Us" | "p99Us") =>
    timeline.arms.map((each) => ({ arm: each.arm, series: each[key] }));
  return [
    { what: "p50 response time", format: formatUs, lines: of("p50Us") },
    { what: "p99 response time", format: formatUs, lines: of("p99Us") },
    { what: "answered", format: formatRatePerSec, lines: of("answeredPerSec") },
    { what: "failed", format: formatRatePerSec, lines: of("failedPerSec") },
    ...dependencies.map(({ arms, dependency }) => ({
      what: `calls in flight, ${dependency}`,
      format: whole,
      lines: arms.map(({ arm, inFlightMax }) => ({ arm, series: inFlightMax })),
    })),
  ].filter(({ lines }) => lines.some(({ series }) => largest(series) > 0));
}

/**
 * Charts of the run over time as a Markdown table, each from 0 to the largest value of all arms, so
 * that arms can be compared; none for a run of fewer than two windows.
 */
export function sparkMarkdown(model: ReportModel): string[] {
  if (model.timeline.atS.length < 2) return [];
  const rows = chartsOf(model).flatMap(({ format, lines, what }) => {
    const top = Math.max(...lines.map(({ series }) => largest(series)));
    return lines.map(({ arm, series }, index) => {
      const max = largest(series);
      const drawn = max === 0 ? NOTHING : `\`${sparkLine(series, top)}\``;
      return row([index === 0 ? cell(what) : "", cell(arm), drawn, max === 0 ? "0" : format(max)]);
    });
  });
  if (rows.length === 0) return [];
  const heading = "<details><summary>Over time</summary>";
  const head = row(["From 0 to the largest of all arms", "Arm", "Time →", "Largest"]);
  return [heading, "", head, "| --- | --- | --- | ---: |", ...rows, "", "</details>", ""];
}
