/** What of two profiles is compared. */
export type DriftAspect =
  | "routes"
  | "rate"
  | "burstiness"
  | "popularity"
  | "known-keys"
  | "working-set"
  | "statuses"
  | "headers"
  | "request-size"
  | "response-size"
  | "service-time"
  | "session-requests"
  | "think-time";

/**
 * `drifted`: more than chance makes of one and the same traffic, and enough to matter. `alike`: no
 * such difference was seen, which is less than knowing that there is none. `unknown`: cannot be told.
 */
export type DriftState = "drifted" | "alike" | "unknown";

/** What the size of a difference is told in. All are 0 (ratios 1) for no difference. */
export type DriftMeasure =
  /** √(χ²/n), 0…1, of mixes. */
  | "cramers-v"
  /** After ÷ before. */
  | "ratio"
  /** How much more often a value of after lies above one of before than below, −1…1. */
  | "cliffs-delta"
  /** After minus before, of shares. */
  | "share-difference"
  /** The same, of the values above the 90th percentile of both profiles. */
  | "tail-difference";

export interface DriftEffect {
  readonly measure: DriftMeasure;
  readonly value: number;
  /** 95 % interval; null where none is known. */
  readonly low: number | null;
  readonly high: number | null;
  /** From so far away from no difference on, a difference matters; of ratios, so many times. */
  readonly mattersFrom: number;
}

/** Whether the difference is large enough to matter, whatever its p-value. */
export function matters({ mattersFrom, measure, value }: DriftEffect): boolean {
  if (measure === "ratio") return Math.max(value, 1 / value) >= mattersFrom;
  return Math.abs(value) >= mattersFrom;
}

/** One line of the evidence: a category of a mix, a quantile. */
export interface DriftDetail {
  readonly what: string;
  readonly before: number | null;
  readonly after: number | null;
}

/** One aspect (of one route) of two profiles, compared. */
export interface DriftTest {
  readonly aspect: DriftAspect;
  /** Null where it is of all routes. */
  readonly route: string | null;
  readonly state: DriftState;
  /** What `before`, `after` and the details count: shares, per second, bytes, µs. */
  readonly unit: "share" | "per-s" | "index" | "bytes" | "us" | "requests" | "keys" | "chance";
  /** The figure that is compared, where it is one; of a mix there is none. */
  readonly before: number | null;
  readonly after: number | null;
  readonly effect: DriftEffect | null;
  /** For no difference; null where it cannot be told. */
  readonly pValue: number | null;
  /** The same after Holm's adjustment for all tests of the comparison. */
  readonly adjustedPValue: number | null;
  /** What differs, or why it cannot be told; null where there is nothing to add. */
  readonly because: string | null;
  /** What moved most first, or quantiles; at most ten. */
  readonly details: readonly DriftDetail[];
}

export interface DriftSide {
  readonly name: string;
  readonly startedAt: string | null;
  readonly requestCount: number;
  readonly durationNs: number;
}

/** How two profiles differ: `before` is the one at hand, `after` what it is held against. */
export interface ProfileDiff {
  readonly before: DriftSide;
  readonly after: DriftSide;
  /** The chance that profiles of one and the same traffic come out as drifted: at most this. */
  readonly alpha: number;
  readonly drifted: boolean;
  readonly tests: readonly DriftTest[];
  /** What limits the comparison as a whole. */
  readonly notes: readonly string[];
}

/** A test before the family is known that it belongs to. */
export type Compared = Omit<DriftTest, "state" | "adjustedPValue" | "route"> & {
  readonly route?: string;
};

/** What cannot be told, and why. */
export const untold = (
  aspect: DriftAspect,
  unit: DriftTest["unit"],
  because: string,
): Compared => ({
  aspect,
  unit,
  before: null,
  after: null,
  effect: null,
  pValue: null,
  because,
  details: [],
});
