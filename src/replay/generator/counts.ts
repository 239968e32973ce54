import {
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
}

/** The same on its way between threads, with where it belongs. */
interface PlainCounts extends Omit<ArmCounts, "responseTime"> {
  readonly stage: number;
  readonly arm: number;
  readonly responseTime: HistogramCounts;
}
export type CountsMessage = readonly PlainCounts[];

export function emptyCounts(): ArmCounts {
  return {
    planned: 0,
    responses: 0,
    failed: 0,
    dropped: 0,
    responseTime: new Histogram({ dense: true }),
  };
}

/** Adds counts that came from another thread. */
export function addCounts(to: ArmCounts, from: CountsMessage[number]): void {
  to.planned += from.planned;
  to.responses += from.responses;
  to.failed += from.failed;
  to.dropped += from.dropped;
  to.responseTime.addCounts(from.responseTime);
}

/** Counts observations by stage and arm, until they are taken. */
export class Counter {
  readonly #arms: number;
  readonly #capNs: number;
  #counts: ArmCounts[][] = [];

  /** `capNs`: what a request without an answer counts with, the run's timeout. */
  constructor(arms: number, capNs: number) {
    this.#arms = arms;
    this.#capNs = capNs;
  }

  add(observation: Observation): void {
    const counts = this.#of(observation.stage, observation.arm);
    if (observation.kind === "dropped") {
      counts.planned += observation.count;
      counts.dropped += observation.count;
      return;
    }
    counts.planned++;
    if (isFailure(observation)) counts.failed++;
    if (observation.kind === "response") counts.responses++;
    counts.responseTime.record(responseTimeUs(observation, this.#capNs));
  }

  /** What came since the last call. */
  take(): CountsMessage {
    const taken = this.#counts.flatMap((arms, stage) =>
      arms.map(({ responseTime, ...counts }, arm) => ({
        ...counts,
        stage,
        arm,
        responseTime: responseTime.toCounts(),
      })),
    );
    this.#counts = [];
    return taken.filter(({ planned }) => planned > 0);
  }

  #of(stage: number, arm: number): ArmCounts {
    let arms = this.#counts[stage];
    // Empty: a later stage was counted first, and this one's stragglers come after it.
    if (arms === undefined || arms.length === 0) {
      for (let i = this.#counts.length; i <= stage; i++) this.#counts[i] ??= [];
      arms = Array.from({ length: this.#arms }, emptyCounts);
      this.#counts[stage] = arms;
    }
    return arms[arm]!;
  }
}
