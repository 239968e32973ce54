import type { Evidence } from "../detector.ts";
import { callsIn, requestsIn } from "./stages.ts";

const RULE = {
  /** What comes of keys that nobody has asked for since the flush, as a share of what is too much. */
  firstRatio: 0.5,
  /** Calls become fewer: beyond so many standard errors of counting. */
  fewerSd: 3,
} as const;

/** Calls per request that are still more than before. */
interface Elevated {
  readonly dependency: number;
  readonly before: number;
  readonly after: number;
}

/**
 * A cache that only takes its time to fill: what is too much of its fetches is for keys that are asked
 * for the first time since the flush, or becomes less. Fetches that fail fill nothing, and are made
 * again and again. `last`: the end of what was watched.
 */
export function isFilling(
  evidence: Evidence,
  arm: number,
  elevated: readonly Elevated[],
  when: { readonly flushedNs: number; readonly last: { fromNs: number; toNs: number } },
): boolean {
  const { flushedNs, last } = when;
  const earlier = { fromNs: 2 * last.fromNs - last.toNs, toNs: last.fromNs };
  const requests = (span: typeof last): number =>
    Math.max(requestsIn(evidence.requests(arm), span).length, 1);
  const [now, then] = [requests(last), requests(earlier)];
  return elevated.every(({ after, before, dependency }) => {
    const calls = evidence.calls(arm, dependency);
    const asked = new Set<number>();
    let firsts = 0;
    for (const { arriveNs, key, safe } of calls) {
      if (!safe || arriveNs < flushedNs || arriveNs >= last.toNs) continue;
      if (arriveNs >= last.fromNs && !asked.has(key)) firsts++;
      asked.add(key);
    }
    const [lately, sooner] = [callsIn(calls, last).length, callsIn(calls, earlier).length];
    const fewer = sooner / then - lately / now;
    const sd = Math.sqrt(sooner / then ** 2 + lately / now ** 2);
    return firsts / now >= RULE.firstRatio * (after - before) || fewer > RULE.fewerSd * sd;
  });
}
