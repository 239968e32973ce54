/**
 * Brent's root of a function with different signs at the two ends, to within an absolute tolerance:
 * interpolation where it helps, else bisection. Step by step as published, for it has to stop where
 * R's `uniroot` does.
 * Source: Brent 1973, Algorithms for Minimization Without Derivatives, §4.
 */
export function zeroOf(
  f: (x: number) => number,
  [from, to]: readonly [number, number],
  tolerance: number,
): number {
  // `b` is the best guess, `a` the one before, `c` on the other side of the root.
  let [a, b, c] = [from, to, from];
  let [fa, fb] = [f(a), f(b)];
  let fc = fa;
  if (fa === 0) return a;
  for (let step = 0; step < 1_000; step++) {
    const before = b - a;
    if (Math.abs(fc) < Math.abs(fb)) {
      [a, b, c] = [b, c, b];
      [fa, fb, fc] = [fb, fc, fb];
    }
    const least = 2 * Number.EPSILON * Math.abs(b) + tolerance / 2;
    const half = (c - b) / 2;
    if (Math.abs(half) <= least || fb === 0) return b;
    let move = half;
    if (Math.abs(before) >= least && Math.abs(fa) > Math.abs(fb)) {
      const { p, q } = interpolation({ a, b, c, fa, fb, fc });
      const inside = p < 0.75 * (c - b) * q - Math.abs(least * q) / 2;
      if (inside && p < Math.abs((before * q) / 2)) move = p / q;
    }
    if (Math.abs(move) < least) move = move > 0 ? least : -least;
    [a, fa] = [b, fb];
    b += move;
    fb = f(b);
    if (fb * fc > 0) [c, fc] = [a, fa];
  }
  return b;
}

interface Points {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly fa: number;
  readonly fb: number;
  readonly fc: number;
}

/** The step p/q, p at least 0: along a line through two points, or an inverse parabola through three. */
function interpolation({ a, b, c, fa, fb, fc }: Points): { p: number; q: number } {
  const width = c - b;
  const s = fb / fa;
  let [p, q] = [width * s, 1 - s];
  if (a !== c) {
    const [r, t] = [fa / fc, fb / fc];
    p = s * (width * r * (r - t) - (b - a) * (t - 1));
    q = (r - 1) * (t - 1) * (s - 1);
  }
  return p > 0 ? { p, q: -q } : { p: -p, q };
}
