import { keysOf } from "../keys.ts";
import { retriableIn } from "./outcome.ts";
import type { DependencyCall } from "./schema.ts";

/** A call of which it is not yet known what it repeats. */
export interface UnnumberedCall {
  readonly call: Omit<DependencyCall, "attempt">;
  /** What made it; calls of one request that were made by different ones repeat nothing of each other. */
  readonly parent?: string | undefined;
  /** How often it was sent before, where its caller counts. */
  readonly resendCount?: number | undefined;
}

const thingOf = ({ call: { dependency, key = "", route = "" }, parent = "" }: UnnumberedCall) =>
  JSON.stringify([parent, dependency, route, key]);

const endUs = ({ latencyUs, offsetUs }: DependencyCall): number => offsetUs + latencyUs;

/** Takes the last to end of the failed calls that had ended by then. */
function takeRepeated(failed: DependencyCall[], byUs: number): DependencyCall | undefined {
  const ended = failed.filter((call) => endUs(call) <= byUs);
  if (ended.length === 0) return undefined;
  const last = ended.reduce((latest, call) => (endUs(call) > endUs(latest) ? call : latest));
  failed.splice(failed.indexOf(last), 1);
  return last;
}

/**
 * One request's calls, by rising offset, those that repeat another numbered: as their caller counts,
 * else where a call of the same parent asks the same (dependency, route and key) after one that had
 * failed. Each failed call is repeated by one at most. Asking once more after a good answer, or while
 * the first is under way, is another call.
 * Source: OpenTelemetry semantic conventions, `http.request.resend_count`.
 */
export function numberAttempts(calls: readonly UnnumberedCall[]): DependencyCall[] {
  const failures = new Map<string, DependencyCall[]>();
  return calls
    .toSorted((a, b) => a.call.offsetUs - b.call.offsetUs)
    .map((unnumbered) => {
      const { call: plain, resendCount } = unnumbered;
      const thing = thingOf(unnumbered);
      const failed = failures.get(thing) ?? [];
      failures.set(thing, failed);
      const before = takeRepeated(failed, plain.offsetUs);
      const attempt = resendCount === undefined ? (before?.attempt ?? 1) + 1 : resendCount + 1;
      const repeats = resendCount === undefined ? before !== undefined : resendCount > 0;
      const call: DependencyCall = repeats ? { ...plain, attempt } : { ...plain };
      if (retriableIn(call)) failed.push(call);
      return call;
    });
}

/**
 * Which thing of its route a call asks for: the identities in its path and query, parted by `/`;
 * undefined when there is none.
 */
export function callKey(method: string, path: string, route: string): string | undefined {
  const keys = keysOf({ offsetNs: 0, method, path, headers: [], route });
  if (keys.length === 0) return undefined;
  return keys.map(({ value }) => value.replaceAll("%", "%25").replaceAll("/", "%2F")).join("/");
}
