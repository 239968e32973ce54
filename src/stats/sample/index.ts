/** Plain samples of independent values: quantile, effect size, outliers, t test. */
export { cohensD, welch, type Welch } from "./means.ts";
export { interpolatedQuantile, outliers } from "./quantile.ts";
export { type Lift, lift, type Summary } from "./lift.ts";
