import { type Prng, seededPrng } from "../core/index.ts";

/** How unevenly a sequence of requests goes to its keys. */
export interface Popularity {
  /** Requests that have a key. */
  readonly requests: number;
  readonly distinct: number;
  /** Of the distinct keys, those seen once. */
  readonly oneHitShare: number;
  /** Of the requests, those for the hottest key. */
  readonly hottestShare: number;
  /** Null where too few keys are seen often enough to tell. */
  readonly zipf: ZipfFit | null;
}

/** f(r) ∝ r^−exponent over the ranks 1 to `ranks`. */
export interface ZipfFit {
  readonly exponent: number;
  /** 95 % interval. */
  readonly low: number;
  readonly high: number;
  /** Keys that were fitted: the hottest. */
  readonly ranks: number;
}

/** Keys that are fitted: those seen this often. Of rarer ones, hardly anything is known. */
const TIMES_MIN = 10;
const RANKS_MIN = 10;
const EXPONENT_MAX = 10;
const STEPS_MAX = 50;
const Z_95 = 1.959964;
/** Samples that are drawn from a fitted law, to see how far off a fit of them is. */
const RESAMPLES = 60;
/** Of the law's ranks below those that were fitted, so many times more may come up among them. */
const RANKS_BELOW = 4;
/** Above this mean, a Poisson count is drawn as a normal one. */
const NORMAL_FROM = 50;

/** @param keys of each request, in any order; null for one without */
export function popularityOf(keys: Iterable<string | null>): Popularity {
  const times = new Map<string, number>();
  let requests = 0;
  for (const key of keys) {
    if (key === null) continue;
    requests++;
    times.set(key, (times.get(key) ?? 0) + 1);
  }
  return popularityOfTimes(times.values(), requests);
}

/** @param times how often each key was asked for, in any order; they add up to `requests` */
export function popularityOfTimes(times: Iterable<number>, requests: number): Popularity {
  const counts = Float64Array.from(times).toSorted().toReversed();
  const once = counts.reduce((sum, count) => sum + (count === 1 ? 1 : 0), 0);
  return {
    requests,
    distinct: counts.length,
    oneHitShare: counts.length === 0 ? 0 : once / counts.length,
    hottestShare: requests === 0 ? 0 : counts[0]! / requests,
    zipf: zipfOf(counts),
  };
}

/**
 * The exponent that makes the counts of the hottest keys most likely, given that a request goes to
 * one of them: the mean of ln r is what the law says it is. That the keys are ranked by the same
 * counts makes any sample look other than its law; by how much is seen on samples of the fitted law,
 * which are ranked in the same way, and taken off. The interval is from their spread. Null with
 * fewer than ten keys that were seen ten times.
 *
 * `counts` descending. Sources: maximum likelihood of a finite (truncated) Zipf law, M. L. Goldstein
 * et al., "Problems with fitting to the power-law distribution", Eur. Phys. J. B 41 (2004);
 * parametric bootstrap, B. Efron & R. Tibshirani, "An Introduction to the Bootstrap" (1993), ch. 6.
 */
export function zipfOf(counts: Float64Array): ZipfFit | null {
  const seen = likeliest(counts);
  if (seen === null) return null;
  const prng = seededPrng("zipf");
  const resampled: number[] = [];
  const means = meansOf(counts, seen);
  for (let i = 0; i < RESAMPLES; i++) {
    const sample = Float64Array.from(means, (mean) => poisson(mean, prng))
      .toSorted()
      .toReversed();
    const again = likeliest(sample)?.exponent;
    if (again !== undefined) resampled.push(again);
  }
  if (resampled.length < RESAMPLES) return null;
  const mean = resampled.reduce((sum, value) => sum + value, 0) / RESAMPLES;
  const squares = resampled.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const half = Z_95 * Math.sqrt((squares / (RESAMPLES - 1)) * (1 + 1 / RESAMPLES));
  const exponent = Math.max(2 * seen.exponent - mean, 0);
  return { exponent, low: Math.max(exponent - half, 0), high: exponent + half, ranks: seen.ranks };
}

/** What the fitted law gives each of its ranks, and some ranks below, in a sample of the same size. */
function meansOf(counts: Float64Array, { exponent, ranks, requests }: Likeliest): Float64Array {
  const all = Math.min(counts.length, ranks * RANKS_BELOW);
  const weights = Float64Array.from({ length: all }, (_, i) => (i + 1) ** -exponent);
  const fitted = weights.subarray(0, ranks).reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => (weight / fitted) * requests);
}

interface Likeliest {
  readonly exponent: number;
  readonly ranks: number;
  /** That went to these ranks. */
  readonly requests: number;
}

function likeliest(counts: Float64Array): Likeliest | null {
  const below = counts.findIndex((count) => count < TIMES_MIN);
  const head = counts.subarray(0, below === -1 ? counts.length : below);
  if (head.length < RANKS_MIN) return null;
  const logs = Float64Array.from(head, (_, i) => Math.log(i + 1));
  const requests = head.reduce((sum, count) => sum + count, 0);
  const wanted = head.reduce((sum, count, i) => sum + count * logs[i]!, 0) / requests;
  // The mean of ln r falls with the exponent, by its variance: Newton's steps, or halving where one
  // would leave the bracket. Negative exponents are of samples from a flat law.
  let [low, high, exponent] = [-EXPONENT_MAX, EXPONENT_MAX, 1];
  for (let i = 0; i < STEPS_MAX && high - low > 1e-9; i++) {
    const { mean, variance } = logMoments(logs, exponent);
    if (mean > wanted) low = exponent;
    else high = exponent;
    const next = exponent + (mean - wanted) / variance;
    if (Math.abs(next - exponent) < 1e-9) break;
    exponent = next > low && next < high ? next : (low + high) / 2;
  }
  return { exponent, ranks: head.length, requests };
}

/** Knuth's product of uniforms; a rounded normal where the mean is large. */
function poisson(mean: number, prng: Prng): number {
  if (mean > NORMAL_FROM) {
    const normal = Math.sqrt(-2 * Math.log(1 - prng())) * Math.cos(2 * Math.PI * prng());
    return Math.max(Math.round(mean + Math.sqrt(mean) * normal), 0);
  }
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = prng(); product > limit; product *= prng()) count++;
  return count;
}

/** Mean and variance of ln r under the law. */
function logMoments(logs: Float64Array, exponent: number): { mean: number; variance: number } {
  let [weights, first, second] = [0, 0, 0];
  for (const log of logs) {
    const weight = Math.exp(-exponent * log);
    weights += weight;
    first += weight * log;
    second += weight * log * log;
  }
  const mean = first / weights;
  return { mean, variance: second / weights - mean * mean };
}
