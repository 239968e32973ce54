import {
  generatorLagUs,
  Histogram,
  type HistogramCounts,
  isFailure,
  type Observation,
  responseTimeUs,
} from "../../measure/index.ts";

/** Counts of one arm in one stage, over some time. */
export interface ArmCounts {
  planned: number;
  responses: number;
  /** Without an answer, or answered with 500 and above. */
  failed: number;
  dropped: number;
  readonly responseTime: Histogram;
  /** The generator's own lateness. */
  readonly startLag: Histogram;
}

/** The same on its way between threads, with where it belongs. */
interface PlainCounts extends Omit<ArmCounts, "responseTime" | "startLag"> {
  readonly stage: number;
  readonly arm: number;
  readonly responseTime: HistogramCounts;
  readonly startLag: HistogramCounts;
}
export type CountsMessage = readonly PlainCounts[];

/** `dense`: where they are counted, rather than added together. */
export function emptyCounts(options: { readonly dense?: boolean } = {}): ArmCounts {
  return {
    planned: 0,
    responses: 0,
    failed: 0,
    dropped: 0,
    responseTime: new Histogram(options),
    startLag: new Histogram(options),
  };
}

/** Adds counts that came from another thread. */
export function addCounts(to: ArmCounts, from: CountsMessage[number]): void {
  to.planned += from.planned;
  to.responses += from.responses;
  to.failed += from.failed;
  to.dropped += from.dropped;
  to.responseTime.addCounts(from.responseTime);
  to.startLag.addCounts(from.startLag);
}

/** Counts observations by stage and arm, until they are taken. */
export class Counter {
  readonly #arms: number;
  readonly #capNs: number;
  /** At stage × arms + arm; used again and again, since a tick is no time to make new ones. */
  readonly #counts = new Map<number, ArmCounts>();

  /** `capNs`: what a request without an answer counts with, the run's timeout. */
  constructor(arms: number, capNs: number) {
    this.#arms = arms;
    this.#capNs = capNs;
  }

  add(observation: Observation): void {
    const counts = this.#of(observation.stage * this.#arms + observation.arm);
    if (observation.kind === "dropped") {
      counts.planned += observation.count;
      counts.dropped += observation.count;
      return;
    }
    counts.planned++;
    if (isFailure(observation)) counts.failed++;
    if (observation.kind === "response") counts.responses++;
    counts.responseTime.record(responseTimeUs(observation, this.#capNs));
    counts.startLag.record(Math.max(generatorLagUs(observation), 0));
  }

  /** What came since the last call. */
  take(): CountsMessage {
    const taken: CountsMessage[number][] = [];
    for (const [place, counts] of this.#counts) {
      const { dropped, failed, planned, responses } = counts;
      // A stage that is over.
      if (planned === 0) {
        this.#counts.delete(place);
        continue;
      }
      const stage = Math.floor(place / this.#arms);
      const arm = place % this.#arms;
      const responseTime = counts.responseTime.toCounts();
      const startLag = counts.startLag.toCounts();
      taken.push({ stage, arm, planned, responses, failed, dropped, responseTime, startLag });
      clear(counts);
    }
    return taken;
  }

  #of(place: number): ArmCounts {
    let counts = this.#counts.get(place);
    if (counts === undefined) {
      counts = emptyCounts({ dense: true });
      this.#counts.set(place, counts);
    }
    return counts;
  }
}

function clear(counts: ArmCounts): void {
  counts.planned = 0;
  counts.responses = 0;
  counts.failed = 0;
  counts.dropped = 0;
  counts.responseTime.clear();
  counts.startLag.clear();
}
