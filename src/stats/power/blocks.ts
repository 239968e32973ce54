import { normalQuantile } from "../distributions.ts";
import { meanTestPower, meanTestSize } from "./means.ts";

/** One claim about paired blocks: that their mean effect stays within a margin. */
export interface BlockClaim {
  /** SD of one block's effect, on the margin's scale; a pilot of K blocks that gave `se` has se·√K. */
  readonly blockSd: number;
  readonly margin: number;
  /** The effect that is believed in; 0 for none. */
  readonly assumed: number;
  /** One-sided: 0.025 beside a 95 % interval. */
  readonly alpha: number;
}

const testOf = ({ alpha, assumed, blockSd, margin }: BlockClaim) => ({
  design: "one-sample" as const,
  sides: 1 as const,
  alpha,
  effect: (margin - assumed) / blockSd,
});

/**
 * Blocks needed to show, with the given power, that an effect stays within a margin (rounded up); ∞ when
 * the assumed effect is not within it. For a claim of superiority the margin is 0, or minus the effect
 * to be exceeded. By the t test that will be made, which for 20 blocks needs two more than `K =
 * ((z_{1−α} + z_{power})·s_D/(margin − assumed))²`. Blocks have to be unrelated: times `deffAutoregressive`
 * where they are not.
 * Source: Julious 2004 (non-inferiority); noncentral t.
 */
export function blocksNeeded(claim: BlockClaim & { readonly power: number }): number {
  if (!(claim.margin > claim.assumed)) return Infinity;
  return Math.ceil(meanTestSize({ ...testOf(claim), power: claim.power }));
}

/**
 * The power with which `blocks` blocks (above 1) show it.
 * Source: as above.
 */
export function blocksPower(claim: BlockClaim & { readonly blocks: number }): number {
  return meanTestPower({ ...testOf(claim), n: claim.blocks });
}

/**
 * The variance of what one request adds to the logarithm of the p-quantile, for log-normal latencies
 * of which `logSd` is the SD of the logarithm: σ²p(1−p)/φ(z_p)². From a pilot it is p(1−p)/(f̂·Q)²,
 * f̂ being the density at the quantile Q.
 * Source: Bahadur 1966, delta method.
 */
export function logNormalQuantileVariance(p: number, logSd: number): number {
  const density = Math.exp(-(normalQuantile(p) ** 2) / 2) / Math.sqrt(2 * Math.PI);
  return (logSd ** 2 * p * (1 - p)) / density ** 2;
}

/**
 * Requests needed in each of two unpaired arms, not rounded, to detect a relative change of a quantile:
 * `2(z_{1−α/2} + z_{power})² · variance/ln²(1+δ) · deff`.
 * Source: as above.
 */
export function quantileSize(input: {
  /** Of one request, on the logarithm's scale: see `logNormalQuantileVariance`. */
  readonly variance: number;
  readonly relativeMde: number;
  /** Two-sided. */
  readonly alpha: number;
  readonly power: number;
  /** Design effect: 1 for independent requests. */
  readonly deff?: number;
}): number {
  const z = normalQuantile(1 - input.alpha / 2) + normalQuantile(input.power);
  const change = Math.log1p(input.relativeMde);
  return ((2 * z ** 2 * input.variance) / change ** 2) * (input.deff ?? 1);
}
