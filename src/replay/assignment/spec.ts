/** Who is who: a captured session (or connection), the value of a header, or each request by itself. */
export type SplitBy =
  | { readonly kind: "session" }
  | { readonly kind: "header"; readonly header: string }
  | { readonly kind: "request" };

/** Each start goes to one arm, by the hash of whose it is. */
export interface SplitSpec {
  readonly kind: "split";
  readonly by: SplitBy;
  /** By arm, control first; they add up to 1. */
  readonly weights: readonly number[];
  /** By stage: the share of all keys that the variants have together. */
  readonly shares: readonly number[];
  /** The share of all keys that stays with control whatever the stage: at most 1 less any share. */
  readonly holdout: number;
  /** Keys that no variant gets and that are compared with nothing; `*` stands for anything. */
  readonly reserved: readonly string[];
}

/** One arm at a time: every start goes to each arm, in periods one after the other. */
export interface CrossoverSpec {
  readonly kind: "crossover";
  readonly periodNs: number;
  /** Of each period, the beginning that is not judged. */
  readonly washoutNs: number;
}

/** Which arms get a start. Without one, all do, at once: the duet. */
export type AssignmentSpec = SplitSpec | CrossoverSpec;

/** What a start is, beside its arm: compared, held out (control's, and compared), or reserved. */
export const EXPOSURE_PARTS = ["compared", "holdout", "reserved"] as const;
export type ExposurePart = (typeof EXPOSURE_PARTS)[number];
