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

/** Farther than this from the mode, in standard deviations and events, nothing adds to any sum. */
const FAR = 40;

/**
 * The probabilities of `from`, `from` + 1, … events, as `binomialPmf` has them, as far as they are not
 * nothing: of five million trials some ten thousand. `p` in (0, 1).
 */
export function binomialNearMode(
  n: number,
  p: number,
): { readonly from: number; readonly pmf: Float64Array } {
  const mode = Math.min(n, Math.floor((n + 1) * p));
  const far = Math.ceil(FAR * Math.sqrt(n * p * (1 - p))) + FAR;
  const [from, to] = [Math.max(mode - far, 0), Math.min(mode + far, n)];
  const odds = p / (1 - p);
  const pmf = new Float64Array(to - from + 1);
  pmf[mode - from] = 1;
  for (let k = mode + 1; k <= to; k++)
    pmf[k - from] = pmf[k - 1 - from]! * ((n - k + 1) / k) * odds;
  for (let k = mode; k > from; k--) {
    pmf[k - 1 - from] = (pmf[k - from]! * k) / ((n - k + 1) * odds);
  }
  const total = pmf.reduce((sum, x) => sum + x, 0);
  return { from, pmf: pmf.map((x) => x / total) };
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
