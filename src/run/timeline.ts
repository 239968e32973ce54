import { NS_PER_S } from "../core/index.ts";
import {
  BUCKETS,
  highestOf,
  Histogram,
  type HistogramCounts,
  type ObservationBatch,
  type ObservationMeta,
  quantilesOf,
  RowGroups,
} from "../measure/index.ts";
import { LATENCY_BINS_PER_DECADE, type LatencyBins, type ReportModel } from "../report/index.ts";

/** Of everything that a report draws over time. */
export const WINDOW_NS = NS_PER_S;

interface Window {
  planned: number;
  started: number;
  answered: number;
  failed: number;
  /** Until its time is past; then what is told of it. */
  latency: Histogram | null;
  told: { readonly p50Us: number; readonly p99Us: number; readonly latency: LatencyBins } | null;
}

const NO_WINDOWS: readonly Window[] = [];
const EMPTY = { planned: 0, started: 0, answered: 0, failed: 0, latency: null, told: null };

/** By a histogram's bucket, 1 + the bin of a picture that it is in: they are the same for all. */
const BIN_OF = new Uint16Array(BUCKETS);

function binOf(index: number): number {
  if (BIN_OF[index] === 0) {
    const valueUs = Math.max(highestOf(index), 1);
    BIN_OF[index] = 1 + Math.floor(LATENCY_BINS_PER_DECADE * Math.log10(valueUs));
  }
  return BIN_OF[index]! - 1;
}

/** A window's latencies in bins as wide as a picture can show. */
function binsOf({ count, index }: HistogramCounts): LatencyBins {
  const bins: [bin: number, requests: number][] = [];
  // Buckets come in their order, and so do bins.
  for (let at = 0; at < index.length;) {
    const bin = binOf(index[at]!);
    let requests = 0;
    while (at < index.length && binOf(index[at]!) === bin) requests += count[at++]!;
    bins.push([bin, requests]);
  }
  return bins;
}

/** One arm's windows. */
interface ArmWindows {
  readonly arm: string;
  readonly windows: readonly Window[];
}

/**
 * Requests in one-second windows: what was offered, failed, and how long it took by intended start;
 * what was started by when it was, and what was answered by when the answer came. A request without
 * an answer counts with the timeout (`capNs`), as everywhere.
 */
export class Timeline {
  readonly #arms: readonly ArmWindows[];
  readonly #windows: number;
  readonly #capNs: number;
  readonly #groups = new RowGroups();
  readonly #free: Histogram[] = [];
  #told = 0;

  constructor(
    { arms }: Pick<ObservationMeta, "arms">,
    times: { readonly durationNs: number; readonly capNs: number },
  ) {
    this.#windows = Math.max(Math.ceil(times.durationNs / WINDOW_NS), 1);
    this.#capNs = times.capNs;
    this.#arms = arms.map((arm) => ({
      arm,
      windows: Array.from({ length: this.#windows }, (): Window => ({ ...EMPTY })),
    }));
  }

  add(batch: ObservationBatch): void {
    const { columns, endNs, startNs } = batch;
    const { arm, intendedNs } = columns;
    const { keys } = this.#groups;
    for (let row = 0; row < batch.rows; row++) {
      const own = this.#arms[arm[row]!]?.windows ?? NO_WINDOWS;
      const place = Math.floor(intendedNs[row]! / WINDOW_NS);
      const window = own[place];
      keys[row] = -1;
      if (batch.isDropped(row)) {
        // What was still to come when a run ended early is told as one: no burst at that moment.
        if (window !== undefined && batch.reasonAt(row) === "in-flight-cap")
          window.planned += batch.countAt(row);
        continue;
      }
      const failed = batch.isFailure(row);
      const started = own[Math.floor(startNs[row]! / WINDOW_NS)];
      if (started !== undefined) started.started++;
      const ended = failed ? undefined : own[Math.floor(endNs[row]! / WINDOW_NS)];
      if (ended !== undefined) ended.answered++;
      if (window === undefined) continue;
      window.planned++;
      if (failed) window.failed++;
      keys[row] = place * this.#arms.length + arm[row]!;
    }
    const response = batch.responseBuckets(this.#capNs);
    this.#groups.each(this.#groups.all(batch.rows), (key, list) => {
      const own = this.#arms[key % this.#arms.length]!;
      const window = own.windows[Math.floor(key / this.#arms.length)]!;
      window.latency ??= this.#free.pop() ?? new Histogram();
      window.latency.recordEach(response, list);
    });
  }

  /** Nothing that comes later was intended before this moment. */
  passed(atNs: number): void {
    for (; this.#told < this.#windows && (this.#told + 1) * WINDOW_NS <= atNs; this.#told++) {
      for (const { windows } of this.#arms) this.#tell(windows[this.#told]!);
    }
  }

  /** A run of an hour has too many histograms to keep: each is used again. */
  #tell(window: Window): void {
    const { latency } = window;
    if (latency === null) return;
    const counts = latency.toCounts();
    const [p50Us = 0, p99Us = 0] = quantilesOf(counts, latency.count, [0.5, 0.99]);
    window.told = { p50Us, p99Us, latency: binsOf(counts) };
    window.latency = null;
    latency.clear();
    this.#free.push(latency);
  }

  /** When all have come. */
  rows(): ReportModel["timeline"] {
    this.passed(Infinity);
    const windows = Array.from({ length: this.#windows }, (_, index) => index);
    return {
      atS: windows.map((index) => (index * WINDOW_NS) / NS_PER_S),
      offeredPerSec: this.#arms[0]?.windows.map((window) => window.planned) ?? [],
      arms: this.#arms.map(({ arm, windows: own }) => ({
        arm,
        startedPerSec: own.map((window) => window.started),
        answeredPerSec: own.map((window) => window.answered),
        failedPerSec: own.map((window) => window.failed),
        p50Us: own.map((window) => window.told?.p50Us ?? null),
        p99Us: own.map((window) => window.told?.p99Us ?? null),
        latency: own.map((window) => window.told?.latency ?? []),
      })),
    };
  }
}
