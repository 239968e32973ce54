import type { EmulatorSnapshot } from "../emulator/index.ts";
import { Histogram, isFailure, type Observation, responseTimeUs } from "../measure/index.ts";

/** What is known of one arm while the run goes on. */
export interface LiveArm {
  readonly arm: string;
  readonly planned: number;
  readonly responses: number;
  readonly failed: number;
  readonly dropped: number;
  readonly p50Us: number;
  readonly p95Us: number;
}

/** What a run says of itself while it goes on; for a terminal, or a live page. */
export type RunEvent =
  | { readonly kind: "starting"; readonly what: string }
  | {
      readonly kind: "traffic";
      readonly directory: string;
      readonly stages: number;
      readonly durationNs: number;
    }
  | {
      readonly kind: "tick";
      readonly stage: number;
      readonly elapsedNs: number;
      /** Over the last tick. */
      readonly arms: readonly LiveArm[];
      readonly emulator: EmulatorSnapshot;
    }
  | {
      readonly kind: "stage-end";
      readonly stage: number;
      readonly name: string;
      readonly ratePerSec: number;
      /** Over the stage. */
      readonly arms: readonly LiveArm[];
    }
  | { readonly kind: "stopping"; readonly because: string }
  | { readonly kind: "judging" };

class LiveCounter {
  planned = 0;
  responses = 0;
  failed = 0;
  dropped = 0;
  readonly latency = new Histogram();
  readonly #capNs: number;

  constructor(capNs: number) {
    this.#capNs = capNs;
  }

  add(observation: Observation): void {
    this.planned++;
    if (observation.kind === "dropped") {
      this.dropped++;
      return;
    }
    if (isFailure(observation)) this.failed++;
    if (observation.kind === "response") this.responses++;
    this.latency.record(responseTimeUs(observation, this.#capNs));
  }

  view(arm: string): LiveArm {
    const { dropped, failed, planned, responses } = this;
    const [p50Us, p95Us] = [this.latency.quantile(0.5), this.latency.quantile(0.95)];
    return { arm, planned, responses, failed, dropped, p50Us, p95Us };
  }
}

/** Counts observations by tick and by stage, for those who watch. */
export class LiveCounts {
  readonly #arms: readonly string[];
  readonly #capNs: number;
  #tick: LiveCounter[];
  readonly #stages = new Map<number, LiveCounter[]>();

  /** `capNs`: what a request without an answer counts with, the run's timeout. */
  constructor(arms: readonly string[], capNs: number) {
    this.#arms = arms;
    this.#capNs = capNs;
    this.#tick = this.#fresh();
  }

  add(observation: Observation): void {
    this.#tick[observation.arm]?.add(observation);
    let stage = this.#stages.get(observation.stage);
    if (stage === undefined) {
      stage = this.#fresh();
      this.#stages.set(observation.stage, stage);
    }
    stage[observation.arm]?.add(observation);
  }

  /** What came since the last call. */
  takeTick(): LiveArm[] {
    const views = this.#tick.map((counter, index) => counter.view(this.#arms[index] ?? "?"));
    this.#tick = this.#fresh();
    return views;
  }

  stage(stage: number): LiveArm[] {
    const counters = this.#stages.get(stage) ?? this.#fresh();
    return counters.map((counter, index) => counter.view(this.#arms[index] ?? "?"));
  }

  #fresh(): LiveCounter[] {
    return this.#arms.map(() => new LiveCounter(this.#capNs));
  }
}
