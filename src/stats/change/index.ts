/** Whether, when and by how much a series in order of time changes. */
export { cusum, type Cusum, type CusumOptions } from "./cusum.ts";
export { cusumArl } from "./cusum-arl.ts";
export { type ChangePoint, eDivisive, type EDivisiveOptions } from "./e-divisive.ts";
export { halvesDiffer, type KolmogorovSmirnov, kolmogorovSmirnov } from "./kolmogorov-smirnov.ts";
export { type MannKendall, mannKendall } from "./mann-kendall.ts";
export { type PageHinkley, pageHinkley } from "./page-hinkley.ts";
export { settling, type Settling } from "./settling.ts";
export {
  MIN_STEP_VALUES,
  PLACE_CREDIBILITY,
  type Step,
  steps,
  type StepsOptions,
} from "./steps.ts";
export { MIN_TREND_SLICES, trend, type Trend, TREND_SLICES } from "./trend.ts";
export { MIN_WARM_UP_VALUES, warmUpLength } from "./warm-up.ts";
