/** A straight line through points, and the share of their variance that it explains. */
export interface Line {
  readonly slope: number;
  readonly intercept: number;
  /** From 0 to 1; 0 where there is nothing to explain. */
  readonly r2: number;
}

/**
 * Ordinary least squares of y on x. Of fewer than two different x the slope is 0.
 * `xs` and `ys` are of one length.
 */
export function fitLine(xs: readonly number[], ys: readonly number[]): Line {
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / Math.max(values.length, 1);
  const [meanX, meanY] = [mean(xs), mean(ys)];
  let [xx, xy, yy] = [0, 0, 0];
  for (const [i, x] of xs.entries()) {
    const [dx, dy] = [x - meanX, ys[i]! - meanY];
    xx += dx * dx;
    xy += dx * dy;
    yy += dy * dy;
  }
  const slope = xx > 0 ? xy / xx : 0;
  const r2 = xx > 0 && yy > 0 ? xy ** 2 / (xx * yy) : 0;
  return { slope, intercept: meanY - slope * meanX, r2 };
}
