import type { EmulatedCall, ErrorKind } from "../measure/index.ts";

/** One judgement with its evidence. */
export interface Finding {
  readonly detector: string;
  /** What was judged: `variant payments`. */
  readonly subject: string;
  readonly status: "pass" | "inconclusive" | "fail";
  readonly cause?: string;
  readonly summary: string;
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
  readonly intendedNs: number;
  readonly startNs: number;
  readonly endNs: number;
  /** 0 when it ended without a response. */
  readonly status: number;
  readonly error: ErrorKind | null;
}

export interface StageWindow {
  readonly name: string;
  readonly ratePerSec: number;
  /** From after settling to the stage's end. */
  readonly fromNs: number;
  readonly toNs: number;
  readonly judged: boolean;
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
  readonly stages: readonly StageWindow[];
  readonly dependencies: readonly DependencyFacts[];
  /** How many records the profile has: starts `seq` and `seq + recordCount` ask for the same thing. */
  readonly recordCount: number;
  /** Started requests of an arm, by start. */
  requests(arm: number): readonly RequestRow[];
  request(arm: number, seq: number): RequestRow | undefined;
  /** Calls of an arm to a dependency, by arrival. */
  calls(arm: number, dependency: number): readonly EmulatedCall[];
  /** Calls that one request of an arm made, to any dependency, where the target passes identity on. */
  callsOf(arm: number, seq: number): readonly EmulatedCall[];
}
