import type { ProfileRecord } from "../record.ts";
import type {
  DependencyCall,
  DependencyFit,
  ProfileDependencies,
  ProfileDependency,
  WrittenModel,
} from "./schema.ts";

/** The fits, which are statistics: whoever makes a profile brings them along. */
export interface DependencyFitters {
  /**
   * Of latencies in µs, at least one, in the order of the calls.
   * `latency`: as a scenario writes it.
   */
  latency(
    samplesUs: readonly number[],
  ): Pick<DependencyFit, "latency" | "quantiles" | "ksDistance">;
  /** Of failures, in the order of the calls, of which at least one is true; as a scenario writes it. */
  errors(failed: readonly boolean[]): WrittenModel;
}

/** A route or a status class with fewer calls than these is not told apart. */
export const FIT_CALLS_MIN = 30;
const SERVER_ERROR = 500;
/** What a failure's status may be in a scenario; a failure of another is told without it. */
const STATUS_MIN = 400;
const STATUS_MAX = 599;

interface TimedCall {
  readonly atUs: number;
  readonly call: DependencyCall;
}

const failedIn = ({ failed, status }: DependencyCall): boolean =>
  failed ?? (status !== undefined && status >= SERVER_ERROR);

/** `2xx` for 204; null for a call without a status. */
export const statusClassOf = (status: number | undefined): string | null =>
  status === undefined || status < 100 || status > 999 ? null : `${Math.floor(status / 100)}xx`;

/** Calls by dependency, each in the order in which they were started. */
function callsByDependency(records: Iterable<ProfileRecord>): Map<string, TimedCall[]> {
  const calls = new Map<string, TimedCall[]>();
  for (const { dependencyCalls = [], offsetNs } of records) {
    for (const call of dependencyCalls) {
      const list = calls.get(call.dependency) ?? [];
      calls.set(call.dependency, list);
      list.push({ atUs: offsetNs / 1e3 + call.offsetUs, call });
    }
  }
  for (const list of calls.values()) list.sort((a, b) => a.atUs - b.atUs);
  return calls;
}

type Part = Pick<DependencyFit, "route" | "statusClass"> & { readonly samplesUs: number[] };

/** All calls, then every route, every class, and every route's every class. */
function partsOf(calls: readonly TimedCall[]): Part[] {
  const parts = new Map<string, Part>();
  const add = (route: string | null, statusClass: string | null, us: number): void => {
    const key = JSON.stringify([route, statusClass]);
    const part = parts.get(key) ?? { route, statusClass, samplesUs: [] };
    parts.set(key, part);
    part.samplesUs.push(us);
  };
  for (const { call } of calls) {
    const route = call.route ?? null;
    const statusClass = statusClassOf(call.status);
    add(null, null, call.latencyUs);
    if (route !== null) add(route, null, call.latencyUs);
    if (statusClass !== null) add(null, statusClass, call.latencyUs);
    if (route !== null && statusClass !== null) add(route, statusClass, call.latencyUs);
  }
  const rank = ({ route, statusClass }: Part): number =>
    (route === null ? 0 : 1) + (statusClass === null ? 0 : 2);
  const textOf = ({ route, statusClass }: Part): string => `${route ?? ""} ${statusClass ?? ""}`;
  return [...parts.values()]
    .filter((part) => rank(part) === 0 || part.samplesUs.length >= FIT_CALLS_MIN)
    .toSorted((a, b) => rank(a) - rank(b) || (textOf(a) < textOf(b) ? -1 : 1));
}

/** The status that failures had most often, the lower of two; undefined: none had one. */
function usualFailure(calls: readonly TimedCall[]): number | undefined {
  const counts = new Map<number, number>();
  for (const { call } of calls) {
    const { status = 0 } = call;
    if (!failedIn(call) || status < STATUS_MIN || status > STATUS_MAX) continue;
    counts.set(status, (counts.get(status) ?? 0) + 1);
  }
  const [usual] = [...counts].toSorted(([a, n], [b, m]) => m - n || a - b);
  return usual?.[0];
}

/** How the calls failed: when, by the fit, and as which status. */
function errorsOf(calls: readonly TimedCall[], fitters: DependencyFitters): WrittenModel {
  const status = usualFailure(calls);
  const errors = fitters.errors(calls.map(({ call }) => failedIn(call)));
  return status === undefined ? errors : { ...errors, status };
}

function describe(
  calls: readonly TimedCall[],
  requests: number,
  fitters: DependencyFitters,
): ProfileDependency {
  const failures = calls.filter(({ call }) => failedIn(call)).length;
  return {
    calls: calls.length,
    callsPerRequest: calls.length / requests,
    errorRatio: failures / calls.length,
    errors: failures === 0 ? null : errorsOf(calls, fitters),
    fits: partsOf(calls).map(({ route, samplesUs, statusClass }) => ({
      route,
      statusClass,
      count: samplesUs.length,
      ...fitters.latency(samplesUs),
    })),
  };
}

/**
 * What the records tell of the dependencies that they called; undefined when they called none.
 * Routes and status classes with fewer than 30 calls are in the fit of all calls alone. Only a
 * status of 500 or more is a failure, unless the capture says which calls failed.
 */
export function describeDependencies(
  records: readonly ProfileRecord[],
  fitters: DependencyFitters,
): ProfileDependencies | undefined {
  const calls = [...callsByDependency(records)].toSorted(([a], [b]) => (a < b ? -1 : 1));
  if (calls.length === 0) return undefined;
  return Object.fromEntries(
    calls.map(([name, list]) => [name, describe(list, records.length, fitters)]),
  );
}
