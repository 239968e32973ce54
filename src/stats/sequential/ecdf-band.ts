import { rootBetween } from "../root.ts";

/** Halvings of the search for the best epoch length. */
const SEARCH = 80;
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** The least value of a function with one minimum between `low` and `high` (golden section). */
function least(f: (x: number) => number, low: number, high: number): number {
  let [a, b] = [low, high];
  for (let i = 0; i < SEARCH; i++) {
    const [left, right] = [b - GOLDEN * (b - a), a + GOLDEN * (b - a)];
    if (f(left) < f(right)) b = right;
    else a = left;
  }
  return f((a + b) / 2);
}

/** The chance that the band with constants A and C is ever left, at most. */
function chanceToLeave(a: number, c: number): number {
  const bound = (eta: number): number => {
    const gamma = a - Math.sqrt((2 * (eta - 1)) / c);
    const squared = (2 / eta) * gamma ** 2;
    if (gamma <= 0 || squared <= 1) return Infinity;
    return 4 * Math.exp(-squared * c) * (1 + 1 / ((squared - 1) * Math.log(eta)));
  };
  const edge = (eta: number): number => Math.sqrt(eta / 2) + Math.sqrt((2 * (eta - 1)) / c) - a;
  return least(bound, 1 + 1e-9, rootBetween(edge, 1, 2 * a ** 2));
}

/**
 * How far the empirical distribution function of `t` values may be from the true one, everywhere and
 * at all times from `tMin` on together, at level `alpha`: `A √((ln ln(e·t/tMin) + C)/t)`, with the
 * least C that `alpha` allows. Infinite before `tMin`. `a`, above 1/√2, trades early against late.
 * Source: Howard & Ramdas 2022, theorem 2.
 */
export function ecdfBandRadius(input: {
  readonly t: number;
  readonly alpha: number;
  readonly tMin: number;
  readonly a?: number;
}): number {
  const { a = 0.85, alpha, t, tMin } = input;
  if (t < tMin) return Infinity;
  const excess = (c: number): number => Math.log(chanceToLeave(a, c) / alpha);
  let high = 10;
  while (excess(high) > 0) high *= 2;
  let low = high / 2;
  while (excess(low) < 0) low /= 2;
  return a * Math.sqrt((Math.log1p(Math.log(t / tMin)) + rootBetween(excess, low, high)) / t);
}

/**
 * The same radius from `tMin` 1 on, in closed form: `0.85 √((ln ln(e·t) + 0.8 ln(1612/α))/t)`, about 1 %
 * wider, and cheap enough for every value.
 * Source: Howard & Ramdas 2022, corollary 2.
 */
export function ecdfBandRadiusClosed(t: number, alpha: number): number {
  return 0.85 * Math.sqrt((Math.log1p(Math.log(t)) + 0.8 * Math.log(1612 / alpha)) / t);
}
