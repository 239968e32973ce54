import {
  callKey,
  numberAttempts,
  type ProfileRecord,
  routeTemplates,
  type UnnumberedCall,
} from "../../profile/index.ts";
import type { CallNote, RequestNote } from "./recording.ts";

export interface Joined {
  readonly records: ProfileRecord[];
  readonly joinedCount: number;
  /** Calls of which it is not known which request made them. */
  readonly unjoinedCount: number;
}

/**
 * The request that a call belongs to, among those of its trace by start: the last that was under
 * way when the call began, else the last that had begun.
 */
function callerOf(requests: readonly RequestNote[], call: CallNote): RequestNote | undefined {
  const begun = requests.filter(({ startNs }) => startNs <= call.startNs);
  return begun.findLast(({ endNs }) => endNs >= call.startNs) ?? begun.at(-1);
}

function describeCall(
  { dependency, endNs, failed, method, path, retryAfterMs, startNs, status }: CallNote,
  template: string,
  request: RequestNote,
): UnnumberedCall["call"] {
  const route = `${method} ${template}`;
  const key = callKey(method, path, route);
  return {
    dependency,
    route,
    offsetUs: (startNs - request.startNs) / 1e3,
    latencyUs: (endNs - startNs) / 1e3,
    ...(status === undefined ? {} : { status }),
    ...(failed ? { failed: true } : {}),
    ...(key === undefined ? {} : { key }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

/**
 * Gives each record the dependency calls that it made, by rising offset: those whose `traceparent`
 * has the trace id of its own. Of these, one that asks the same after a failure is another attempt.
 * @param records with offsets from the first request's start
 */
export function joinCalls(
  records: readonly ProfileRecord[],
  requests: readonly RequestNote[],
  calls: readonly CallNote[],
): Joined {
  const byTrace = new Map<string, RequestNote[]>();
  const byStart = requests.toSorted((a, b) => a.startNs - b.startNs);
  for (const request of byStart) {
    if (request.traceId === null) continue;
    const list = byTrace.get(request.traceId) ?? [];
    byTrace.set(request.traceId, list);
    list.push(request);
  }
  const templates = routeTemplates(calls.map(({ path }) => path));
  const made = new Map<number, UnnumberedCall[]>();
  const originNs = byStart[0]?.startNs ?? 0;
  const known = new Set(records.map(({ offsetNs }) => originNs + offsetNs));
  let joinedCount = 0;
  for (const [index, call] of calls.entries()) {
    const request = callerOf(byTrace.get(call.traceId ?? "") ?? [], call);
    if (request === undefined || !known.has(request.startNs)) continue;
    const list = made.get(request.startNs) ?? [];
    made.set(request.startNs, list);
    list.push({ call: describeCall(call, templates[index]!, request) });
    joinedCount++;
  }
  return {
    records: records.map((record) => {
      const own = made.get(originNs + record.offsetNs);
      if (own === undefined) return record;
      return { ...record, dependencyCalls: numberAttempts(own) };
    }),
    joinedCount,
    unjoinedCount: calls.length - joinedCount,
  };
}
