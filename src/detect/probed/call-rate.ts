import { tQuantile } from "../../stats/index.ts";
import type { Evidence } from "../detector.ts";
import { lengthS, mean, requestsIn } from "./stages.ts";

const RULE = {
  /** Windows are at least so long, and long enough for so many requests at the usual rate. */
  windowNs: 250e6,
  requestsAWindow: 40,
  /** Windows of the usual that tell what they differ by. */
  usualWindows: 5,
  /** Requests of a route in the usual that tell what it brings. */
  ofARoute: 10,
} as const;

interface Span {
  readonly fromNs: number;
  readonly toNs: number;
}

interface Asked {
  readonly atNs: number;
  /** −1 without identity. */
  readonly route: number;
}

/** A call is of the moment at which its request was due: neither is late by what the other waits for. */
function callsAsked(evidence: Evidence, arm: number, dependency: number): Asked[] {
  return evidence.calls(arm, dependency).map(({ arriveNs, seq }) => {
    const request = seq < 0 ? undefined : evidence.request(arm, seq);
    return { atNs: request?.intendedNs ?? arriveNs, route: request?.route ?? -1 };
  });
}

const within = (rows: readonly Asked[], { fromNs, toNs }: Span): readonly Asked[] =>
  rows.filter(({ atNs }) => atNs >= fromNs && atNs < toNs);

function countBy(rows: readonly Asked[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const { route } of rows) counts.set(route, (counts.get(route) ?? 0) + 1);
  return counts;
}

/** Calls per request of an arm to a dependency, in windows, beside what they usually are. */
export interface CallRate {
  readonly widthNs: number;
  /** In the usual, and what windows of it differ by. */
  readonly usual: number;
  readonly sd: number;
  /** By how many of these one window is above the usual by chance once in so many (1 ÷ level). */
  beyond(level: number): number;
  /** What windows of a span have; what is left at its end is no window. */
  ratiosIn(span: Span): readonly number[];
}

/**
 * Null where the usual is too short. Of the usual the last half is taken, where that is enough, since a
 * cache that still warms up makes more calls before. Which routes a window has is taken off by what each
 * brings usually, where calls name their requests: other pages are no colder cache.
 */
export function callRateOf(
  evidence: Evidence,
  { arm, dependency }: { readonly arm: number; readonly dependency: number },
  usualSpan: Span,
): CallRate | null {
  const perSec = requestsIn(evidence.requests(arm), usualSpan).length / lengthS(usualSpan);
  const widthNs = Math.max(RULE.windowNs, (RULE.requestsAWindow / perSec) * 1e9);
  const windowsIn = ({ fromNs, toNs }: Span): number => Math.floor((toNs - fromNs) / widthNs);
  const late = { ...usualSpan, fromNs: (usualSpan.fromNs + usualSpan.toNs) / 2 };
  const span = windowsIn(late) >= RULE.usualWindows ? late : usualSpan;
  if (!(windowsIn(span) >= RULE.usualWindows)) return null;
  const calls = callsAsked(evidence, arm, dependency);
  const requests = evidence
    .requests(arm)
    .map(({ intendedNs, route }) => ({ atNs: intendedNs, route }));
  const [made, asked] = [within(calls, span), within(requests, span)];
  const usual = made.length / Math.max(asked.length, 1);
  const [madeBy, askedBy] = [countBy(made), countBy(asked)];
  const named = evidence.joinedBy(arm, dependency) === "identity";
  const brings = (route: number): number => {
    const count = askedBy.get(route) ?? 0;
    return named && count >= RULE.ofARoute ? (madeBy.get(route) ?? 0) / count : usual;
  };
  const ratiosIn = (of: Span): number[] => {
    const windows = Array.from({ length: windowsIn(of) }, () => ({ excess: 0, requests: 0 }));
    const at = (atNs: number) => windows[Math.floor((atNs - of.fromNs) / widthNs)];
    for (const { atNs } of within(calls, of)) {
      const window = at(atNs);
      if (window !== undefined) window.excess++;
    }
    for (const { atNs, route } of within(requests, of)) {
      const window = at(atNs);
      if (window === undefined) continue;
      window.excess -= brings(route);
      window.requests++;
    }
    return windows.map((each) => Math.max(usual + each.excess / Math.max(each.requests, 1), 0));
  };
  const ratios = ratiosIn(span);
  const level = mean(ratios);
  const squares = ratios.reduce((sum, ratio) => sum + (ratio - level) ** 2, 0);
  // Never surer than counting is: so many calls of so many requests.
  const perWindow = (perSec * widthNs) / 1e9;
  const counted = Math.max(usual, 1 / perWindow) / perWindow;
  return {
    widthNs,
    usual,
    sd: Math.sqrt(Math.max(squares / (ratios.length - 1), counted)),
    beyond: (chance) => tQuantile(1 - chance, ratios.length - 1),
    ratiosIn,
  };
}
