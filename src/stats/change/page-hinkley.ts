export interface PageHinkley {
  /** How far the sum of deviations lies above its lowest point, after each value. */
  readonly rise: readonly number[];
  /** Index of the first value at which it passes the threshold; null when it does not. */
  readonly alarmAt: number | null;
  /** Index of the first value after the lowest point before the alarm; null without an alarm. */
  readonly changeAt: number | null;
}

/**
 * Page and Hinkley's test for a rise of the level, one value after the other: m_t = Σ(x_i − x̄_i − δ)
 * with the mean x̄_i of the values up to then; alarm when m_t − min m passes `threshold` (λ). δ, the
 * `tolerance`, is the rise that is let pass. Both in the values' unit. For a fall, give the values
 * with their signs turned.
 * Source: Page 1954; Hinkley 1971.
 */
export function pageHinkley(
  values: readonly number[],
  { threshold, tolerance }: { readonly threshold: number; readonly tolerance: number },
): PageHinkley {
  const rise: number[] = [];
  let [mean, sum, lowest, lowestAt] = [0, 0, 0, 0];
  let alarm: { readonly alarmAt: number; readonly changeAt: number } | null = null;
  for (const [i, value] of values.entries()) {
    mean += (value - mean) / (i + 1);
    sum += value - mean - tolerance;
    if (sum <= lowest) [lowest, lowestAt] = [sum, i + 1];
    rise.push(sum - lowest);
    if (sum - lowest > threshold) alarm ??= { alarmAt: i, changeAt: lowestAt };
  }
  return { rise, ...(alarm ?? { alarmAt: null, changeAt: null }) };
}
