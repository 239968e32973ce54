import { tQuantile } from "./distributions.ts";
import type { Interval } from "./effect.ts";

/** One measured point: mean requests in flight, and what came out per second. Both above 0. */
export interface UslPoint {
  readonly concurrency: number;
  readonly throughputPerSec: number;
}

/** The law's three parameters. */
export interface UslParameters {
  /** λ: throughput per second of one request in flight at a time. */
  readonly lambda: number;
  /** σ: the share of the work that waits for its turn (contention), 0 to 1. */
  readonly sigma: number;
  /** κ: what each pair of requests costs the others (coherence), at least 0. */
  readonly kappa: number;
}

/** The most that the law allows, and where; null where it has no highest point (κ = 0, or σ = 1). */
export type UslPeak = UslPoint | null;

export type UslFit =
  | (UslParameters & {
      readonly status: "fitted";
      readonly points: number;
      readonly peak: UslPeak;
      /** Of each parameter; null with fewer than 5 points, or for one that lies on its bound. */
      readonly intervals: Readonly<Record<keyof UslParameters, Interval | null>>;
      /** Root of the mean squared residual, in requests per second. */
      readonly rmsePerSec: number;
      /** The least and the most that was measured in flight: beyond it the law is a guess. */
      readonly measured: Interval;
    })
  | { readonly status: "unstable"; readonly points: number; readonly because: string };

const POINTS_MIN = 3;
const POINTS_FOR_INTERVALS = 5;
/** Points closer together than this say nothing about how throughput grows. */
const SPREAD_MIN = 2;
/** The law is about requests that meet: below this they hardly do. */
const CONCURRENCY_MIN = 2;
const SIGMA_MAX = 1;

/** X(N) = λN ÷ (1 + σ(N−1) + κN(N−1)). Source: Gunther 2007, Guerrilla Capacity Planning, §4.3. */
export function uslThroughput(n: number, { kappa, lambda, sigma }: UslParameters): number {
  return (lambda * n) / (1 + sigma * (n - 1) + kappa * n * (n - 1));
}

/** N* = √((1−σ)/κ) and X(N*). Source: Gunther 2007, §4.4. */
export function uslPeak(parameters: UslParameters): UslPeak {
  const concurrency = Math.sqrt((1 - parameters.sigma) / parameters.kappa);
  if (!Number.isFinite(concurrency) || concurrency < 1) return null;
  return { concurrency, throughputPerSec: uslThroughput(concurrency, parameters) };
}

type Vector = readonly [lambda: number, sigma: number, kappa: number];
const parametersOf = ([lambda, sigma, kappa]: Vector): UslParameters => ({ lambda, sigma, kappa });

/** Sum of squared residuals; infinite where the law has no meaning at a point. */
function squares(points: readonly UslPoint[], at: Vector): number {
  let sum = 0;
  for (const { concurrency, throughputPerSec } of points) {
    const fitted = uslThroughput(concurrency, parametersOf(at));
    if (!(fitted > 0)) return Infinity;
    sum += (throughputPerSec - fitted) ** 2;
  }
  return sum;
}

/** ∂X/∂(λ, σ, κ) at a point. */
function gradient(n: number, at: Vector): Vector {
  const [lambda] = at;
  const fitted = uslThroughput(n, parametersOf(at));
  const byDenominator = (-fitted * fitted) / (lambda * n);
  return [fitted / lambda, byDenominator * (n - 1), byDenominator * n * (n - 1)];
}

/** Solves a small symmetric system by elimination; null when it is singular. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] | null {
  const size = right.length;
  const rows = matrix.map((row, i) => [...row, right[i]!]);
  for (let column = 0; column < size; column++) {
    let pivot = column;
    for (let i = column + 1; i < size; i++) {
      if (Math.abs(rows[i]![column]!) > Math.abs(rows[pivot]![column]!)) pivot = i;
    }
    [rows[column], rows[pivot]] = [rows[pivot]!, rows[column]!];
    const head = rows[column]!;
    if (!(Math.abs(head[column]!) > 0)) return null;
    for (let i = 0; i < size; i++) {
      if (i === column) continue;
      const factor = rows[i]![column]! / head[column]!;
      for (let j = column; j <= size; j++) rows[i]![j]! -= factor * head[j]!;
    }
  }
  const solution = rows.map((row, i) => row[size]! / row[i]!);
  return solution.every(Number.isFinite) ? solution : null;
}

/** JᵀJ and Jᵀr of the parameters that are free to move. */
function normalEquations(points: readonly UslPoint[], at: Vector, free: readonly number[]) {
  const matrix = free.map(() => free.map(() => 0));
  const right = free.map(() => 0);
  for (const { concurrency, throughputPerSec } of points) {
    const slopes = gradient(concurrency, at);
    const residual = throughputPerSec - uslThroughput(concurrency, parametersOf(at));
    for (const [i, p] of free.entries()) {
      right[i]! += slopes[p]! * residual;
      for (const [j, q] of free.entries()) matrix[i]![j]! += slopes[p]! * slopes[q]!;
    }
  }
  return { matrix, right };
}

const bounded = ([lambda, sigma, kappa]: Vector): Vector => [
  Math.max(lambda, Number.MIN_VALUE),
  Math.min(Math.max(sigma, 0), SIGMA_MAX),
  Math.max(kappa, 0),
];

/** Parameters that may move: those not held at a bound that they press against. */
function freeAt(points: readonly UslPoint[], at: Vector): number[] {
  const { right } = normalEquations(points, at, [0, 1, 2]);
  const [, sigma, kappa] = at;
  return [0, 1, 2].filter((p) => {
    const pull = right[p]!;
    if (p === 1) return !((sigma <= 0 && pull <= 0) || (sigma >= SIGMA_MAX && pull >= 0));
    return p === 0 || !(kappa <= 0 && pull <= 0);
  });
}

/** Levenberg–Marquardt with Marquardt's scaling; steps end at the bounds. Source: Marquardt 1963. */
function descend(points: readonly UslPoint[], from: Vector): { at: Vector; sum: number } {
  let [at, sum, damping] = [from, squares(points, from), 1e-3];
  for (let step = 0; step < 500 && damping < 1e12; step++) {
    const free = freeAt(points, at);
    const { matrix, right } = normalEquations(points, at, free);
    const damped = matrix.map((row, i) => row.map((x, j) => (i === j ? x * (1 + damping) : x)));
    const change = solve(damped, right);
    if (change === null) break;
    const moved = [...at] as [number, number, number];
    for (const [i, p] of free.entries()) moved[p]! += change[i]!;
    const next = bounded(moved);
    const nextSum = squares(points, next);
    if (nextSum < sum) {
      [at, sum, damping] = [next, nextSum, Math.max(damping / 10, 1e-15)];
    } else {
      damping *= 10;
    }
  }
  return { at, sum };
}

/** The best of several descents: the sum of squares can have more than one valley. */
function bestFit(points: readonly UslPoint[]): { at: Vector; sum: number } {
  const slope = Math.max(...points.map((p) => p.throughputPerSec / p.concurrency));
  const starts = [0.01, 0.3, 0.8].flatMap((sigma) =>
    [1e-6, 1e-3, 0.1].map((kappa): Vector => [slope * (1 - sigma * 0.9), sigma, kappa]),
  );
  const ends = starts.map((start) => descend(points, start));
  return ends.reduce((best, end) => (end.sum < best.sum ? end : best));
}

function intervalsOf(points: readonly UslPoint[], at: Vector, sum: number, confidence: number) {
  const none = { lambda: null, sigma: null, kappa: null };
  const free = freeAt(points, at).filter((p) => p === 0 || at[p]! > 0);
  const df = points.length - free.length;
  if (points.length < POINTS_FOR_INTERVALS || df < 1) return none;
  const { matrix } = normalEquations(points, at, free);
  const t = tQuantile((1 + confidence) / 2, df);
  const of = (parameter: number): Interval | null => {
    const place = free.indexOf(parameter);
    if (place < 0) return null;
    const variance = solve(
      matrix,
      free.map((_, i) => (i === place ? 1 : 0)),
    )?.[place];
    if (variance === undefined || !(variance >= 0)) return null;
    const half = t * Math.sqrt((variance * sum) / df);
    return { low: Math.max(at[parameter]! - half, 0), high: at[parameter]! + half };
  };
  return { lambda: of(0), sigma: of(1), kappa: of(2) };
}

/**
 * Fits Gunther's Universal Scalability Law to measured points by least squares, with λ > 0,
 * 0 ≤ σ ≤ 1 and κ ≥ 0, and gives intervals from the residuals where there are at least 5 points.
 *
 * `unstable`, with the reason, instead of numbers that mean nothing: fewer than 3 different
 * concurrencies; all of them within a factor of 2, or below 2; or intervals so wide that λ, or how throughput
 * stops growing, is not known even to its size.
 *
 * Source: Gunther 2007; t intervals as in Bates & Watts 1988 §2.3.
 */
export function fitUsl(points: readonly UslPoint[], confidence = 0.95): UslFit {
  const unstable = (because: string): UslFit => ({
    status: "unstable",
    points: points.length,
    because,
  });
  const usable = points.filter((p) => p.concurrency > 0 && p.throughputPerSec > 0);
  const different = new Set(usable.map(({ concurrency }) => concurrency));
  if (different.size < POINTS_MIN) return unstable(`fewer than ${POINTS_MIN} different points`);
  const measured = { low: Math.min(...different), high: Math.max(...different) };
  if (measured.high < SPREAD_MIN * measured.low) {
    return unstable(`the points are all within a factor of ${SPREAD_MIN} of each other`);
  }
  if (measured.high < CONCURRENCY_MIN) {
    return unstable(`never ${CONCURRENCY_MIN} requests in flight on average`);
  }
  const { at, sum } = bestFit(usable);
  const intervals = intervalsOf(usable, at, sum, confidence);
  const { lambda } = intervals;
  if (lambda !== null && lambda.high - lambda.low > 2 * at[0]) {
    return unstable("the points scatter too much to tell the law's parameters");
  }
  const parameters = parametersOf(at);
  return {
    status: "fitted",
    ...parameters,
    points: usable.length,
    peak: uslPeak(parameters),
    intervals,
    rmsePerSec: Math.sqrt(sum / usable.length),
    measured,
  };
}
