import type { EmulatorSnapshot } from "../emulator/index.ts";
import type {
  ArmStop,
  Decision,
  Gate,
  Look,
  Plan,
  PlanSizing,
  Throttling,
} from "../experiment/index.ts";
import type { Histogram } from "../measure/index.ts";
import { addCounts, type ArmCounts, type CountsMessage, emptyCounts } from "../replay/index.ts";
import type { RunAsk } from "./controls.ts";
import type { HeldRamp } from "./held-ramp.ts";

/** What is known of one arm while the run goes on. */
export interface LiveArm {
  readonly arm: string;
  readonly planned: number;
  readonly responses: number;
  readonly failed: number;
  readonly dropped: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly responseTime: Histogram;
  /** The generator's own lateness. */
  readonly startLag: Histogram;
}

/** What a run says of itself while it goes on; for a terminal, or a live page. */
export type RunEvent =
  /** The profile, or the capture: of a large one it takes a minute. */
  | { readonly kind: "reading"; readonly path: string }
  /** One of several runs begins (from 1); `first`: the arm in the first slot. */
  | { readonly kind: "run"; readonly run: number; readonly runs: number; readonly first: string }
  /** What is registered, and what it can show as far as that is known. */
  | { readonly kind: "plan"; readonly plan: Plan; readonly sizing: PlanSizing }
  /** Its directory is there, with the file that tells others of it while it goes on. */
  | { readonly kind: "opened"; readonly directory: string }
  | { readonly kind: "starting"; readonly what: string }
  | { readonly kind: "warning"; readonly message: string }
  | {
      readonly kind: "traffic";
      readonly directory: string;
      readonly stages: number;
      readonly durationNs: number;
      /** How the load is made: arrivals, pacing, workers. */
      readonly load: string;
    }
  | {
      readonly kind: "tick";
      readonly stage: number;
      readonly elapsedNs: number;
      /** Since the last tick; the last one of a run comes after its last answer. */
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
  /** What is seen at the end of a block. */
  | { readonly kind: "look"; readonly look: Look }
  | { readonly kind: "gate"; readonly gate: Gate }
  /** One variant of several gets no load any more. */
  | { readonly kind: "cut"; readonly cut: ArmStop }
  | { readonly kind: "asked"; readonly asked: RunAsk }
  /** Only a share of the load is sent, from a moment on. */
  | { readonly kind: "throttle"; readonly throttling: Throttling }
  /** Somebody holds the ramp, or lets it go on. */
  | { readonly kind: "ramp"; readonly held: HeldRamp }
  | { readonly kind: "stopping"; readonly because: string }
  | { readonly kind: "judging" }
  /** The last: reports are written, and the directory is about to be closed. */
  | {
      readonly kind: "verdict";
      readonly decision: Decision | null;
      readonly reason: string;
      readonly needs?: string;
    };

function view(arm: string, counts: ArmCounts): LiveArm {
  const { dropped, failed, planned, responses, responseTime, startLag } = counts;
  const [p50Us, p99Us] = [responseTime.quantile(0.5), responseTime.quantile(0.99)];
  return { arm, planned, responses, failed, dropped, p50Us, p99Us, responseTime, startLag };
}

/** Counts of all workers by tick and by stage, for those who watch. */
export class LiveCounts {
  readonly #arms: readonly string[];
  #tick: ArmCounts[];
  readonly #stages = new Map<number, ArmCounts[]>();

  constructor(arms: readonly string[]) {
    this.#arms = arms;
    this.#tick = this.#fresh();
  }

  add(message: CountsMessage): void {
    for (const counts of message) {
      addCounts(this.#tick[counts.arm]!, counts);
      let stage = this.#stages.get(counts.stage);
      if (stage === undefined) {
        stage = this.#fresh();
        this.#stages.set(counts.stage, stage);
      }
      addCounts(stage[counts.arm]!, counts);
    }
  }

  /** What came since the last call. */
  takeTick(): LiveArm[] {
    const views = this.#views(this.#tick);
    this.#tick = this.#fresh();
    return views;
  }

  /** Since the run began, by stage and arm. */
  get counts(): ReadonlyMap<number, readonly ArmCounts[]> {
    return this.#stages;
  }

  stage(stage: number): LiveArm[] {
    return this.#views(this.#stages.get(stage) ?? this.#fresh());
  }

  #views(counts: readonly ArmCounts[]): LiveArm[] {
    return counts.map((each, index) => view(this.#arms[index] ?? "?", each));
  }

  #fresh(): ArmCounts[] {
    return this.#arms.map(() => emptyCounts());
  }
}
