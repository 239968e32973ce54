import { normalCdf, normalQuantile } from "../distributions.ts";

export interface ShareTest {
  readonly p1: number;
  readonly p2: number;
  readonly sides: 1 | 2;
  /** In all: two-sided, each tail has half of it. */
  readonly alpha: number;
}

const pooledSd = ({ p1, p2 }: ShareTest): number => Math.sqrt((p1 + p2) * (1 - (p1 + p2) / 2));

const separateSd = ({ p1, p2 }: ShareTest): number => Math.sqrt(p1 * (1 - p1) + p2 * (1 - p2));

/**
 * The chance that the usual z test tells two independent shares apart, with `n` trials in each sample.
 * Paired trials do better; see `blocksNeeded`.
 * Source: Fleiss 1981; agrees with R's power.prop.test.
 */
export function shareTestPower(test: ShareTest & { readonly n: number }): number {
  const critical = normalQuantile(1 - test.alpha / test.sides) * pooledSd(test);
  const shift = Math.sqrt(test.n) * Math.abs(test.p1 - test.p2);
  return normalCdf((shift - critical) / separateSd(test));
}

/**
 * Trials needed in each sample, not rounded; ∞ for equal shares. `corrected` for a test with the
 * continuity correction.
 * Source: Fleiss 1981 eq. 3.14 and 3.15; Casagrande, Pike & Smith 1978 (the correction).
 */
export function shareTestSize(
  test: ShareTest & { readonly power: number; readonly corrected?: boolean },
): number {
  const difference = Math.abs(test.p1 - test.p2);
  if (difference === 0) return Infinity;
  const wanted =
    normalQuantile(1 - test.alpha / test.sides) * pooledSd(test) +
    normalQuantile(test.power) * separateSd(test);
  const n = (wanted / difference) ** 2;
  if (test.corrected !== true) return n;
  return (n / 4) * (1 + Math.sqrt(1 + 4 / (n * difference))) ** 2;
}
