import {
  formatBytes,
  formatCount,
  formatDurationNs,
  formatRatio,
  formatRatePerSec,
  formatUs,
  NS_PER_S,
} from "../core/index.ts";
import type {
  Makeup,
  ProfileDependencies,
  QuantileSummary,
  RouteMakeup,
} from "../profile/index.ts";
import { labelled, tableLines, wrapped } from "./text-layout.ts";

const LEVELS = "▁▂▃▄▅▆▇█";
const SPARK_CELLS = 60;
const ROUTE_CHARS = 36;
const SETS_SHOWN = 3;
const UNKNOWN = "–";
const DEPENDENCIES_SHOWN = 10;

/** Counts as a line of bars, at most sixty, each the mean of its windows; a blank where nothing was. */
export function sparkline(counts: readonly number[]): string {
  const cells = Math.min(counts.length, SPARK_CELLS);
  const means = Array.from({ length: cells }, (_, cell) => {
    const from = Math.floor((cell * counts.length) / cells);
    const to = Math.floor(((cell + 1) * counts.length) / cells);
    return counts.slice(from, to).reduce((sum, count) => sum + count, 0) / (to - from);
  });
  const most = Math.max(...means);
  return means
    .map((mean) => (mean === 0 ? " " : LEVELS[Math.ceil((mean / most) * LEVELS.length) - 1]!))
    .join("");
}

/** How the rate went, with the busiest window of the series. */
export function rateSeriesRows({ rateSeries }: Makeup): [string, string][] {
  const { counts, windowNs } = rateSeries;
  if (counts.length < 2) return [];
  const most = Math.max(...counts);
  const peak = formatRatePerSec(most / (windowNs / NS_PER_S));
  const atNs = counts.indexOf(most) * windowNs;
  const when = atNs === 0 ? "at the beginning" : `after ${formatDurationNs(atNs)}`;
  const told = `busiest ${formatDurationNs(windowNs)}: ${peak}, ${when}`;
  return [
    ["over time", `▕${sparkline(counts)}▏`],
    ["", told],
  ];
}

/** `p50 1.2 ms, p90 3 ms, p99 8 ms, at most 12 ms`, as far as there are enough values. */
export function quantileText(
  { max, p50, p90, p99 }: QuantileSummary,
  format: (value: number) => string,
): string {
  const parts: (readonly [string, number | null])[] = [
    ["p50", p50],
    ["p90", p90],
    ["p99", p99],
    ["at most", max],
  ];
  return parts
    .flatMap(([name, value]) => (value === null ? [] : [`${name} ${format(value)}`]))
    .join(", ");
}

/** A time that is no finer than the step in which times were captured. */
export function timeFormat(stepUs: number | null): (valueUs: number) => string {
  return (valueUs) =>
    stepUs !== null && stepUs >= 1 && valueUs < stepUs
      ? `< ${formatUs(stepUs)}`
      : formatUs(valueUs);
}

/** Sizes of bodies, service times and sessions, one row each; what is not known is said to be so. */
export function valueRows(makeup: Makeup): [string, string][] {
  const { requestBytes, responseBytes, serviceTimeStepUs, serviceTimeUs } = makeup;
  const sized = (sizes: QuantileSummary | null, none: string): string =>
    sizes === null ? none : `${formatCount(sizes.count)}; ${quantileText(sizes, formatBytes)}`;
  const step =
    serviceTimeStepUs !== null && serviceTimeStepUs >= 1_000
      ? ` (captured in steps of ${formatUs(serviceTimeStepUs)})`
      : "";
  return [
    ...sessionRows(makeup),
    ["bodies", sized(requestBytes, "none")],
    ["responses", sized(responseBytes, "sizes not known")],
    [
      "service time",
      serviceTimeUs === null
        ? "not known"
        : quantileText(serviceTimeUs, timeFormat(serviceTimeStepUs)) + step,
    ],
  ];
}

function sessionRows({ sessionCount, sessions }: Makeup): [string, string][] {
  if (sessions === null) return [["sessions", "not known"]];
  const { concurrentMax, lengthUs, parallelShare, requests, share, thinkTimeUs } = sessions;
  const counts = [
    formatCount(sessionCount),
    ...(share < 1 ? [`${formatRatio(1 - share)} of requests in none`] : []),
    `${formatCount(concurrentMax)} at once at most`,
    `requests of each: ${quantileText(requests, formatCount)}`,
  ];
  const rows: [string, string][] = [["sessions", counts.join(", ")]];
  if (lengthUs !== null) rows.push(["lengths", quantileText(lengthUs, lengthText)]);
  if (thinkTimeUs !== null) {
    const parallel =
      parallelShare > 0 ? `; ${formatRatio(parallelShare)} of requests did not wait` : "";
    rows.push([
      "think time",
      quantileText(thinkTimeUs, lengthText) + parallel + startsNote(sessions),
    ]);
  }
  return rows;
}

const startsNote = ({ thinkFromEndShare }: NonNullable<Makeup["sessions"]>): string =>
  thinkFromEndShare < 1 ? " (from start to start)" : "";

const lengthText = (us: number): string => (us < 1 ? "0" : formatDurationNs(us * 1e3));

const shortName = (name: string): string =>
  name.length > ROUTE_CHARS ? `${name.slice(0, ROUTE_CHARS - 1)}…` : name;

const FAILED = new Set(["4xx", "5xx"]);
const failedShare = ({ statusClasses }: RouteMakeup): number =>
  statusClasses.reduce((sum, { share, value }) => sum + (FAILED.has(value) ? share : 0), 0);

/** Rate, failures, service times and sizes by route; columns of what is not known are left out. */
export function routeValueLines(makeup: Makeup, rowsMax: number): string[] {
  const time = timeFormat(makeup.serviceTimeStepUs);
  const maybe = (value: number | null | undefined, format: (value: number) => string): string =>
    value === null || value === undefined ? UNKNOWN : format(value);
  const columns: (readonly [string, boolean, (route: RouteMakeup) => string])[] = [
    ["per s", makeup.meanRatePerSec !== null, (one) => maybe(one.ratePerSec, formatRatePerSec)],
    ["4xx+5xx", makeup.statuses.length > 0, (one) => statusText(one)],
    ["p50", makeup.serviceTimeUs !== null, (one) => maybe(one.serviceTimeUs?.p50, time)],
    ["p90", makeup.serviceTimeUs !== null, (one) => maybe(one.serviceTimeUs?.p90, time)],
    ["p99", makeup.serviceTimeUs !== null, (one) => maybe(one.serviceTimeUs?.p99, time)],
    ["body", makeup.requestBytes !== null, (one) => maybe(one.requestBytes?.p50, formatBytes)],
    ["answer", makeup.responseBytes !== null, (one) => maybe(one.responseBytes?.p50, formatBytes)],
    ["p99", makeup.responseBytes !== null, (one) => maybe(one.responseBytes?.p99, formatBytes)],
  ];
  const routes = makeup.routes.slice(0, rowsMax);
  const shown = columns.filter(
    ([, isKnown, text]) => isKnown && routes.some((route) => text(route) !== UNKNOWN),
  );
  const isTelling = (["statuses", "serviceTimeUs", "responseBytes"] as const).some((what) => {
    const known = makeup[what];
    return Array.isArray(known) ? known.length > 0 : known !== null;
  });
  if (!isTelling) return [];
  const rows = routes.map((route) => [
    shortName(route.value),
    ...shown.map(([, , text]) => text(route)),
  ]);
  return tableLines([["by route", ...shown.map(([name]) => name)], ...rows]);
}

const statusText = (route: RouteMakeup): string =>
  route.statusClasses.length === 0 ? UNKNOWN : formatRatio(failedShare(route));

/** Header names by how their values go, the most frequent sets, and what caches look at. */
export function headerLines(makeup: Makeup): string[] {
  const { cacheability, headerNames, headerSetCount, headerSets, requestCount } = makeup;
  if (headerNames.length === 0) return ["headers      none"];
  const kinds = [
    ["one value", "constant"],
    ["few values", "few"],
    ["one a session", "per-session"],
    ["many values", "many"],
    ["new each time", "unique"],
    ["seen once", null],
  ] as const;
  const rows = kinds.flatMap(([label, kind]): [string, string][] => {
    const names = headerNames.filter(({ values }) => values === kind);
    const texts = names.map(({ count, share, value }) =>
      count === requestCount || kind === null ? value : `${value} ${formatRatio(share)}`,
    );
    return names.length === 0 ? [] : [[`  ${label}`, texts.join(", ")]];
  });
  const { acceptEncoding, authorization, cacheControl, conditional, cookie } = cacheability;
  const caching = [
    `cookie ${formatRatio(cookie)}`,
    `authorization ${formatRatio(authorization)}`,
    `cache-control ${formatRatio(cacheControl)}`,
    `accept-encoding ${formatRatio(acceptEncoding)}`,
    `conditional ${formatRatio(conditional)}`,
  ].join(", ");
  const sets = headerSets.slice(0, SETS_SHOWN).map(({ names, share }): [string, string] => {
    return [`  ${formatRatio(share)}`, names.length === 0 ? "none" : names.join(" ")];
  });
  return [
    "headers",
    ...labelled([...rows, ["  for caches", caching]]).flatMap((line) => wrapped(line)),
    `header sets  ${formatCount(headerSetCount)}${headerSetCount > SETS_SHOWN ? "; the most frequent:" : ""}`,
    ...labelled(sets).flatMap((line) => wrapped(line)),
  ];
}

/** What the requests called, as the capture saw it. */
export function dependencyLines(dependencies: ProfileDependencies | undefined): string[] {
  if (dependencies === undefined) return [];
  const all = Object.entries(dependencies).toSorted(([, a], [, b]) => b.calls - a.calls);
  const rows = all.slice(0, DEPENDENCIES_SHOWN).map(([name, one]) => {
    const quantiles = one.fits[0]!.quantiles;
    const median = quantiles.find(([p]) => p >= 0.5)![1];
    return [
      shortName(name),
      formatCount(one.calls),
      one.callsPerRequest.toPrecision(3),
      formatRatio(one.errorRatio),
      formatUs(median),
    ];
  });
  const more = all.length > rows.length ? [`  (${all.length - rows.length} more)`] : [];
  return [
    ...tableLines([["dependencies", "calls", "a request", "failed", "p50"], ...rows]),
    ...more,
  ];
}
