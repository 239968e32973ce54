import { NS_PER_MS, NS_PER_S, NS_PER_US } from "../core/index.ts";
import { Histogram } from "./histogram.ts";
import { RowGroups } from "./row-groups.ts";
import type { ObservationBatch } from "./observation-batch.ts";
import type { ObservationTable } from "./observation-spool.ts";

/** What an interval log says of the run whose observations it holds. */
export interface IntervalLogMeta {
  /** What wrote it: name and version, on one line. */
  readonly writer: string;
  /** When the run's clock began, in milliseconds since the epoch. */
  readonly startedAtMs: number;
  /** What a failed request counts with: the run's timeout. */
  readonly capNs: number;
  /** How long an interval is, in seconds; 1 unless given. */
  readonly intervalS?: number;
}

/** More histograms than this an interval log should not hold: each takes a tenth of a millisecond. */
const LINES_MAX = 30_000;
const INTERVALS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600] as const;

/**
 * How long an interval should be, in seconds, for a log of so long a run, with so many histograms an
 * interval: 1, unless that made more than 30,000 of them.
 */
export const intervalLengthS = (runS: number, histograms: number): number =>
  INTERVALS_S.find((lengthS) => (runS / lengthS) * histograms <= LINES_MAX) ?? INTERVALS_S.at(-1)!;

/** What the histograms of an arm and a stage are of, as their tags say it. */
export const INTERVAL_MEASURES = ["response", "service", "start-lag"] as const;
export type IntervalMeasure = (typeof INTERVAL_MEASURES)[number];

/** Of one arm and stage in one window; `routes` holds response times by route, where it has some. */
interface Cell {
  readonly measures: Readonly<Record<IntervalMeasure, Histogram>>;
  readonly routes: (Histogram | undefined)[];
}

/** Columns of numbers are told apart by commas, lines by their ends: neither may be in a tag. */
const UNSAFE = /[^!-~]|[%+,"]/gu;
const percentEncoded = (char: string): string =>
  char === " " ? "+" : encodeURIComponent(char.toWellFormed());
const escaped = (text: string): string => text.replaceAll(UNSAFE, percentEncoded);
/** A name that is not the tag's last part must not seem to be two. */
const escapedPart = (name: string): string => escaped(name).replaceAll("/", "%2F");

/**
 * The tag of a histogram: `arm/stage/measure`, or `arm/stage/response/route`. Escaped as in a web
 * form, where it must be: a space is `+`; `%`, `+`, `,`, `"`, a `/` in the name of an arm or stage,
 * and what is not printable ASCII are percent-encoded. `decodeURIComponent(part.replaceAll("+", " "))`
 * gives a part back; the route is all that follows the third `/`.
 */
export function intervalTag(
  arm: string,
  stage: string,
  measure: IntervalMeasure,
  route?: string,
): string {
  const parts = [escapedPart(arm), escapedPart(stage), measure];
  return (route === undefined ? parts : [...parts, escaped(route)]).join("/");
}

/** What started in one window: by arm and, within arms, by stage. */
type Window = (Cell | undefined)[];

/** Windows that are filled. What they are made of is used again when they are over. */
class Windows {
  readonly #table: ObservationTable;
  readonly #lengthNs: number;
  readonly #capNs: number;
  readonly #open = new Map<number, Window>();
  readonly #groups = new RowGroups();
  readonly #free: Histogram[] = [];

  constructor(table: ObservationTable, lengthNs: number, capNs: number) {
    this.#table = table;
    this.#lengthNs = lengthNs;
    this.#capNs = capNs;
  }

  add(batch: ObservationBatch): void {
    const { arm, intendedNs, route, stage } = batch.columns;
    const { arms, routes, stages } = this.#table.meta;
    const { keys } = this.#groups;
    const lengthNs = this.#lengthNs;
    const [stageCount, routeCount] = [stages.length, routes.length];
    const cells = arms.length * stageCount;
    let firstNs = Infinity;
    for (let row = 0; row < batch.rows; row++) {
      if (intendedNs[row]! < firstNs) firstNs = intendedNs[row]!;
    }
    const first = Math.floor(firstNs / lengthNs);
    for (let row = 0; row < batch.rows; row++) {
      const place = Math.floor(intendedNs[row]! / lengthNs) - first;
      const cell = place * cells + arm[row]! * stageCount + stage[row]!;
      keys[row] = batch.isDropped(row) ? -1 : cell * routeCount + route[row]!;
    }
    const response = batch.responseBuckets(this.#capNs);
    const service = batch.serviceBuckets(this.#capNs);
    const { startLag } = batch.lagBuckets();
    this.#groups.each(this.#groups.all(batch.rows), (key, list) => {
      const cell = Math.floor(key / routes.length);
      const own = this.#cellAt(first + Math.floor(cell / cells), cell % cells);
      own.measures.response.recordEach(response, list);
      own.measures.service.recordEach(service, list);
      own.measures["start-lag"].recordEach(startLag, list);
      (own.routes[key % routes.length] ??= this.#histogram()).recordEach(response, list);
    });
  }

  #cellAt(place: number, cell: number): Cell {
    let window = this.#open.get(place);
    if (window === undefined) this.#open.set(place, (window = []));
    return (window[cell] ??= this.#cell());
  }

  /** Those that are over by a moment, in their order; they are there until the next is asked for. */
  *over(atNs: number): Generator<[number, Window]> {
    const places = [...this.#open.keys()].toSorted((a, b) => a - b);
    for (const place of places) {
      if ((place + 1) * this.#lengthNs > atNs) return;
      const window = this.#open.get(place)!;
      yield [place, window];
      this.#open.delete(place);
      this.#release(window);
    }
  }

  #histogram(): Histogram {
    return this.#free.pop() ?? new Histogram();
  }

  #cell(): Cell {
    const [response, service, lag] = [this.#histogram(), this.#histogram(), this.#histogram()];
    return { measures: { response, service, "start-lag": lag }, routes: [] };
  }

  #release(window: Window): void {
    for (const cell of window) {
      if (cell === undefined) continue;
      for (const histogram of [...Object.values(cell.measures), ...cell.routes]) {
        if (histogram === undefined) continue;
        histogram.clear();
        this.#free.push(histogram);
      }
    }
  }
}

/** Windows in their order, each as soon as it is whole. */
function* windowsOf(
  table: ObservationTable,
  { capNs, lengthNs }: { readonly capNs: number; readonly lengthNs: number },
): Generator<[number, Window]> {
  const windows = new Windows(table, lengthNs, capNs);
  for (const batch of table.inTime()) {
    windows.add(batch);
    yield* windows.over(batch.untilNs);
  }
}

function* headLines({ startedAtMs, writer }: IntervalLogMeta): Generator<string> {
  const startedAtS = (startedAtMs / 1_000).toFixed(3);
  yield `#[Logged with ${writer.replaceAll(/\s+/g, " ")}]\n`;
  yield "#[Histogram log format version 1.3]\n";
  yield `#[StartTime: ${startedAtS} (seconds since epoch), ${new Date(startedAtMs).toISOString()}]\n`;
  yield `#[BaseTime: ${startedAtS} (seconds since epoch)]\n`;
  yield "#[Values are microseconds, Interval_Max is milliseconds: -outputValueUnitRatio 1000]\n";
  yield "#[An interval holds the requests that were meant to start in it; failed ones with the timeout]\n";
  yield "#[Tags are arm/stage/response, /service, /start-lag and /response/route, escaped as in web forms]\n";
  yield '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"\n';
}

/**
 * The lines of an HdrHistogram interval log (format version 1.3), each with its line end: for each
 * interval of intended starts (a second unless given), and each arm and stage that had some,
 * response time, service time and
 * start lag, then the response time of each route. Values are whole microseconds; start times are
 * seconds since the run began. A dropped start is in no histogram; a failed request counts with the
 * timeout, as in `responseTimeUs`. Rows need no order; memory is held for the histograms of seconds
 * that have begun and may still get some: as many as a request takes at most.
 * Source: HdrHistogram's `HistogramLogWriter`.
 */
export function* intervalLogLines(
  table: ObservationTable,
  meta: IntervalLogMeta,
): Generator<string> {
  yield* headLines(meta);
  const { arms, routes, stages } = table.meta;
  const { capNs, intervalS = 1 } = meta;
  const lengthNs = intervalS * NS_PER_S;
  for (const [place, window] of windowsOf(table, { capNs, lengthNs })) {
    const line = (tag: string, histogram: Histogram): string => {
      const maxMs = (histogram.maxUs * NS_PER_US) / NS_PER_MS;
      return `Tag=${tag},${place * intervalS}.000,${intervalS}.000,${maxMs.toFixed(3)},${histogram.encode()}\n`;
    };
    for (const [key, cell] of window.entries()) {
      if (cell === undefined) continue;
      const arm = arms[Math.floor(key / stages.length)] ?? "";
      const stage = stages[key % stages.length] ?? "";
      for (const measure of INTERVAL_MEASURES) {
        yield line(intervalTag(arm, stage, measure), cell.measures[measure]);
      }
      for (const [route, histogram] of cell.routes.entries()) {
        if (histogram === undefined) continue;
        yield line(intervalTag(arm, stage, "response", routes[route] ?? ""), histogram);
      }
    }
  }
}
