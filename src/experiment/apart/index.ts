/** Runs that were measured apart: at another time, perhaps on another host, with nothing that pairs them. */
export {
  type ApartComparison,
  type ApartNoise,
  type ApartSpread,
  compareApart,
} from "./compare.ts";
export {
  type Effect,
  figuresOf,
  figuresSchema,
  type Level,
  type MeasuredRun,
  type RunFigures,
} from "./figures.ts";
export { type ApartVerdict, type BoundComparison, judgeApart } from "./judge.ts";
export { type PlanDifference, planDifferences } from "./likeness.ts";
