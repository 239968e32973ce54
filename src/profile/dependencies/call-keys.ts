import { popularityOf } from "../popularity.ts";
import { cacheSizes, ReuseDistances } from "../reuse.ts";
import type { KeptCall } from "./call-table.ts";
import type { ProfileKeys } from "./schema.ts";

/**
 * How unevenly calls, in their order, go to what they ask for; null when that is known of none.
 * Repeated attempts are left out: they would make every failure a hit.
 */
export function keysOfCalls(calls: readonly KeptCall[]): ProfileKeys | null {
  const keys = calls.flatMap(({ key }) => (key === null ? [] : String(key)));
  if (keys.length === 0) return null;
  const { distinct, hottestShare, oneHitShare, requests, zipf } = popularityOf(keys);
  const distances = ReuseDistances.of(keys);
  return {
    calls: requests,
    distinct,
    oneHitShare,
    hottestShare,
    zipf: zipf === null ? null : { ...zipf },
    cacheHits: cacheSizes(distinct).map((entries) => ({
      entries,
      hitRatio: distances.hitRatio(entries),
    })),
  };
}
