import { normalQuantile } from "./distributions.ts";

/**
 * Blocks needed to show, with the given power, that an effect stays within a margin: `K = ((z_{1−α}
 * + z_{power}) · s_D/(margin − assumed))²`, rounded up; ∞ when the assumed effect is not within the
 * margin. `blockSd` is the SD of one block's effect, on the margin's scale; a pilot of K blocks
 * that gave `se` has s_D = se·√K. `alpha` is one-sided (0.025 beside a 95 % interval).
 * Source: Julious 2004 (non-inferiority, normal approximation).
 */
export function blocksNeeded(input: {
  readonly blockSd: number;
  readonly margin: number;
  readonly assumed: number;
  readonly alpha: number;
  readonly power: number;
}): number {
  const room = input.margin - input.assumed;
  if (!(room > 0)) return Infinity;
  const z = normalQuantile(1 - input.alpha) + normalQuantile(input.power);
  return Math.ceil(((z * input.blockSd) / room) ** 2);
}

/**
 * Requests needed per arm to detect a relative change of a quantile, for log-normal latencies:
 * `n = 2(z_{1−α/2} + z_{power})² σ² p(1−p) / (φ(z_p)² ln²(1+δ)) · deff`, rounded up. `logSd` is σ, the SD
 * of ln latency; `alpha` is two-sided; `deff` the design effect (1 for independent requests).
 * Source: asymptotic variance of a sample quantile (Bahadur 1966), delta method.
 */
export function requestsNeeded(input: {
  readonly p: number;
  readonly logSd: number;
  readonly relativeMde: number;
  readonly alpha: number;
  readonly power: number;
  readonly deff?: number;
}): number {
  const { p, logSd } = input;
  const z = normalQuantile(1 - input.alpha / 2) + normalQuantile(input.power);
  const zp = normalQuantile(p);
  const density = Math.exp(-(zp ** 2) / 2) / Math.sqrt(2 * Math.PI);
  const variance = (logSd ** 2 * p * (1 - p)) / density ** 2;
  const perArm = (2 * z ** 2 * variance) / Math.log1p(input.relativeMde) ** 2;
  return Math.ceil(perArm * (input.deff ?? 1));
}
