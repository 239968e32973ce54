/**
 * How far gaps are from exponential ones of mean 1: √n times the Kolmogorov–Smirnov distance. Above
 * 2.23 by chance once in 10,000.
 */
export function kolmogorovOfUnitExponential(gaps: readonly number[]): number {
  const n = gaps.length;
  const distance = gaps
    .toSorted((a, b) => a - b)
    .reduce((worst, gap, i) => {
      const wanted = 1 - Math.exp(-gap);
      return Math.max(worst, Math.abs(wanted - i / n), Math.abs(wanted - (i + 1) / n));
    }, 0);
  return distance * Math.sqrt(n);
}

export const ONE_IN_10_000 = 2.23;
