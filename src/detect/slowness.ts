import type { Evidence } from "./detector.ts";
import { median, quantile } from "./join.ts";
import { judgedStages } from "./pairs.ts";

const RULE = {
  /** Slices of each judged stage, and the calls that a slice needs to have a delay. */
  slices: 25,
  calls: 3,
  /** A slice is slow from this multiple of the usual delay on, and usual up to that. */
  slowFactor: 2.5,
  usualFactor: 1.5,
  /** And by so many standard errors of its median: some calls may have been long by chance. */
  errors: 3,
} as const;
/** Of a median beside a mean, where what is drawn is normal: √(π/2). */
const MEDIAN_SE = Math.sqrt(Math.PI / 2);
/** A normal law's quartiles are so many SDs apart. */
const QUARTILES_SD = 1.349;

/** A slice of judged time, with the median delay that the emulator gave a dependency's calls in it. */
export interface DelaySlice {
  readonly stage: string;
  readonly fromNs: number;
  readonly toNs: number;
  readonly delayMs: number;
  /** Of each of its calls. */
  readonly delaysMs: readonly number[];
}

/** How much delays scatter within slices, as the SD of their logarithms, by their quartiles. */
function scatterOf(slices: readonly DelaySlice[]): number {
  const off = slices.flatMap(({ delayMs, delaysMs }) =>
    delayMs > 0 ? delaysMs.map((ms) => Math.log(Math.max(ms, 1e-3) / delayMs)) : [],
  );
  return off.length === 0 ? 0 : (quantile(off, 0.75) - quantile(off, 0.25)) / QUARTILES_SD;
}

/** A dependency that was slow for a while, and usual for another. */
export interface Slowness {
  readonly slow: readonly DelaySlice[];
  readonly usual: readonly DelaySlice[];
  readonly usualMs: number;
  /** The median delay of slow slices, as a multiple of the usual one. */
  readonly factor: number;
}

/**
 * When a dependency was slow, by the delays that the emulator meant, whatever the arms made of them.
 * Null where it was not, or not for `least` slices, or was never usual for as many.
 */
export function slownessOf(evidence: Evidence, dependency: number, least: number): Slowness | null {
  const calls = evidence.arms.flatMap((_, arm) => evidence.calls(arm, dependency));
  const all = judgedStages(evidence).flatMap(({ fromNs, name, toNs }): DelaySlice[] => {
    const lengthNs = (toNs - fromNs) / RULE.slices;
    const delays = Array.from({ length: RULE.slices }, (): number[] => []);
    for (const { arriveNs, meantDelayUs } of calls) {
      if (arriveNs < fromNs || arriveNs >= toNs) continue;
      delays[Math.min(Math.floor((arriveNs - fromNs) / lengthNs), RULE.slices - 1)]!.push(
        meantDelayUs / 1_000,
      );
    }
    return delays.flatMap((delaysMs, i) => {
      if (delaysMs.length < RULE.calls) return [];
      const sliceNs = fromNs + i * lengthNs;
      return {
        stage: name,
        fromNs: sliceNs,
        toNs: sliceNs + lengthNs,
        delayMs: median(delaysMs),
        delaysMs,
      };
    });
  });
  const usualMs = quantile(
    all.map(({ delayMs }) => delayMs),
    0.25,
  );
  if (!(usualMs > 0)) return null;
  const scatter = scatterOf(all);
  const slow = all.filter(({ delayMs, delaysMs }) => {
    const byChance = (RULE.errors * MEDIAN_SE * scatter) / Math.sqrt(delaysMs.length);
    return delayMs >= Math.max(RULE.slowFactor, Math.exp(byChance)) * usualMs;
  });
  const usual = all.filter(({ delayMs }) => delayMs <= RULE.usualFactor * usualMs);
  if (slow.length < least || usual.length < least) return null;
  const factor = median(slow.map(({ delayMs }) => delayMs)) / usualMs;
  return { slow, usual, usualMs, factor };
}
