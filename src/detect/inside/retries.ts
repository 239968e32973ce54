import { formatCount, formatRatio } from "../../core/index.ts";
import type { InsideSpan } from "../../telemetry/index.ts";
import { type Confirmer, NOTHING_TOLD } from "./model.ts";
import { failed, isOfItsRequest } from "./spans.ts";

const RULE = {
  /** Spans of calls that are needed, and the share of them that are retries, to say either. */
  spans: 20,
  confirmRatio: 0.05,
  contradictRatio: 0.01,
} as const;

/** Calls that say that they are resends, and those that follow a failed one of the same request. */
function retriesAmong(spans: readonly InsideSpan[]): number {
  const last = new Map<number, InsideSpan>();
  let retries = 0;
  for (const span of spans) {
    const before = span.seq < 0 ? undefined : last.get(span.seq);
    if (span.resends > 0 || (before !== undefined && failed(before))) retries++;
    last.set(span.seq, span);
  }
  return retries;
}

/**
 * Spans of calls show retries as a storm does, or one call where the dependency sees several: then
 * it is sent again below what is instrumented, or the trace is not the whole one.
 */
export const retries: Confirmer = (evidence, _finding, { arm, dependency, fromNs, toNs }) => {
  if (dependency === null) return NOTHING_TOLD;
  const spans = (evidence.inside?.callsTo(arm, dependency) ?? [])
    .filter(({ startNs }) => startNs >= fromNs && startNs < toNs)
    .filter((span) => span.seq < 0 || isOfItsRequest(evidence, span));
  if (spans.length < RULE.spans) return NOTHING_TOLD;
  const again = retriesAmong(spans);
  const ratio = again / spans.length;
  const says = `${formatRatio(ratio)} of ${formatCount(spans.length)} traced calls are retries`;
  if (ratio >= RULE.confirmRatio) return { confirmation: "inside", says };
  const joined = spans.filter(({ seq }) => seq >= 0).length >= RULE.spans;
  const none = joined && ratio < RULE.contradictRatio;
  return { confirmation: none ? "contradicted" : "outside-only", says };
};
