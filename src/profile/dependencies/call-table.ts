import { hashText53 } from "../../core/index.ts";
import type { ProfileRecord } from "../record.ts";
import { AttemptCounts } from "./attempts.ts";
import { CallCounts } from "./fan-out.ts";
import { failedIn, refusedIn } from "./outcome.ts";
import type { DependencyCall } from "./schema.ts";

/** What is kept of one call, when all others are known: numbers, and texts that many calls share. */
export interface KeptCall {
  /** From the profile's first arrival. */
  readonly atUs: number;
  readonly latencyUs: number;
  readonly status: number | undefined;
  readonly route: string | null;
  readonly failed: boolean;
  readonly refused: boolean;
  /** Of what it asks for; null when that is not known, and for what repeats another call. */
  readonly key: number | null;
}

/** One dependency's calls, as they come by. */
export interface SeenDependency {
  readonly calls: KeptCall[];
  readonly attempts: AttemptCounts;
  readonly fanOut: CallCounts;
}

const keyOf = ({ attempt, key, route = "" }: DependencyCall): number | null =>
  key === undefined || attempt !== undefined ? null : hashText53(`${route}\n${key}`);

/** All calls of a profile by dependency, gone through once; of a call about a hundred bytes are kept. */
export class CallTable {
  readonly dependencies = new Map<string, SeenDependency>();
  /** How many requests each of the service's own routes had. */
  readonly requestsOf = new Map<string, number>();
  requests = 0;
  readonly #routes = new Map<string, string>();

  add({ dependencyCalls = [], offsetNs, route }: ProfileRecord): void {
    this.requests++;
    this.requestsOf.set(route, (this.requestsOf.get(route) ?? 0) + 1);
    if (dependencyCalls.length === 0) return;
    for (const [name, calls] of Map.groupBy(dependencyCalls, ({ dependency }) => dependency)) {
      const seen = this.#seen(name);
      const own = calls.toSorted((a, b) => a.offsetUs - b.offsetUs);
      seen.attempts.add(own);
      seen.fanOut.add(route, own);
      for (const call of own) seen.calls.push(this.#kept(call, offsetNs / 1e3));
    }
  }

  #seen(name: string): SeenDependency {
    let seen = this.dependencies.get(name);
    if (seen === undefined) {
      seen = { calls: [], attempts: new AttemptCounts(), fanOut: new CallCounts() };
      this.dependencies.set(name, seen);
    }
    return seen;
  }

  #kept(call: DependencyCall, arrivedUs: number): KeptCall {
    return {
      atUs: arrivedUs + call.offsetUs,
      latencyUs: call.latencyUs,
      status: call.status,
      route: call.route === undefined ? null : this.#shared(call.route),
      failed: failedIn(call),
      refused: refusedIn(call),
      key: keyOf(call),
    };
  }

  /** The same text for all that are equal: those that were read from a file are one each. */
  #shared(route: string): string {
    const known = this.#routes.get(route);
    if (known === undefined) this.#routes.set(route, route);
    return known ?? route;
  }
}
