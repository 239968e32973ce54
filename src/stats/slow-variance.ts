/** Lags whose autocorrelations are added up: one alone hardly shows what fades slowly under noise. */
const LAGS = 5;
/** In standard errors of that sum of unrelated values: above it there is something to allow for. */
const SHOWN_ABOVE = 1.7;
const COSINES_MIN = 4;

/** The variance of a sum from its slowest movements, with the degrees of freedom that it is known to. */
export interface SlowVariance {
  readonly variance: number;
  readonly df: number;
}

/** Σ of the autocorrelations of `LAGS` lags, with the bias of each, 1/n, put back. */
function portmanteau(centred: readonly number[], squares: number): number {
  let sum = 0;
  for (let lag = 1; lag <= LAGS; lag++) {
    for (let i = lag; i < centred.length; i++) sum += centred[i]! * centred[i - lag]!;
  }
  return sum / squares + LAGS / centred.length;
}

/**
 * The variance of the sum of values in order of time, as their slow movements tell it: the mean square
 * of their projections on the first `0.3·n^(2/3)` cosines (4 at least), with as many degrees of freedom.
 * Noise hides from neighbours what drifts slowly beneath it; it hides little from these. Null where the
 * first five autocorrelations together are no more than 1.7 standard errors above those of unrelated
 * values, which is so of 95 to 97 in 100 series of such.
 *
 * Source: Müller 2007, Lazarus, Lewis, Stock & Watson 2018 (equal-weighted cosines, with t).
 */
export function slowVariance(values: readonly number[]): SlowVariance | null {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const centred = values.map((value) => value - mean);
  const squares = centred.reduce((sum, value) => sum + value ** 2, 0);
  if (!(squares > 0)) return null;
  if (portmanteau(centred, squares) <= SHOWN_ABOVE * Math.sqrt(LAGS / count)) return null;
  const cosines = Math.max(COSINES_MIN, Math.round(0.3 * count ** (2 / 3)));
  let variance = 0;
  for (let j = 1; j <= cosines; j++) {
    const step = (Math.PI * j) / count;
    const projected = centred.reduce((sum, x, i) => sum + x * Math.cos(step * (i + 0.5)), 0);
    variance += (2 * projected ** 2) / cosines;
  }
  return { variance, df: cosines };
}
