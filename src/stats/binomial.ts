/**
 * Binomial probabilities of 0…n events, `p` in [0, 1], by recurrence from the mode so that nothing
 * under- or overflows.
 */
export function binomialPmf(n: number, p: number): Float64Array {
  const pmf = new Float64Array(n + 1);
  if (p === 0 || p === 1) {
    pmf[p * n] = 1;
    return pmf;
  }
  const mode = Math.min(n, Math.floor((n + 1) * p));
  const odds = p / (1 - p);
  pmf[mode] = 1;
  for (let k = mode + 1; k <= n; k++) pmf[k] = pmf[k - 1]! * ((n - k + 1) / k) * odds;
  for (let k = mode; k > 0; k--) pmf[k - 1] = (pmf[k]! * k) / ((n - k + 1) * odds);
  const total = pmf.reduce((sum, x) => sum + x, 0);
  return pmf.map((x) => x / total);
}

/** The probability of at least `k` events in `n` trials, each of chance `p` in [0, 1]. */
export function binomialTail(k: number, n: number, p: number): number {
  if (k <= 0) return 1;
  return Math.min(
    1,
    binomialPmf(n, p)
      .slice(k)
      .reduce((sum, x) => sum + x, 0),
  );
}
