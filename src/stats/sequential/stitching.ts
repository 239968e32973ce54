import { riemannZeta } from "../stdlib.ts";

export interface Stitching {
  /** Above 1: how the chance of an error falls from one epoch to the next. Default 1.4. */
  readonly s?: number;
  /** Above 1: how much longer each epoch is than the one before. Default 2. */
  readonly eta?: number;
}

const factors = (eta: number): readonly [number, number] => [
  (eta ** 0.25 + eta ** -0.25) / Math.SQRT2,
  (Math.sqrt(eta) + 1) / 2,
];

/**
 * What a sum with variance process `v` may be at all times together, at level `alpha`: grows with
 * √(v ln ln v), from `vMin` on. `c` is the scale of its tails: 0 for sums as light-tailed as a normal
 * one, above 0 for sub-gamma ones.
 * Source: Howard, Ramdas, McAuliffe & Sekhon 2021, theorem 1 and eq. 10.
 */
export function polynomialStitchingBound(
  input: Stitching & {
    readonly v: number;
    readonly alpha: number;
    readonly vMin: number;
    readonly c?: number;
  },
): number {
  const { alpha, c = 0, eta = 2, s = 1.4, vMin } = input;
  const v = Math.max(input.v, vMin);
  const [k1, k2] = factors(eta);
  const spent = Math.log(riemannZeta(s) / (alpha * Math.log(eta) ** s));
  const ell = s * Math.log(Math.log((eta * v) / vMin)) + spent;
  const linear = k2 * c * ell;
  return Math.sqrt(k1 ** 2 * v * ell + linear ** 2) + linear;
}

/**
 * By how many of `t` values the count at or below the p-quantile may exceed p·t, for every p and at all
 * times together, at level `alpha`: narrower towards p = 0 and 1 than a band of one width. `tOpt`: where
 * it begins to be tight. `delta`: how fine the grid of quantiles is. Mirrored: 1 − p for how far
 * it may fall short.
 * Source: Howard & Ramdas 2022, theorem 3 (double stitching).
 */
export function doubleStitchingBound(
  input: Stitching & {
    readonly p: number;
    readonly t: number;
    readonly alpha: number;
    readonly tOpt: number;
    readonly delta?: number;
  },
): number {
  const { alpha, delta = 0.5, eta = 2, p, s = 1.4, tOpt } = input;
  const t = Math.max(input.t, tOpt);
  const [k1, k2] = factors(eta);
  const logit = Math.log(p / (1 - p));
  const moved = 1 / (1 + Math.exp(-(logit + 2 * delta * Math.sqrt((tOpt * eta) / t))));
  const r = p >= 0.5 ? p : Math.min(0.5, moved);
  const variance = r * (1 - r);
  const epochs = (Math.sqrt(t / tOpt) * Math.abs(logit)) / (2 * delta) + 1;
  const spent = (2 * riemannZeta(s) * (2 * riemannZeta(s) + 1)) / (alpha * Math.log(eta) ** s);
  const ell = s * (Math.log(Math.log((eta * t) / tOpt)) + Math.log(epochs)) + Math.log(spent);
  const linear = (k2 * (1 - 2 * p) * ell) / 3;
  const grid = delta * Math.sqrt((eta * t * variance) / tOpt);
  return grid + Math.sqrt(k1 ** 2 * variance * t * ell + linear ** 2) + linear;
}
