import type { DependencyCall, ProfileFanOut } from "./schema.ts";

interface RouteCounts {
  /** How many requests made so many calls, but for those that made none. */
  readonly requestsBy: Map<number, number>;
  /** Calls after a request's first, and of them those that began while another was under way. */
  siblings: number;
  overlapping: number;
}

/** The least count that this share of the requests is at or below. */
function quantile(requestsBy: readonly (readonly [number, number])[], p: number): number {
  const all = requestsBy.reduce((sum, [, requests]) => sum + requests, 0);
  let seen = 0;
  for (const [count, requests] of requestsBy) {
    seen += requests;
    if (seen >= p * all) return count;
  }
  return 0;
}

function describe(route: string, requests: number, counts: RouteCounts): ProfileFanOut {
  const calling = [...counts.requestsBy].toSorted(([a], [b]) => a - b);
  const callingRequests = calling.reduce((sum, [, count]) => sum + count, 0);
  const calls = calling.reduce((sum, [count, of]) => sum + count * of, 0);
  const all = [[0, requests - callingRequests] as const, ...calling];
  return {
    route,
    requests,
    mean: calls / requests,
    p50: quantile(all, 0.5),
    p99: quantile(all, 0.99),
    max: calling.at(-1)?.[0] ?? 0,
    callingRatio: callingRequests / requests,
    overlapRatio: counts.siblings === 0 ? null : counts.overlapping / counts.siblings,
  };
}

/** How often requests call one dependency, by their route; repeated attempts are one call. */
export class CallCounts {
  readonly #routes = new Map<string, RouteCounts>();

  /** @param calls of one request of this route, by rising offset */
  add(route: string, calls: readonly DependencyCall[]): void {
    const first = calls.filter(({ attempt }) => attempt === undefined);
    if (first.length === 0) return;
    let counts = this.#routes.get(route);
    if (counts === undefined) {
      counts = { requestsBy: new Map(), siblings: 0, overlapping: 0 };
      this.#routes.set(route, counts);
    }
    counts.requestsBy.set(first.length, (counts.requestsBy.get(first.length) ?? 0) + 1);
    counts.siblings += first.length - 1;
    let busyUntilUs = 0;
    for (const [index, { latencyUs, offsetUs }] of first.entries()) {
      if (index > 0 && offsetUs < busyUntilUs) counts.overlapping++;
      busyUntilUs = Math.max(busyUntilUs, offsetUs + latencyUs);
    }
  }

  /** The routes with most calls first; those that never call it are left out. */
  describe(requestsOf: ReadonlyMap<string, number>): ProfileFanOut[] {
    return [...this.#routes]
      .map(([route, counts]) => describe(route, requestsOf.get(route)!, counts))
      .toSorted(
        (a, b) => b.mean * b.requests - a.mean * a.requests || (a.route < b.route ? -1 : 1),
      );
  }
}
