import { formatBytes, formatCount, formatDurationNs, NS_PER_US } from "../../core/index.ts";
import type { CurvePoint, QuantileSummary } from "../../profile/index.ts";
import { type Markup, markup, table } from "../page/markup.ts";
import { armName } from "../page/tables.ts";
import { capital } from "../words.ts";
import type { Side } from "./model.ts";
import type { Plots } from "./plot.ts";
import { type FormatValue, known, perSide, quantileWords, stepWords } from "./words.ts";

/** Some values of each profile, which it may know or not. */
export interface Values {
  readonly title: string;
  /** A sentence on what they are. */
  readonly lead: string;
  readonly unit: "time" | "bytes" | "count";
  readonly of: (side: Side) => QuantileSummary | null;
  readonly curve: (side: Side) => readonly CurvePoint[];
  /** How finely they were captured, in µs, where that is known. */
  readonly stepUs?: (side: Side) => number | null;
}

const FORMATS: Readonly<Record<Values["unit"], FormatValue>> = {
  time: (us) => formatDurationNs(us * NS_PER_US),
  bytes: formatBytes,
  count: formatCount,
};
/** A curve of fewer values is a dot or two: words say more. */
const VALUES_MIN = 5;

function numbers(sides: readonly Side[], values: Values): Markup {
  const format = FORMATS[values.unit];
  const rows = sides.flatMap((side) => {
    const summary = values.of(side);
    if (summary === null) return [];
    const { count, max, mean, min, p50, p90, p99 } = summary;
    const figures = [min, p50, p90, p99, max, mean].map((value) => known(value, format));
    return [[armName(side.line, side.color), formatCount(count), ...figures]];
  });
  const heads = ["Values", "Least", "p50", "p90", "p99", "Greatest", "Mean"];
  return markup`<details><summary>The numbers behind the picture</summary>${table({
    caption: `${values.title}, in figures`,
    columns: [{ head: "Profile" }, ...heads.map((head) => ({ head, figure: true }))],
    rows,
  })}</details>`;
}

/** How values are distributed, the tail as large as the body; a line of words where they are few. */
export function tail(sides: readonly Side[], plots: Plots, values: Values): Markup | false {
  const { curve, lead, of, stepUs, title, unit } = values;
  const some = sides.filter((side) => of(side) !== null);
  if (some.length === 0) return false;
  const format = FORMATS[unit];
  const words = perSide(some, (side) => quantileWords(of(side)!, format));
  const drawn = some.filter((side) => of(side)!.count >= VALUES_MIN);
  if (drawn.length === 0) {
    return markup`<p class="after"><strong>${title}.</strong> ${lead} ${capital(words)}.</p>`;
  }
  const scale = unit === "time" ? 1_000 : 1;
  const step = drawn.length === 1 ? (stepUs?.(drawn[0]!) ?? null) : null;
  return plots.figure({
    title,
    says: `${lead} Each mark to the right holds ten times fewer. ${capital(words)}.${stepWords(step)}`,
    x: { kind: "nines" },
    y: { unit, scale: "auto" },
    curves: drawn.map((side) => ({
      label: side.line,
      color: side.color,
      points: curve(side).map(([nines, value]) => [nines, value / scale] as const),
    })),
    more: numbers(drawn, values),
  });
}

const SERVICE_TIME: Values = {
  title: "Service time",
  lead:
    "From a request’s arrival to the last byte of its answer, as captured: share of requests " +
    "answered within a time.",
  unit: "time",
  of: ({ summary }) => summary.serviceTimeUs,
  curve: ({ series }) => series.serviceTimeUs,
  stepUs: ({ summary }) => summary.serviceTimeStepUs,
};
const REQUEST_BYTES: Values = {
  title: "Request bodies",
  lead: "Of the requests that have a body, the share up to a size.",
  unit: "bytes",
  of: ({ summary }) => summary.requestBytes,
  curve: ({ series }) => series.requestBytes,
};
const RESPONSE_BYTES: Values = {
  title: "Answers",
  lead: "Share of answers up to a size, as captured.",
  unit: "bytes",
  of: ({ summary }) => summary.responseBytes,
  curve: ({ series }) => series.responseBytes,
};

/** How long requests took where they were captured, and how large they and their answers were. */
export function sizesAndTimes(sides: readonly Side[], plots: Plots): Markup {
  const time = tail(sides, plots, SERVICE_TIME);
  const sizes = [REQUEST_BYTES, RESPONSE_BYTES].map((values) => tail(sides, plots, values));
  const missing = [
    ...(time === false ? ["service times"] : []),
    ...(sizes[0] === false ? ["request bodies"] : []),
    ...(sizes[1] === false ? ["sizes of answers"] : []),
  ];
  const pair = sizes.every((one) => one !== false);
  return markup`<section id="sizes"><h2>Service times and sizes</h2>${time}${pair ? markup`<div class="pair">${sizes}</div>` : sizes}${
    missing.length > 0 &&
    markup`<p class="muted after">Not in the capture: ${missing.join(", ")}.</p>`
  }</section>`;
}
