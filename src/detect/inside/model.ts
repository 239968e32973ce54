import type { Confirmation, Evidence, Finding } from "../detector.ts";

/** What a target tells of itself, beside a finding. */
export interface Told {
  readonly confirmation: Confirmation;
  /** In words, as the end of a sentence; empty where it tells nothing. */
  readonly says: string;
  /** That the cause which was named cannot be it: nobody is condemned for that. */
  readonly refutes?: boolean;
}

export const NOTHING_TOLD: Told = { confirmation: "outside-only", says: "" };

/** A finding's arm and dependency, and the time of the stage in which it began. */
export interface Place {
  readonly arm: number;
  /** Null where it is about the arm as a whole. */
  readonly dependency: string | null;
  readonly fromNs: number;
  readonly toNs: number;
}

/** Looks for what confirms one detector's findings. To add one: a file, and a line in `index.ts`. */
export type Confirmer = (evidence: Evidence, finding: Finding, place: Place) => Told;
