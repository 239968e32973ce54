/** Halvings at most; interpolation needs far fewer. */
const STEPS = 200;

/**
 * Where `f` changes its sign between `low` and `high` (which it has to do), to about `tolerance`.
 * Bracketed: never leaves the two ends, and interpolates where that is safe.
 * Source: Chandrupatla 1997.
 */
export function rootBetween(
  f: (x: number) => number,
  low: number,
  high: number,
  tolerance = 1e-12,
): number {
  let [a, b] = [high, low];
  let [fa, fb] = [f(a), f(b)];
  let [c, fc] = [a, fa];
  let share = 0.5;
  for (let i = 0; i < STEPS; i++) {
    const x = a + share * (b - a);
    const fx = f(x);
    if (Math.sign(fx) === Math.sign(fa)) [c, fc] = [a, fa];
    else [c, fc, b, fb] = [b, fb, a, fa];
    [a, fa] = [x, fx];
    const best = Math.abs(fa) < Math.abs(fb) ? a : b;
    const least = (2 * Number.EPSILON * Math.abs(best) + tolerance / 2) / Math.abs(b - a);
    if (fa === 0 || !(least < 0.5)) return best;
    const [xi, phi] = [(a - b) / (c - b), (fa - fb) / (fc - fb)];
    const smooth = phi ** 2 < xi && (1 - phi) ** 2 < 1 - xi;
    const inverse =
      (fa / (fb - fa)) * (fc / (fb - fc)) +
      ((c - a) / (b - a)) * (fa / (fc - fa)) * (fb / (fc - fb));
    share = smooth ? Math.min(1 - least, Math.max(least, inverse)) : 0.5;
  }
  return a;
}
