/** Both sides of a tabular CUSUM after each value, in standard deviations. */
export interface Cusum {
  readonly high: readonly number[];
  readonly low: readonly number[];
  /** Index of the first value at which a side passes `h`; null when none does. */
  readonly alarmAt: number | null;
  /** The side that did: the level rose, or fell. */
  readonly side: "high" | "low" | null;
  /** Since when that side had been above 0: the likely index of the first value after the change. */
  readonly changeAt: number | null;
}

export interface CusumOptions {
  /** The level and standard deviation of the values while nothing changes; `sd` above 0. */
  readonly mean: number;
  readonly sd: number;
  /** Allowance per value, half the shift to be found, in standard deviations; 0.5 unless given. */
  readonly k?: number;
  /** Decision interval in standard deviations; 5 unless given (`cusumArl` says what it costs). */
  readonly h?: number;
}

/**
 * The two-sided tabular CUSUM of a series in order of time: C⁺ = max(0, C⁺ + z − k) and its mirror.
 * Values after the alarm are summed all the same. Level and spread must be known from elsewhere
 * (calm data); values that resemble their neighbours alarm far oftener than `cusumArl` says.
 * Source: Page 1954; Montgomery 2013, §9.1.
 */
export function cusum(values: readonly number[], options: CusumOptions): Cusum {
  const { h = 5, k = 0.5, mean, sd } = options;
  const [high, low]: [number[], number[]] = [[], []];
  let [up, down, upSince, downSince] = [0, 0, 0, 0];
  let alarm: Pick<Cusum, "alarmAt" | "side" | "changeAt"> | null = null;
  for (const [i, value] of values.entries()) {
    const z = (value - mean) / sd;
    up = Math.max(0, up + z - k);
    down = Math.max(0, down - z - k);
    if (up === 0) upSince = i + 1;
    if (down === 0) downSince = i + 1;
    high.push(up);
    low.push(down);
    if (up > h) alarm ??= { alarmAt: i, side: "high", changeAt: upSince };
    else if (down > h) alarm ??= { alarmAt: i, side: "low", changeAt: downSince };
  }
  return { high, low, ...(alarm ?? { alarmAt: null, side: null, changeAt: null }) };
}
