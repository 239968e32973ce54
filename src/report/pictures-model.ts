import type { ComparisonRow } from "./model.ts";

/** One value for each one-second window of the run; null where a window has none. */
export type Series = readonly (number | null)[];

/** The effect of a metric on one variant as it stood after more and more blocks of one stage. */
export interface LiftCurve {
  readonly arm: string;
  readonly metric: string;
  readonly unit: ComparisonRow["unit"];
  readonly role: ComparisonRow["role"];
  readonly stage: string;
  readonly better: ComparisonRow["better"];
  /** The scale of everything here, the margin's too. */
  readonly kind: "relative" | "difference";
  readonly margin: number;
  readonly points: readonly {
    /** The end of the last block that is in it, seconds into the run. */
    readonly atS: number;
    readonly blocks: number;
    /** Null with too few blocks to tell how much they vary. */
    readonly estimate: number | null;
    /** A band that holds the effect at all points together with the confidence of the intervals. */
    readonly low: number | null;
    readonly high: number | null;
    /** What was seen at this block while the run went on, on the same scale; null where nobody looked. */
    readonly looked: number | null;
  }[];
}

/** One arm's times by percentile over all of its starts, in µs. */
export interface TimesCurve {
  readonly arm: string;
  readonly points: readonly {
    readonly quantile: number;
    readonly responseUs: number;
    readonly serviceUs: number;
    readonly startLagUs: number;
  }[];
}

/** What was registered before the first request, as far as a reader needs it. */
export interface RegisteredRules {
  readonly alpha: number;
  readonly power: number;
  /** On the log scale; null: none, and a single run cannot ship. */
  readonly betweenRunSd: number | null;
  readonly runs: number;
  readonly stop: { readonly harm: boolean; readonly futility: boolean };
  readonly stages: readonly {
    readonly name: string;
    readonly fromPerSec: number;
    readonly ratePerSec: number;
    readonly lengthS: number;
    readonly judged: boolean;
    readonly onHold: "stop" | "go-on";
  }[];
  readonly profileSha256: string;
  readonly scenarioSha256: string;
}

/** An entry of the audit trail, or several looks that follow each other as one. */
export interface TrailRow {
  readonly at: string;
  readonly event: string;
  /** How many entries it stands for. */
  readonly entries: number;
  /** `stage: pilot`, … in the entry's own words, shortened. */
  readonly detail: string;
  readonly sha256: string;
}

/** What a page draws beside the result, from the run's files. */
export interface RunPictures {
  /** Empty for several runs: each one's own report has them. */
  readonly lifts: readonly LiftCurve[];
  readonly times: readonly TimesCurve[];
  readonly registered: RegisteredRules;
  /** Up to the verdict, which is made before it is entered. */
  readonly trail: readonly TrailRow[];
}

/** Latencies of one window as [bin, requests]: bin b is 10^(b/8) µs and above. */
export type LatencyBins = readonly (readonly [bin: number, requests: number])[];
export const LATENCY_BINS_PER_DECADE = 8;

/** What a dependency meant to take for an arm's calls, and took; and what it was asked for. */
export interface DependencyArm {
  readonly arm: string;
  /** Time-weighted mean and largest number of calls in flight in each window. */
  readonly inFlightMean: Series;
  readonly inFlightMax: Series;
  readonly callsPerSec: Series;
  /** Of calls that were answered; empty for several runs. */
  readonly delays: readonly {
    readonly quantile: number;
    readonly meantUs: number;
    readonly givenUs: number;
  }[];
  /** Different things asked for, and the calls for the most wanted of them; null for several runs. */
  readonly keys: { readonly distinct: number; readonly topCalls: number } | null;
}
