import { formatCount, formatRatio, formatUs } from "../../core/index.ts";
import type { ProfileDependency, WrittenModel } from "../../profile/index.ts";
import { longText, type Markup, markup, table, terms } from "../page/markup.ts";
import { armName } from "../page/tables.ts";
import { keyWords, NOTHING, plainText } from "../words.ts";
import type { Side } from "./model.ts";
import { counted, formatIndex, known } from "./words.ts";

/** A side that calls a dependency, and what it knows of it. */
export interface Caller extends Side {
  readonly dependency: ProfileDependency;
}

const FAN_OUT_MAX = 20;

const fieldWords = (value: unknown): string => {
  if (Array.isArray(value)) return `${value.length} parts`;
  if (typeof value === "number") return formatIndex(value);
  return typeof value === "string" ? plainText(value, 40) : "…";
};

/** `lognormal, median 80ms, sigma 0.6`: as a scenario writes it, numbers shortened. */
export function modelWords(model: WrittenModel): string {
  const { kind, ...fields } = model;
  const told = Object.entries(fields).map(
    ([name, value]) => `${keyWords(name)} ${fieldWords(value)}`,
  );
  return plainText([kind, ...told].join(", "), 160);
}

function errorWords({ errorRatio, errors }: ProfileDependency): string {
  if (errors === null) return formatRatio(errorRatio);
  return `${formatRatio(errorRatio)}, fitted as ${modelWords(errors)}`;
}

function attemptWords({ attempts }: ProfileDependency): string {
  if (attempts === undefined) return NOTHING;
  const { backOff, mean, retryRatio } = attempts;
  if (retryRatio === 0) return "none was seen";
  const tries = `${formatIndex(mean)} attempts on average, ${formatRatio(retryRatio)} of all calls are retries`;
  if (backOff === null) return tries;
  const half = backOff.quantiles.find(([p]) => p >= 0.5)![1];
  const jitter = { true: ", jittered", false: ", not jittered", null: "" }[`${backOff.jittered}`];
  return `${tries}; median back-off ${formatUs(half)}${jitter}`;
}

function keysWords({ keys }: ProfileDependency): string {
  if (keys === undefined || keys === null) return NOTHING;
  const { cacheHits, distinct, hottestShare, zipf } = keys;
  const law = zipf === null ? "" : `, Zipf exponent ${formatIndex(zipf.exponent)}`;
  const hits = cacheHits.map(
    ({ entries, hitRatio }) => `${formatRatio(hitRatio)} with ${formatCount(entries)}`,
  );
  return `${counted(distinct, "distinct key")}, the hottest ${formatRatio(hottestShare)}${law}; an LRU cache would hit ${hits.join(", ")} entries`;
}

function limitWords({ limit }: ProfileDependency): string {
  if (limit === undefined) return NOTHING;
  if (limit === null) return "none was seen";
  const refused = `${formatRatio(limit.refusedRatio)} of the calls refused`;
  if (limit.limit === null)
    return `${refused}; ${limit.because ?? "of no limit that could be told"}`;
  return `${refused}, as by ${modelWords(limit.limit)}`;
}

function capacityWords({ capacity }: ProfileDependency): string {
  if (capacity === undefined) return NOTHING;
  const most = `up to ${formatCount(capacity.inFlightMax)} in flight`;
  if (capacity.capacity === null) {
    return capacity.rises === true
      ? `${most}; latency rises with it, but not as a queue before servers would have it`
      : `${most}, not seen saturated`;
  }
  const { discipline, servers } = capacity.capacity;
  return `${most}, as of ${counted(servers, "server")}, ${discipline}`;
}

type Row = readonly [term: string, of: (dependency: ProfileDependency) => string];

const ROWS: readonly Row[] = [
  [
    "Calls",
    ({ calls, callsPerRequest }) =>
      `${formatCount(calls)}, ${formatIndex(callsPerRequest)} for each request`,
  ],
  ["Failed", errorWords],
  ["Retries", attemptWords],
  ["Keys", keysWords],
  ["Limit", limitWords],
  ["Capacity", capacityWords],
];

/** How it was called, and how it behaved; what no profile tells is left out. */
export function behaviour(callers: readonly Caller[]): Markup {
  const told = ROWS.filter(([, of]) =>
    callers.some(({ dependency }) => of(dependency) !== NOTHING),
  );
  if (callers.length === 1) {
    return terms(told.map(([term, of]) => [term, of(callers[0]!.dependency)] as const));
  }
  return terms(
    told.map(
      ([term, of]) =>
        [
          term,
          markup`<ul class="plain">${callers.map(({ color, dependency, line }) => markup`<li>${armName(line, color)} ${of(dependency)}</li>`)}</ul>`,
        ] as const,
    ),
  );
}

/** Which of the service's own routes call it, and how often. */
export function fanOut(callers: readonly Caller[]): Markup | false {
  const rows = callers.flatMap(({ color, dependency, line }) =>
    (dependency.fanOut ?? [])
      .slice(0, FAN_OUT_MAX)
      .map(({ callingRatio, max, mean, overlapRatio, p50, p99, requests, route }) => [
        longText(route),
        ...(callers.length > 1 ? [armName(line, color)] : []),
        formatCount(requests),
        formatRatio(callingRatio),
        ...[mean, p50, p99, max].map(formatIndex),
        known(overlapRatio, formatRatio),
      ]),
  );
  if (rows.length === 0) return false;
  const figures = ["Requests", "Call it", "Mean", "p50", "p99", "Max", "In parallel"];
  return markup`<details class="after"><summary>Calls of each request, by its route</summary>${table(
    {
      caption: "Calls of each request, by its route",
      columns: [
        { head: "Route of the service", class: "route" },
        ...(callers.length > 1 ? [{ head: "Profile" }] : []),
        ...figures.map((head) => ({ head, figure: true })),
      ],
      rows,
    },
  )}</details>`;
}
