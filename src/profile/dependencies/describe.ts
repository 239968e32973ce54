import type { ProfileRecord } from "../record.ts";
import { keysOfCalls } from "./call-keys.ts";
import { CallTable, type KeptCall, type SeenDependency } from "./call-table.ts";
import { loadOf } from "./load.ts";
import { statusClassOf } from "./outcome.ts";
import { refusalsOf } from "./refusals.ts";
import type {
  DependencyFit,
  ProfileCapacity,
  ProfileDependencies,
  ProfileDependency,
  WrittenModel,
} from "./schema.ts";

/** The fits of latencies and errors: whoever makes a profile brings them along. */
export interface DependencyFitters {
  /**
   * Of latencies in µs, at least one, in the order of the calls.
   * `latency`: as a scenario writes it.
   */
  latency(
    samplesUs: readonly number[],
  ): Pick<DependencyFit, "latency" | "quantiles" | "ksDistance">;
  /**
   * Of failures, in the order of the calls, of which at least one is true, and of when they were
   * made, in µs; as a scenario writes it.
   */
  errors(failed: readonly boolean[], atUs: readonly number[]): WrittenModel;
}

/** A route or a status class with fewer calls than these is not told apart. */
export const FIT_CALLS_MIN = 30;
/** What a failure's status may be in a scenario; a failure of another is told without it. */
const STATUS_MIN = 400;
const STATUS_MAX = 599;

interface Sample {
  readonly call: KeptCall;
  readonly us: number;
}
type Part = Pick<DependencyFit, "route" | "statusClass"> & { readonly samplesUs: number[] };

/**
 * All calls, then every route, every class, and every route's every class. What was refused is in
 * its status class alone, unless there is nothing else: an answer at the door takes no work.
 */
function partsOf(samples: readonly Sample[]): Part[] {
  const parts = new Map<string, Part>();
  const add = (route: string | null, statusClass: string | null, us: number): void => {
    const key = JSON.stringify([route, statusClass]);
    const part = parts.get(key) ?? { route, statusClass, samplesUs: [] };
    parts.set(key, part);
    part.samplesUs.push(us);
  };
  const allRefused = samples.every(({ call }) => call.refused);
  for (const { call, us } of samples) {
    const { refused, route } = call;
    const statusClass = statusClassOf(call.status);
    if (!refused || allRefused) {
      add(null, null, us);
      if (route !== null) add(route, null, us);
    }
    if (statusClass !== null) add(null, statusClass, us);
    if (route !== null && statusClass !== null) add(route, statusClass, us);
  }
  const rank = ({ route, statusClass }: Part): number =>
    (route === null ? 0 : 1) + (statusClass === null ? 0 : 2);
  const textOf = ({ route, statusClass }: Part): string => `${route ?? ""} ${statusClass ?? ""}`;
  return [...parts.values()]
    .filter((part) => rank(part) === 0 || part.samplesUs.length >= FIT_CALLS_MIN)
    .toSorted((a, b) => rank(a) - rank(b) || (textOf(a) < textOf(b) ? -1 : 1));
}

const fitsOf = (samples: readonly Sample[], fitters: DependencyFitters): DependencyFit[] =>
  partsOf(samples).map(({ route, samplesUs, statusClass }) => ({
    route,
    statusClass,
    count: samplesUs.length,
    ...fitters.latency(samplesUs),
  }));

/** The status that failures had most often, the lower of two; undefined: none had one. */
function usualFailure(calls: readonly KeptCall[]): number | undefined {
  const counts = new Map<number, number>();
  for (const { failed, status = 0 } of calls) {
    if (!failed || status < STATUS_MIN || status > STATUS_MAX) continue;
    counts.set(status, (counts.get(status) ?? 0) + 1);
  }
  const [usual] = [...counts].toSorted(([a, n], [b, m]) => m - n || a - b);
  return usual?.[0];
}

/** How the calls failed: when, by the fit, and as which status; null: none did. */
function errorsOf(calls: readonly KeptCall[], fitters: DependencyFitters): WrittenModel | null {
  if (!calls.some(({ failed }) => failed)) return null;
  const status = usualFailure(calls);
  const errors = fitters.errors(
    calls.map(({ failed }) => failed),
    calls.map(({ atUs }) => atUs),
  );
  return status === undefined ? errors : { ...errors, status };
}

function capacityOf(served: readonly KeptCall[], fitters: DependencyFitters): ProfileCapacity {
  const { about, serviceTimesUs } = loadOf(served);
  if (serviceTimesUs === null) return { ...about, fits: [] };
  const samples = serviceTimesUs.map((us, index) => ({ call: served[index]!, us }));
  return { ...about, fits: fitsOf(samples, fitters) };
}

function describe(
  { attempts, calls: unordered, fanOut }: SeenDependency,
  { requests, requestsOf }: CallTable,
  fitters: DependencyFitters,
): ProfileDependency {
  const calls = unordered.toSorted((a, b) => a.atUs - b.atUs);
  const admitted = calls.filter(({ refused }) => !refused);
  const limit = refusalsOf(calls);
  const samples = calls.map((call) => ({ call, us: call.latencyUs }));
  return {
    calls: calls.length,
    callsPerRequest: calls.length / requests,
    errorRatio: calls.filter(({ failed }) => failed).length / calls.length,
    // What the limit accounts for would be counted twice.
    errors: errorsOf((limit?.limit ?? null) === null ? calls : admitted, fitters),
    fits: fitsOf(samples, fitters),
    attempts: attempts.describe(),
    fanOut: fanOut.describe(requestsOf),
    keys: keysOfCalls(calls),
    limit,
    ...(admitted.length === 0 ? {} : { capacity: capacityOf(admitted, fitters) }),
  };
}

/** What requests tell of the dependencies that they called, told of each once, in any order. */
export class DependencyCalls {
  readonly #table = new CallTable();

  add(record: ProfileRecord): void {
    this.#table.add(record);
  }

  /**
   * How each dependency was seen to behave; undefined when none was called. Routes and status classes
   * with fewer than 30 calls are in the fit of all calls alone. Only a status of 500 or more is a
   * failure, unless the capture says which calls failed.
   */
  describe(fitters: DependencyFitters): ProfileDependencies | undefined {
    const seen = [...this.#table.dependencies].toSorted(([a], [b]) => (a < b ? -1 : 1));
    if (seen.length === 0) return undefined;
    return Object.fromEntries(
      seen.map(([name, one]) => [name, describe(one, this.#table, fitters)]),
    );
  }
}

/** What the records, which are gone through once, tell of their dependencies: see `DependencyCalls`. */
export function describeDependencies(
  records: Iterable<ProfileRecord>,
  fitters: DependencyFitters,
): ProfileDependencies | undefined {
  const calls = new DependencyCalls();
  for (const record of records) calls.add(record);
  return calls.describe(fitters);
}
