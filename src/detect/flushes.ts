import type { CacheFlush, Evidence } from "./detector.ts";

/** When an arm's caches were emptied, or may have been: in order of time. */
export const flushesOf = ({ stages }: Evidence, arm: number): readonly CacheFlush[] =>
  stages.flatMap(({ flushes }) => flushes?.[arm] ?? []);

/**
 * Whether what was fetched at one moment may be gone from the cache at a later one, since it was emptied
 * meanwhile: a fetch of it is then nobody's fault.
 */
export const sinceFlush =
  (flushes: readonly CacheFlush[]) =>
  (fetchedNs: number, nowNs: number): boolean =>
    flushes.some(({ fromNs, toNs }) => fetchedNs < toNs && nowNs >= fromNs);
