/**
 * ln Λ of the mixture sequential probability ratio test (mSPRT) after `n` observations of mean
 * `mean`, each with a known `variance`, against a mean of 0; effects under the alternative are normal
 * with the variance `mixingVariance`. p is the least of 1 and 1/Λ so far. The mixing variance has to be
 * fixed before the first observation (about (MDE/z)²): one that shrinks with n gives a bound that
 * does not rise, and no validity.
 * Source: Robbins 1970; Johari, Koomen, Pekelis & Walsh 2022.
 */
export function mixtureLogRatio(input: {
  readonly n: number;
  readonly mean: number;
  readonly variance: number;
  readonly mixingVariance: number;
}): number {
  const { mean, mixingVariance, n, variance } = input;
  const total = variance + n * mixingVariance;
  const shift = (n ** 2 * mixingVariance * mean ** 2) / (2 * variance * total);
  return Math.log(variance / total) / 2 + shift;
}

/**
 * The |z| at which the mSPRT rejects, when the estimate's squared standard error is `squaredSe`:
 * `√((V+τ)/τ · (2 ln(1/α) + ln((V+τ)/V)))`, τ the mixing variance.
 * Source: as above, inverted (Zhao, Chen, Zhang & Song 2019).
 */
export function mixtureCriticalZ(input: {
  readonly squaredSe: number;
  readonly mixingVariance: number;
  readonly alpha: number;
}): number {
  const { alpha, mixingVariance, squaredSe } = input;
  const total = squaredSe + mixingVariance;
  return Math.sqrt(
    (total / mixingVariance) * (2 * Math.log(1 / alpha) + Math.log(total / squaredSe)),
  );
}
