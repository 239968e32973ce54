import { NS_PER_S } from "../../core/index.ts";
import { blockDifference, type BlockEstimate } from "../../stats/index.ts";
import { type BlockedProfile, type Pair, sum } from "./blocks.ts";
import { type Compared, type DriftAspect, type DriftTest, untold } from "./drift.ts";

const RATE_MATTERS_FROM = 1.1;
const BURST_MATTERS_FROM = 1.5;
const RECORDS_MIN = 100;
/** Windows in each block over which the dispersion is looked at. */
const WINDOWS = 10;

/** Compares two positive figures by the ratio of them; the estimates are of their logarithms. */
export function compareRatio(
  known: {
    readonly aspect: DriftAspect;
    readonly unit: DriftTest["unit"];
    readonly mattersFrom: number;
  },
  before: BlockEstimate,
  after: BlockEstimate,
): Compared {
  const { estimate, high, low, pValue } = blockDifference(before, after);
  const { aspect, mattersFrom, unit } = known;
  return {
    aspect,
    unit,
    before: Math.exp(before.estimate),
    after: Math.exp(after.estimate),
    effect: {
      measure: "ratio",
      value: Math.exp(estimate),
      low: Math.exp(low),
      high: Math.exp(high),
      mattersFrom,
    },
    pValue,
    because: null,
    details: [],
  };
}

/** ln of the rate per second. */
function logRate({ blocks, durationNs }: BlockedProfile): BlockEstimate {
  const count = sum(blocks.map(({ length }) => length));
  return {
    estimate: Math.log(count / (durationNs / NS_PER_S)),
    influence: blocks.map(({ length }) => length / count - 1 / blocks.length),
  };
}

const tooFew = ({ after, before }: Pair): string | null => {
  const fewest = Math.min(before.profile.records.length, after.profile.records.length);
  if (fewest < RECORDS_MIN) return `${fewest} requests; it takes ${RECORDS_MIN}`;
  if (before.durationNs === 0 || after.durationNs === 0) return "all requests came at one moment";
  return null;
};

/** Whether the mean rates differ, by more than bursts of the captured size make them differ. */
export function compareRates(pair: Pair): Compared {
  const missing = tooFew(pair);
  if (missing !== null) return untold("rate", "per-s", missing);
  const known = { aspect: "rate", unit: "per-s", mattersFrom: RATE_MATTERS_FROM } as const;
  return compareRatio(known, logRate(pair.before), logRate(pair.after));
}

/**
 * ln of the index of dispersion of the counts in windows, with each block's part in it: of
 * I = q/m − m, where m and q are the windows' mean count and mean squared count.
 */
function logDispersion({ blocks }: BlockedProfile, windowNs: number, blockNs: number) {
  const perBlock = Math.max(1, Math.floor(blockNs / windowNs));
  const counts = blocks.map((records, b) => {
    const windows = new Float64Array(perBlock);
    for (const { offsetNs } of records) {
      const window = Math.floor((offsetNs - b * blockNs) / windowNs);
      if (window >= 0 && window < perBlock) windows[window]!++;
    }
    return windows;
  });
  const windows = blocks.length * perBlock;
  const first = counts.map((block) => sum([...block]));
  const second = counts.map((block) => sum([...block].map((count) => count ** 2)));
  const [m, q] = [sum(first) / windows, sum(second) / windows];
  const index = q / m - m;
  return {
    estimate: Math.log(index),
    influence: first.map((_, b) => {
      const [dm, dq] = [
        (first[b]! - perBlock * m) / windows,
        (second[b]! - perBlock * q) / windows,
      ];
      return (dq / m - (q / m ** 2 + 1) * dm) / index;
    }),
  };
}

/**
 * Whether arrivals come in bursts of another size: by the index of dispersion of the counts in
 * windows of a tenth of the shorter profile's blocks.
 */
export function compareBurstiness(pair: Pair): Compared {
  const missing = tooFew(pair);
  if (missing !== null) return untold("burstiness", "index", missing);
  const { after, before } = pair;
  const blockNs = [before, after].map(({ blocks, durationNs }) => durationNs / blocks.length);
  const windowNs = Math.min(...blockNs) / WINDOWS;
  const precisionNs = Math.max(
    before.profile.manifest.timePrecisionNs,
    after.profile.manifest.timePrecisionNs,
  );
  if (windowNs < 2 * precisionNs) {
    return untold(
      "burstiness",
      "index",
      "the capture's clock is too coarse for profiles this short",
    );
  }
  const known = { aspect: "burstiness", unit: "index", mattersFrom: BURST_MATTERS_FROM } as const;
  const estimates = [before, after].map((one, i) => logDispersion(one, windowNs, blockNs[i]!));
  if (estimates.some(({ estimate }) => !Number.isFinite(estimate))) {
    return untold("burstiness", "index", "the counts do not vary");
  }
  return compareRatio(known, estimates[0]!, estimates[1]!);
}
