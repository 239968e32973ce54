/** What pictures of a profile are drawn from: points of curves, few whatever there is. */
import type { CurvePoint } from "../makeup/quantiles.ts";
import type { DispersionPoint } from "./dispersion.ts";
import type { KeySeries } from "./keys.ts";

export type { CurvePoint } from "../makeup/quantiles.ts";
export { dispersionCurve, type DispersionPoint } from "./dispersion.ts";
export { keySeries, type KeySeries } from "./keys.ts";
export { logLadder } from "./ladder.ts";

/** Curves of a profile, beside its figures (`Makeup`). Values that it does not have are empty lists. */
export interface ProfileSeries extends KeySeries {
  readonly dispersionCurve: readonly DispersionPoint[];
  readonly serviceTimeUs: readonly CurvePoint[];
  readonly requestBytes: readonly CurvePoint[];
  readonly responseBytes: readonly CurvePoint[];
  readonly sessionRequests: readonly CurvePoint[];
  readonly sessionLengthUs: readonly CurvePoint[];
  readonly thinkTimeUs: readonly CurvePoint[];
}
