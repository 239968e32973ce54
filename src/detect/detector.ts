import type { Probe } from "../emulator/index.ts";
import type { EmulatedCall, ErrorKind, TcpConnection } from "../measure/index.ts";
import type { InsideSignals, ProcessUse, TimeWindow } from "../telemetry/index.ts";

/**
 * How requests and the calls they made were joined: by the identity that the target passed on, or,
 * where it passes none on (or one that cannot be true), by their numbers in the same time alone.
 */
export type JoinedBy = "identity" | "rates";

/**
 * A sickness beside control: `new`, control does the same work and is well; `worse`, control has it,
 * and less of it; `shared`, control has as much; `absent-in-control`, control does no such work.
 */
export type Beside = "new" | "worse" | "shared" | "absent-in-control";

/** Where a sickness began: the first stage that shows it, and its planned rate. */
export interface Began {
  readonly stage: string;
  /** Seconds since the run's start. */
  readonly atS: number;
  readonly ratePerSec: number;
}

/** What the target tells of itself, beside what is seen of it. */
export type Confirmation = "inside" | "outside-only" | "contradicted";

/** How large the sick thing is: `{ what: "connections in the pool", value: 4, unit: "connections" }`. */
export interface Size {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
}

/** How much more of it there is than in control: variant ÷ control − 1, or variant − control. */
export interface FindingEffect {
  readonly what: string;
  readonly kind: "relative" | "difference";
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
  readonly confidence: number;
}

/**
 * One judgement with its evidence. `shared` is a sickness that control has as much of: it is
 * reported, and condemns nobody.
 */
export interface Finding {
  readonly detector: string;
  /** What was judged: `variant payments`. */
  readonly subject: string;
  readonly status: "pass" | "inconclusive" | "fail" | "shared";
  /** The arm that was judged; left out by a detector that crashed. */
  readonly arm?: string;
  /** Null where it is not about one dependency. */
  readonly dependency?: string | null;
  readonly joinedBy?: JoinedBy;
  readonly comparison?: Beside;
  readonly began?: Began | null;
  readonly size?: Size | null;
  readonly effect?: FindingEffect | null;
  /**
   * For "no more of it than control has", where the detector has one; 1 where it is not there.
   * `detectAll` adjusts them over all findings and stages: one that does not hold up fails no longer.
   */
  readonly pValue?: number;
  /**
   * Whether what the target tells of itself agrees: it does, it says otherwise, or it tells nothing
   * of this. Left out where nothing was found that could be confirmed.
   */
  readonly confirmation?: Confirmation;
  readonly cause?: string;
  readonly summary: string;
  /** Of one that is inconclusive since there is too little to judge by: what there is, and what it takes. */
  readonly needs?: { readonly what: string; readonly have: number; readonly need: number };
  /** What would cure it, one sentence, where the detector knows. */
  readonly cure?: string;
  readonly evidence: Readonly<Record<string, number | string | boolean | null>>;
  readonly warnings?: string[];
}

/** Judges evidence. Pure; one file each; a detector that throws is reported as inconclusive. */
export interface Detector {
  readonly name: string;
  detect(evidence: Evidence): readonly Finding[];
}

/** A started request, as detectors see it. */
export interface RequestRow {
  readonly seq: number;
  readonly stage: number;
  /** Indexes `Evidence.routes`. */
  readonly route: number;
  readonly intendedNs: number;
  readonly startNs: number;
  readonly endNs: number;
  /** 0 when it ended without a response. */
  readonly status: number;
  readonly error: ErrorKind | null;
}

export interface StageWindow {
  readonly name: string;
  /** At its end; at its beginning, where that is another (a ramp). */
  readonly ratePerSec: number;
  readonly fromPerSec?: number;
  /** Its beginning, where it settles first. */
  readonly startNs?: number;
  /** From after settling to the stage's end. */
  readonly fromNs: number;
  readonly toNs: number;
  readonly judged: boolean;
  /** What is done to a dependency while it lasts, or to caches as it begins; nothing unless it is there. */
  readonly probe?: Probe;
  /** By arm, when its caches were emptied as the stage began; null of one that was not told to. */
  readonly flushes?: readonly (CacheFlush | null)[];
}

/** Some moment between these two an arm's caches were emptied; whether they were is not known unless `ok`. */
export interface CacheFlush {
  readonly fromNs: number;
  readonly toNs: number;
  readonly ok: boolean;
}

export interface DependencyFacts {
  readonly name: string;
  /** How long a caller may keep an answer; null when the dependency does not say. */
  readonly cacheTtlNs: number | null;
}

/**
 * What detectors judge: what the generator and the emulator saw, on one clock. Arm 0 is control;
 * every other arm is judged beside it.
 */
export interface Evidence {
  readonly arms: readonly string[];
  readonly routes: readonly string[];
  readonly stages: readonly StageWindow[];
  readonly dependencies: readonly DependencyFacts[];
  /** How many records the profile has: starts `seq` and `seq + recordCount` ask for the same thing. */
  readonly recordCount: number;
  /** Started requests of an arm, by start. */
  requests(arm: number): readonly RequestRow[];
  request(arm: number, seq: number): RequestRow | undefined;
  /**
   * Calls of an arm to a dependency, by arrival; to one of TCP, what was exchanged on its connections
   * (`exchanges.ts`). `seq` is −1 where no identity was passed on, and
   * where the one that was cannot be true.
   */
  calls(arm: number, dependency: number): readonly EmulatedCall[];
  /** What was possible between an arm's requests and its calls to a dependency. */
  joinedBy(arm: number, dependency: number): JoinedBy;
  /** Connections of an arm to a TCP dependency, by opening. */
  connections(arm: number, dependency: number): readonly TcpConnection[];
  /** Calls that one request of an arm made, to any dependency, by arrival; none without identity. */
  callsOf(arm: number, seq: number): readonly EmulatedCall[];
  /** What arms told of themselves by OpenTelemetry; null where nobody asked. */
  readonly inside: InsideSignals | null;
  /** What an arm's processes used over some time; null of an arm that the run did not start. */
  processes(arm: number, window: TimeWindow): ProcessUse | null;
}
