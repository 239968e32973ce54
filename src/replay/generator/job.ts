import type { Pacing, PlainError } from "../../core/index.ts";
import type { RekeyPlan, StoredRecords } from "../../profile/index.ts";
import type { ArrivalSpec, ScheduleInput } from "../../schedule/index.ts";
import type { ResponseRules } from "../answers/index.ts";
import type { CrossoverSpec, RecordKeys, SplitSpec } from "../assignment/index.ts";
import type { SubstitutionCounts, SubstitutionRule } from "../substitute/index.ts";
import type { Thinning } from "../thinner.ts";
import type { TransportLimits, TransportTarget } from "../transports/transport.ts";
import type { TransportName } from "../transports/index.ts";
import type { BlocksMessage, LookedAt } from "./block-counts.ts";
import type { CountsMessage } from "./counts.ts";

/** One arm, as a generator needs it. */
export interface GeneratorArm {
  readonly name: string;
  readonly target: TransportTarget;
  readonly headers: Readonly<Record<string, string>>;
  readonly transport: TransportName;
}

/** A stage's arrivals, as data: `makeSchedule` makes the schedule of it. */
export interface StageArrivals {
  readonly spec: ArrivalSpec;
  readonly input: ScheduleInput;
}

/** Which arms get a start, as data. */
export type AssignedStarts =
  | {
      readonly spec: SplitSpec;
      readonly keys: RecordKeys;
      /** Where each worker writes which start went where, in the order of the workers. */
      readonly logPaths: readonly string[];
    }
  | { readonly spec: CrossoverSpec };

/** Everything that generators do, as plain data: it goes to worker threads as it is. */
export interface GeneratorJob {
  readonly arms: readonly GeneratorArm[];
  /** The profile's records, and its routes: shared by all threads, not copied. */
  readonly records: StoredRecords;
  readonly stageNames: readonly string[];
  /**
   * Where starts go to one arm after the other, these are what each arm gets: as many times shorter
   * as there are arms.
   */
  readonly stages: readonly StageArrivals[];
  /** Without it, every start goes to every arm at once. */
  readonly assigned?: AssignedStarts;
  readonly lookedAt: LookedAt;
  readonly runId: string;
  readonly seed: string;
  readonly timeoutNs: number;
  /** Per arm, over all workers. */
  readonly inFlightMax: number;
  /** `connectionsMax` is per arm, over all workers. */
  readonly limits: TransportLimits;
  readonly pacing: Pacing;
  /** Whether workers go before all that is not in real time, where the host lets them. */
  readonly goesFirst: boolean;
  readonly workers: number;
  /** Workers rehearse unless this is false: their first seconds are late then, and nothing else. */
  readonly rehearse?: boolean;
  /** Whether clones of a capture that is scaled up get keys of their own. */
  readonly rekey: boolean;
  /** The most copies that any stage superposes, the capture itself included. */
  readonly copies: number;
  readonly substitute: readonly SubstitutionRule[];
  /** How answers are compared, and where each worker writes what differs; nothing is without it. */
  readonly responses?: ResponseRules & { readonly paths: readonly string[] };
  /** Where each worker writes its observations, in the order of the workers. */
  readonly spoolPaths: readonly string[];
  /** Where it is written of each worker, should it die, what it has not told of its starts. */
  readonly untoldPaths: readonly string[];
}

/** A worker's part of a job. */
export interface Shard {
  readonly job: GeneratorJob;
  readonly worker: number;
}

/** What a worker thread is started with. */
export interface WorkerJob extends Shard {
  /** How clones are re-keyed; null where they are not. */
  readonly rekeying: RekeyPlan | null;
  /** Where the arms are is told later. */
  readonly aimsLater?: boolean;
}

export type ToWorker =
  /** Starts that were intended before `fromNs` are somebody else's. */
  | { readonly kind: "go"; readonly originNs: bigint; readonly fromNs: number }
  | { readonly kind: "aim"; readonly arms: readonly GeneratorArm[] }
  | { readonly kind: "stop" }
  /** One arm gets no load any more. */
  | { readonly kind: "cut"; readonly arm: number }
  /** For some time only a share of the starts is sent, in all arms. */
  | { readonly kind: "thin"; readonly thinning: Thinning }
  /** A ramp that was held goes on. */
  | { readonly kind: "release"; readonly fromNs: number }
  | { readonly kind: "leave" };

/** What a worker did in all. */
export interface WorkerTotals {
  readonly endNs: number;
  readonly keptRows: number;
  readonly lostRows: number;
  /** Requests sent a second time, since their kept-alive connection had just been closed. */
  readonly resends: number;
  readonly substitutions: Readonly<SubstitutionCounts>;
}

/** What a worker that did nothing did. */
export const NOTHING_DONE: WorkerTotals = {
  endNs: 0,
  keptRows: 0,
  lostRows: 0,
  resends: 0,
  substitutions: { learned: 0, applied: 0, missed: 0, refused: 0, forgotten: 0 },
};

/** Counts of the same kind, added up. */
export function sumCounts(
  all: readonly Readonly<SubstitutionCounts>[],
): Readonly<SubstitutionCounts> {
  const sum = (of: keyof SubstitutionCounts): number =>
    all.reduce((total, counts) => total + counts[of], 0);
  return {
    learned: sum("learned"),
    applied: sum("applied"),
    missed: sum("missed"),
    refused: sum("refused"),
    forgotten: sum("forgotten"),
  };
}

export type FromWorker =
  /** Warm, and waiting for `go`. */
  | { readonly kind: "ready" }
  | { readonly kind: "stage"; readonly stage: number }
  | { readonly kind: "counts"; readonly counts: CountsMessage }
  | { readonly kind: "blocks"; readonly told: BlocksMessage }
  | { readonly kind: "rehearsal"; readonly counts: CountsMessage }
  /** An arm takes no connections any more. */
  | { readonly kind: "gone"; readonly arm: number; readonly forNs: number }
  /** Observations cannot be written. */
  | { readonly kind: "disk"; readonly error: PlainError }
  | { readonly kind: "done"; readonly totals: WorkerTotals; readonly error: PlainError | null };
