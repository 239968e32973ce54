import { NS_PER_S } from "../core/index.ts";
import {
  BUCKETS,
  highestOf,
  Histogram,
  isFailure,
  type Observation,
  type ObservationMeta,
  responseTimeUs,
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
function binsOf(latency: Histogram): LatencyBins {
  const bins: [bin: number, requests: number][] = [];
  const { count, index } = latency.toCounts();
  // Buckets come in their order, and so do bins.
  for (let at = 0; at < index.length; at++) {
    const bin = binOf(index[at]!);
    const last = bins.at(-1);
    if (last?.[0] === bin) last[1] += count[at]!;
    else bins.push([bin, count[at]!]);
  }
  return bins;
}

/** A run of an hour has too many histograms to keep. */
function tell(window: Window): void {
  const { latency } = window;
  if (latency === null) return;
  const [p50Us = 0, p99Us = 0] = latency.quantiles([0.5, 0.99]);
  window.told = { p50Us, p99Us, latency: binsOf(latency) };
  window.latency = null;
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

  add(observation: Observation): void {
    const own = this.#arms[observation.arm]?.windows ?? [];
    const window = own[Math.floor(observation.intendedNs / WINDOW_NS)];
    if (observation.kind === "dropped") {
      // What was still to come when a run ended early is told as one: no burst at that moment.
      if (window !== undefined && observation.reason === "in-flight-cap")
        window.planned += observation.count;
      return;
    }
    const failed = isFailure(observation);
    const started = own[Math.floor(observation.startNs / WINDOW_NS)];
    if (started !== undefined) started.started++;
    const ended = failed ? undefined : own[Math.floor(observation.endNs / WINDOW_NS)];
    if (ended !== undefined) ended.answered++;
    if (window === undefined) return;
    window.planned++;
    if (failed) window.failed++;
    window.latency ??= new Histogram();
    window.latency.record(responseTimeUs(observation, this.#capNs));
  }

  /** Nothing that comes later was intended before this moment. */
  passed(atNs: number): void {
    for (; this.#told < this.#windows && (this.#told + 1) * WINDOW_NS <= atNs; this.#told++) {
      for (const { windows } of this.#arms) tell(windows[this.#told]!);
    }
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
