import { formatCount, formatRatio, formatUs } from "../core/index.ts";
import type { ProfileDependencies, ProfileDependency } from "../profile/index.ts";
import { labelled, wrapped } from "./text-layout.ts";

const DEPENDENCIES_SHOWN = 8;
const ROUTES_SHOWN = 3;

type Row = readonly [label: string, text: string];

/** A model in a scenario's words: `token-bucket, rate 50/s, burst 20`. */
function written(model: { readonly kind?: string; readonly [field: string]: unknown }): string {
  const { kind, ...fields } = model;
  const told = Object.entries(fields).map(([name, value]) => {
    const us = typeof value === "string" ? /^([\d.]+)us$/.exec(value)?.[1] : undefined;
    if (us !== undefined) return `${name} ${formatUs(Number(us))}`;
    return `${name} ${typeof value === "number" ? String(Number(value.toPrecision(4))) : String(value)}`;
  });
  return [...(kind === undefined ? [] : [kind]), ...told].join(", ");
}

function retryRows({ attempts }: ProfileDependency): Row[] {
  if (attempts === undefined) return [];
  const { backOff, counts, mean, retryRatio } = attempts;
  if (retryRatio === 0) return [["retries", "none seen"]];
  const at = (p: number): string => {
    const point = backOff?.quantiles.find(([place]) => place >= p);
    return point === undefined ? "not known" : formatUs(point[1]);
  };
  const jitter = { true: ", jittered", false: ", not jittered", null: "" } as const;
  const pause =
    backOff === null
      ? []
      : [`back-off p50 ${at(0.5)}, p90 ${at(0.9)}${jitter[`${backOff.jittered}`]}`];
  const share = `${formatRatio(retryRatio)} of the calls, up to ${counts.length} attempts, ${mean.toFixed(2)} on average`;
  return [["retries", [share, ...pause].join("; ")]];
}

function order(overlapRatio: number | null): string {
  if (overlapRatio === null) return "";
  if (overlapRatio === 0) return ", one after the other";
  return overlapRatio === 1
    ? ", at once"
    : `, ${formatRatio(overlapRatio)} while another is under way`;
}

function fanOutRows({ fanOut = [] }: ProfileDependency): Row[] {
  const shown = fanOut
    .slice(0, ROUTES_SHOWN)
    .map(({ callingRatio, max, mean, overlapRatio, p99, route }): Row => {
      const some = callingRatio < 1 ? `, by ${formatRatio(callingRatio)} of them` : "";
      const many = max > 1 ? ` (p99 ${p99}, at most ${max})` : "";
      return [
        "called by",
        `${route}: ${mean.toPrecision(3)} a request${many}${some}${order(overlapRatio)}`,
      ];
    });
  const more = fanOut.length - shown.length;
  return more === 0 ? shown : [...shown, ["", `(${formatCount(more)} more routes)`]];
}

function errorRows({ errors }: ProfileDependency): Row[] {
  return errors === null ? [] : [["errors", written(errors)]];
}

function limitRows({ limit }: ProfileDependency): Row[] {
  if (limit === undefined || limit === null) return [];
  const refused = `${formatCount(limit.refused)} calls (${formatRatio(limit.refusedRatio)})`;
  const why =
    limit.limit === null ? `the limit cannot be told: ${limit.because}` : written(limit.limit);
  return [["refused", `${refused}; ${why}`]];
}

function keyRows({ attempts, calls: made, keys }: ProfileDependency): Row[] {
  if (keys === undefined || keys === null) return [];
  const all = attempts?.logicalCalls ?? made;
  const { cacheHits, calls, distinct, hottestShare, zipf } = keys;
  const of = calls < all ? ` in ${formatRatio(calls / all)} of the calls` : "";
  const law = zipf === null ? [] : [`Zipf exponent ${zipf.exponent.toFixed(2)}`];
  const hits = cacheHits.map(
    ({ entries, hitRatio }) => `${formatRatio(hitRatio)} with ${formatCount(entries)}`,
  );
  return [
    [
      "keys",
      [
        `${formatCount(distinct)} distinct${of}`,
        `the hottest ${formatRatio(hottestShare)}`,
        ...law,
        `a cache would hit ${hits.join(", ")} entries`,
      ].join("; "),
    ],
  ];
}

function loadRows({ capacity }: ProfileDependency): Row[] {
  if (capacity === undefined) return [];
  const { inFlightMax, levels, rises } = capacity;
  const told = levels.map(({ from, medianUs, to }) => {
    return `${from === to ? from : `${from}–${to}`}: ${formatUs(medianUs)}`;
  });
  const bound =
    capacity.capacity === null
      ? rises === true
        ? "latency rises with it, but not as a queue before servers would have it"
        : "not seen saturated"
      : written(capacity.capacity);
  return [
    ["in flight", `at most ${formatCount(inFlightMax)} (p50 by ${told.join(", ")}); ${bound}`],
  ];
}

/** How each dependency was called, failed, and bore it; the ones with most calls. */
export function dependencyDetailLines(dependencies: ProfileDependencies | undefined): string[] {
  const shown = Object.entries(dependencies ?? {})
    .toSorted(([, a], [, b]) => b.calls - a.calls)
    .slice(0, DEPENDENCIES_SHOWN);
  return shown.flatMap(([name, one]) => {
    const rows = [
      ...fanOutRows(one),
      ...retryRows(one),
      ...errorRows(one),
      ...limitRows(one),
      ...keyRows(one),
      ...loadRows(one),
    ];
    if (rows.length === 0) return [];
    const lines = labelled(rows.map(([label, text]): Row => [`  ${label}`, text]));
    return [name.slice(0, 80), ...lines.flatMap((line) => wrapped(line))];
  });
}
