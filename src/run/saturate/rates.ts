import { NS_PER_S } from "../../core/index.ts";
import type { SaturateOptions } from "./options.ts";
import type { SearchOptions } from "./search.ts";

const STEPS_MAX = 16;
/** A p99 of fewer requests than this is no more than the slowest of them. */
const JUDGED_REQUESTS_MIN = 20;
/** Where a search begins when the ceiling could not be told. */
const BLIND_PER_SEC = 10;
/** A light load is this share of the ceiling, or more for so many requests, up to the second. */
const LIGHT_SHARE = 0.1;
const LIGHT_REQUESTS = 100;
const LIGHT_SHARE_MAX = 0.25;

type Bounds = Pick<SaturateOptions, "maxPerSec" | "precision" | "settleNs" | "stepNs">;

/** The rate that gives so many requests in a step's judged part. */
const rateFor = (requests: number, { settleNs, stepNs }: Bounds): number =>
  (requests * NS_PER_S) / (stepNs - settleNs);

/** How a search goes about a target with this closed-loop ceiling: it begins at half of it. */
export function searchOptions(ceilingPerSec: number, bounds: Bounds): SearchOptions {
  const { maxPerSec, precision } = bounds;
  return {
    startPerSec: ceilingPerSec > 0 ? ceilingPerSec / 2 : BLIND_PER_SEC,
    minPerSec: Math.min(rateFor(JUDGED_REQUESTS_MIN, bounds), maxPerSec),
    maxPerSec,
    precision,
    stepsMax: STEPS_MAX,
  };
}

/** Where the p99 limit is taken from: a tenth of the ceiling, or up to a quarter where that is few. */
export function lightRatePerSec(ceilingPerSec: number, bounds: Bounds): number {
  const { maxPerSec, minPerSec } = searchOptions(ceilingPerSec, bounds);
  const telling = Math.min(rateFor(LIGHT_REQUESTS, bounds), ceilingPerSec * LIGHT_SHARE_MAX);
  const wanted = Math.max(ceilingPerSec * LIGHT_SHARE, telling, minPerSec);
  return Number(Math.min(wanted, maxPerSec).toPrecision(4));
}
