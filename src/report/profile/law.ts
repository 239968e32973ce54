import { latencySchema, type LatencySpec } from "../../emulator/index.ts";
import type { WrittenModel } from "../../profile/index.ts";
import type { LatencyLaw, LognormalPart } from "../../stats/index.ts";

function partOf(weight: number, latency: LatencySpec): LognormalPart | null {
  if (latency.kind !== "lognormal" || latency.shiftUs !== 0) return null;
  return { weight, medianUs: latency.medianUs, sigma: latency.sigma };
}

/** A law whose quantiles can be computed; null of models that are none, or depend on more. */
function lawOfSpec(spec: LatencySpec): LatencyLaw | null {
  switch (spec.kind) {
    case "constant":
      return { kind: "constant", valueUs: spec.valueUs };
    case "uniform":
      return { kind: "uniform", minUs: spec.minUs, maxUs: spec.maxUs };
    case "exponential":
    case "lognormal":
    case "gamma":
    case "weibull":
    case "pareto":
      return spec;
    case "mixture": {
      const total = spec.of.reduce((sum, { weight }) => sum + weight, 0);
      const parts = spec.of.map(({ latency, weight }) => partOf(weight / total, latency));
      const some = parts.filter((part) => part !== null);
      return some.length === parts.length ? { kind: "lognormal-mixture", parts: some } : null;
    }
    case "normal":
    case "empirical":
    case "histogram":
    case "fitted":
    case "by":
    case "regimes":
    case "schedule":
    case "load":
    case "linear":
      return null;
  }
}

/** The law that a fit is written as; null where it is its quantiles, or not one that is known here. */
export function lawOf(latency: WrittenModel): LatencyLaw | null {
  const read = latencySchema.safeParse(latency);
  return read.success ? lawOfSpec(read.data) : null;
}
