import { kolmogorovTail } from "../steadiness.ts";

export interface KolmogorovSmirnov {
  /** The largest distance of the two empirical distributions, 0 to 1. */
  readonly distance: number;
  readonly pValue: number;
}

/**
 * Kolmogorov and Smirnov's test that two samples of independent values have one distribution, with
 * the limiting p-value (Stephens' correction for small samples), which errs on the quiet side where
 * values are equal. An empty sample shows nothing.
 * Source: Smirnov 1948; Stephens 1970.
 */
export function kolmogorovSmirnov(
  first: readonly number[],
  second: readonly number[],
): KolmogorovSmirnov {
  const [m, n] = [first.length, second.length];
  if (m === 0 || n === 0) return { distance: 0, pValue: 1 };
  const [a, b] = [first, second].map((values) => values.toSorted((x, y) => x - y)) as [
    number[],
    number[],
  ];
  let [i, j, distance] = [0, 0, 0];
  while (i < m && j < n) {
    const value = Math.min(a[i]!, b[j]!);
    while (i < m && a[i]! <= value) i++;
    while (j < n && b[j]! <= value) j++;
    distance = Math.max(distance, Math.abs(i / m - j / n));
  }
  const root = Math.sqrt((m * n) / (m + n));
  return { distance, pValue: kolmogorovTail((root + 0.12 + 0.11 / root) * distance) };
}

/**
 * Whether the second half of a series has the first one's distribution; a middle value belongs to
 * the second. Neighbours that resemble each other make it alarm too often: thin the series first.
 */
export function halvesDiffer(series: readonly number[]): KolmogorovSmirnov {
  const middle = Math.floor(series.length / 2);
  return kolmogorovSmirnov(series.slice(0, middle), series.slice(middle));
}
