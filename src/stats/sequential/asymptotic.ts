export interface AsymptoticInput {
  /** Number of observations, e.g. blocks; at least 20 for its claim to be worth something. */
  readonly n: number;
  /** SD of one observation: the standard error of the mean × √n. */
  readonly sd: number;
  /** Planned number of observations, registered before the first: where the band is tightest. */
  readonly plannedN: number;
  /** Two-sided. */
  readonly alpha: number;
}

/** ρ², per observation. Source: Waudby-Smith et al. 2023, eq. 161 (their approximation of W). */
function tuned({ alpha, plannedN }: AsymptoticInput): number {
  const spent = -2 * Math.log(alpha);
  return (spent + Math.log1p(spent)) / plannedN;
}

/**
 * The half-width of a confidence band of a mean that may be watched: in large samples all of the
 * band holds the mean with probability 1 − `alpha`. For showing a cumulative effect; what decides is the
 * e-process. 1.55 × as wide as an interval for one look at n = `plannedN`, 1.97 × at a tenth of it,
 * 1.65 × at ten times it.
 * Source: Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas 2023, eq. 9.
 */
export function asymptoticHalfWidth(input: AsymptoticInput): number {
  const { alpha, n, sd } = input;
  if (n === 0) return Infinity;
  const rho2 = tuned(input);
  const grown = n * rho2 + 1;
  return sd * Math.sqrt((2 * grown * Math.log(Math.sqrt(grown) / alpha)) / (n ** 2 * rho2));
}

/**
 * The p-value that belongs to the band around `mean`: at or below `alpha` exactly where the band does
 * not hold 0 (ρ is tuned by `alpha`).
 * Source: as the band's.
 */
export function asymptoticPValue(input: AsymptoticInput & { readonly mean: number }): number {
  const { mean, n, sd } = input;
  const rho2 = tuned(input);
  const grown = n * rho2 + 1;
  const logE = (rho2 * ((n * mean) / sd) ** 2) / (2 * grown) - Math.log(grown) / 2;
  return Math.min(1, Math.exp(-logE));
}
