import type { LatencyLaw } from "./laws.ts";
import { digamma } from "../stdlib.ts";

/*
 * Maximum-likelihood estimates. All take latencies in µs, sorted and above 0, and give null where
 * the data has no spread that the law could have.
 */

const HALVINGS = 60;
const SHAPE_MIN = 1e-3;
const SHAPE_MAX = 1e5;

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

const above = (sortedUs: readonly number[], shiftUs: number): number[] =>
  shiftUs === 0 ? [...sortedUs] : sortedUs.map((us) => us - shiftUs);

/** The shape at which a function that rises with it crosses 0, by halving its logarithm. */
function shapeWhere(rising: (shape: number) => number): number | null {
  let [low, high] = [Math.log(SHAPE_MIN), Math.log(SHAPE_MAX)];
  if (rising(SHAPE_MIN) > 0 || rising(SHAPE_MAX) < 0) return null;
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2;
    if (rising(Math.exp(middle)) < 0) low = middle;
    else high = middle;
  }
  return Math.exp((low + high) / 2);
}

/** The mean above the shift. Source: Johnson, Kotz & Balakrishnan 1994, §19.7. */
export function fitExponential(sortedUs: readonly number[], shiftUs: number): LatencyLaw | null {
  const meanUs = meanOf(sortedUs) - shiftUs;
  return meanUs > 0 ? { kind: "exponential", meanUs, shiftUs } : null;
}

/** Mean and standard deviation (÷ n) of the logarithm. Source: Johnson et al. 1994, §14.4. */
export function fitLognormal(sortedUs: readonly number[], shiftUs: number): LatencyLaw | null {
  const logs = above(sortedUs, shiftUs).map(Math.log);
  const mu = meanOf(logs);
  const sigma = Math.sqrt(meanOf(logs.map((log) => (log - mu) ** 2)));
  return sigma > 0 ? { kind: "lognormal", medianUs: Math.exp(mu), sigma, shiftUs } : null;
}

/** ln k − ψ(k) = ln mean(x) − mean(ln x), scale = mean ÷ k. Source: Minka 2002, eq. 5–6. */
export function fitGamma(sortedUs: readonly number[], shiftUs: number): LatencyLaw | null {
  const values = above(sortedUs, shiftUs);
  const mean = meanOf(values);
  const s = Math.log(mean) - meanOf(values.map(Math.log));
  const shape = s > 0 ? shapeWhere((k) => s - Math.log(k) + digamma(k)) : null;
  return shape === null ? null : { kind: "gamma", shape, scaleUs: mean / shape, shiftUs };
}

/**
 * Σxᵏln x ÷ Σxᵏ − 1/k = mean(ln x), scale = (mean xᵏ)^(1/k).
 * Source: Johnson et al. 1994, §21.4.
 */
export function fitWeibull(sortedUs: readonly number[], shiftUs: number): LatencyLaw | null {
  const values = above(sortedUs, shiftUs);
  // Taken relative to the largest, so that no power overflows.
  const largest = values.at(-1)!;
  const logs = values.map((value) => Math.log(value / largest));
  const meanLog = meanOf(logs);
  if (!(meanLog < 0) || logs[0] === 0) return null;
  const shape = shapeWhere((k) => {
    let [sum, weighted] = [0, 0];
    for (const log of logs) {
      const power = Math.exp(k * log);
      sum += power;
      weighted += power * log;
    }
    return weighted / sum - 1 / k - meanLog;
  });
  if (shape === null) return null;
  const scaleUs = largest * meanOf(logs.map((log) => Math.exp(shape * log))) ** (1 / shape);
  return { kind: "weibull", shape, scaleUs, shiftUs };
}

/**
 * 1 ÷ mean(ln(x ÷ least)), above the least less what the least of n exceeds the law's minimum by on
 * average: the likeliest minimum, which is the least itself, would leave no room for a new least.
 * Source: Johnson et al. 1994, §20.4.
 */
export function fitPareto(sortedUs: readonly number[]): LatencyLaw | null {
  const least = sortedUs[0]!;
  const meanLog = meanOf(sortedUs.map((us) => Math.log(us / least)));
  if (!(meanLog > 0)) return null;
  return {
    kind: "pareto",
    shape: 1 / meanLog,
    minUs: least * Math.max(1 - meanLog / (sortedUs.length - 1), 0.5),
  };
}

/** From the least to the greatest. */
export function fitUniform(sortedUs: readonly number[]): LatencyLaw | null {
  const [minUs, maxUs] = [sortedUs[0]!, sortedUs.at(-1)!];
  return maxUs > minUs ? { kind: "uniform", minUs, maxUs } : null;
}

/**
 * An estimate of the least that a call takes: as far below the smallest of n as an exponential's
 * smallest lies above its start, which is its mean ÷ n, with the mean taken from the median so
 * that a tail does not move it. (The shift that maximises a lognormal's likelihood is useless: it
 * grows without bound as the shift nears the minimum.) 0 or more, below the minimum.
 * Source: Johnson et al. 1994, §14.4.2 and §19.7.
 */
export function shiftOf(sortedUs: readonly number[]): number {
  const least = sortedUs[0]!;
  const median = sortedUs[sortedUs.length >> 1]!;
  const shift = least - (median - least) / Math.LN2 / sortedUs.length;
  return shift < least ? Math.max(shift, 0) : 0;
}
