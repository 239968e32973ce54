import {
  formatBytes,
  formatCount,
  formatRatio,
  formatRatePerSec,
  formatUs,
} from "../../core/index.ts";
import type { DriftAspect, DriftEffect, DriftTest } from "../../profile/index.ts";

/* How two profiles differ, in the words of the terminal and of the page. */

/** What is compared, for people. */
export const DRIFT_NAMES: Readonly<Record<DriftAspect, string>> = {
  routes: "mix of routes",
  rate: "rate",
  burstiness: "burstiness",
  popularity: "key popularity",
  "known-keys": "known keys",
  "working-set": "working set",
  statuses: "statuses",
  headers: "header sets",
  "request-size": "request size",
  "response-size": "response size",
  "service-time": "service time",
  "session-requests": "session size",
  "think-time": "think time",
};

const plain = (value: number): string => value.toPrecision(3);

/** How the figures of a test are written. */
export const DRIFT_FORMATS: Readonly<Record<DriftTest["unit"], (value: number) => string>> = {
  share: formatRatio,
  chance: formatRatio,
  "per-s": formatRatePerSec,
  index: plain,
  bytes: formatBytes,
  us: formatUs,
  requests: formatCount,
  keys: formatCount,
};

/** Of a detail, whose unit may not be its test's own: exponents have none. */
export const driftDetailFormat = (test: DriftTest, what: string): ((value: number) => string) =>
  what.startsWith("Zipf") ? plain : DRIFT_FORMATS[test.unit];

const pointsText = (share: number): string => {
  const points = (100 * share).toFixed(1);
  return share > 0 ? `+${points}` : points;
};

/** A size on an effect's scale, its own or an end of its interval: `× 1.26`, `Cliff's δ 0.21`. */
export function driftEffectWords({ measure }: DriftEffect, value: number): string {
  switch (measure) {
    case "cramers-v":
      return `Cramér's V ${value.toFixed(3)}`;
    case "ratio":
      return `× ${value.toPrecision(3)}`;
    case "cliffs-delta":
      return `Cliff's δ ${value.toFixed(2)}`;
    case "share-difference":
      return `${pointsText(value)} points`;
    case "tail-difference":
      return `${pointsText(value)} points in the tail`;
  }
}
