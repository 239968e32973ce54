/** Probability and latency: `[0.5, 80_000]` says that half the calls take at most 80 ms. */
export type QuantilePoint = readonly [p: number, us: number];

/** Between the body's quantiles: two laws that agree at them differ by no more. */
const BODY_STEP = 1 / 256;
/** Above p95 the distance to 1 shrinks by this factor from quantile to quantile. */
const TAIL_FACTOR = 0.85;
const TAIL_FROM = 0.05;
/** What reports speak of is kept as it is. */
const NAMED = [0.5, 0.9, 0.95, 0.99, 0.999, 0.9999];

/** Fixed places of p, rising, the same for all data; about 330 of them. */
function placesFor(count: number): number[] {
  const places = [...NAMED];
  for (let p = BODY_STEP; p < 1 - TAIL_FROM; p += BODY_STEP) places.push(p);
  for (let rest = TAIL_FROM; rest > 0.5 / count; rest *= TAIL_FACTOR) places.push(1 - rest);
  return places.toSorted((a, b) => a - b);
}

/**
 * The quantile of sorted data: the k-th of n lies at (k − ½) ÷ n, between them it is linear, and
 * beyond the first and last it stays. Source: Hazen 1914; type 5 of Hyndman & Fan 1996.
 * @param sorted at least one value
 */
export function sampleQuantile(sorted: readonly number[], p: number): number {
  const place = Math.min(Math.max(p * sorted.length - 0.5, 0), sorted.length - 1);
  const below = Math.floor(place);
  const low = sorted[below]!;
  return low + (place - below) * ((sorted[below + 1] ?? low) - low);
}

/** Of few values every one is kept, and of equal ones the first and the last: the law has a step there. */
function knots(sorted: readonly number[]): QuantilePoint[] {
  const count = sorted.length;
  return sorted.flatMap((us, i): QuantilePoint[] => {
    const inside = us === sorted[i - 1] && us === sorted[i + 1];
    return inside ? [] : [[(i + 0.5) / count, us]];
  });
}

/**
 * The quantiles that data is regenerated from, linear between them: all of it when it is small,
 * else a fixed number of places, dense towards 1. The first is at 0 and the last at 1; p rises
 * strictly, and the latency never falls.
 * @param sorted at least one value
 */
export function empiricalQuantiles(sorted: readonly number[]): QuantilePoint[] {
  const places = placesFor(sorted.length);
  const every = sorted.length <= places.length ? knots(sorted) : null;
  const inner = every ?? places.map((p): QuantilePoint => [p, sampleQuantile(sorted, p)]);
  const points: QuantilePoint[] = [[0, sorted[0]!]];
  for (const point of inner) if (point[0] > points.at(-1)![0]) points.push(point);
  points.push([1, sorted.at(-1)!]);
  return points;
}

/** The latency at `p` (0…1), linear between the quantiles that are given. */
export function quantileAt(points: readonly QuantilePoint[], p: number): number {
  let [low, high] = [0, points.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (points[middle]![0] <= p) low = middle;
    else high = middle;
  }
  const [[fromP, fromUs], [toP, toUs]] = [points[low]!, points[high]!];
  return fromUs + ((p - fromP) / (toP - fromP)) * (toUs - fromUs);
}

/** The share of the quantiles' law at or below `us`; `below`: strictly below it. */
export function shareUpTo(points: readonly QuantilePoint[], us: number, below = false): number {
  const beyond = (value: number): boolean => (below ? value >= us : value > us);
  let [low, high] = [-1, points.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (beyond(points[middle]![1])) high = middle;
    else low = middle;
  }
  if (low < 0) return 0;
  if (high === points.length) return 1;
  const [[fromP, fromUs], [toP, toUs]] = [points[low]!, points[high]!];
  return fromP + ((us - fromUs) / (toUs - fromUs)) * (toP - fromP);
}

/**
 * The Kolmogorov–Smirnov distance of a law from sorted data: the largest difference between their
 * distribution functions, on both sides of every step of the data's.
 * @param cdf probability of at most a value
 * @param cdfBelow probability of less than it; another function only where the law has steps
 * Source: Kolmogorov 1933; D of Stephens 1974.
 */
export function ksDistance(
  sorted: readonly number[],
  cdf: (value: number) => number,
  cdfBelow: (value: number) => number = cdf,
): number {
  let distance = 0;
  for (let from = 0; from < sorted.length;) {
    const value = sorted[from]!;
    let to = from + 1;
    while (sorted[to] === value) to++;
    distance = Math.max(
      distance,
      Math.abs(cdf(value) - to / sorted.length),
      Math.abs(cdfBelow(value) - from / sorted.length),
    );
    from = to;
  }
  return distance;
}
