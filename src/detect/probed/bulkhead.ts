import { mannWhitney } from "../../stats/index.ts";
import type { Evidence, RequestRow, StageWindow } from "../detector.ts";
import { quantile } from "../join.ts";
import { requestsIn, stagesThat, usualStage } from "./stages.ts";

const RULE = {
  /** Of a route's requests: those that use a dependency do so at least this often. */
  usesRatio: 0.01,
  /** Requests of a route in either stage that are needed. */
  requests: 30,
  /** p90 of the service time, as a multiple of the usual. */
  slower: 1.2,
  level: 0.001,
} as const;

export interface RouteSuffers {
  readonly route: string;
  /** p90 of the service time, in ms. */
  readonly usualMs: number;
  readonly probedMs: number;
}

/** What a dependency in trouble does to routes that do not use it. */
export interface BulkheadReading {
  readonly stage: string;
  /** Routes that could be judged, and those that got slower. */
  readonly judged: readonly string[];
  readonly suffering: readonly RouteSuffers[];
}

/** Routes whose requests never call the dependency, as they usually do. */
function routesWithout(evidence: Evidence, arm: number, dependency: number): Set<number> {
  const callers = new Set(evidence.calls(arm, dependency).map(({ seq }) => seq));
  const byRoute = Map.groupBy(evidence.requests(arm), ({ route }) => route);
  const without = [...byRoute].filter(
    ([, rows]) => rows.filter(({ seq }) => callers.has(seq)).length < RULE.usesRatio * rows.length,
  );
  return new Set(without.map(([route]) => route));
}

const serviceMs = ({ endNs, startNs }: RequestRow): number => (endNs - startNs) / 1e6;

function compare(
  route: string,
  usual: readonly number[],
  probed: readonly number[],
): RouteSuffers | null {
  const [usualMs, probedMs] = [quantile(usual, 0.9), quantile(probed, 0.9)];
  const { pValue } = mannWhitney(probed, usual, { alternative: "greater", method: "normal" });
  const slower = probedMs > RULE.slower * usualMs && pValue < RULE.level;
  return slower ? { route, usualMs, probedMs } : null;
}

/** The stage that follows where nothing is done, if one does: at the same rate, and in its last half. */
function aloneAfter(stages: readonly StageWindow[], probed: StageWindow): StageWindow[] {
  const next = stages[stages.indexOf(probed) + 1];
  if (next === undefined || next.probe !== undefined) return [];
  if (next.ratePerSec !== probed.ratePerSec || next.fromPerSec !== probed.fromPerSec) return [];
  return [{ ...next, fromNs: (next.fromNs + next.toNs) / 2 }];
}

/** The worst that was done to it: nothing comes of it, or it is the slowest. */
function worstStage(evidence: Evidence, dependency: number): StageWindow | undefined {
  const slow = stagesThat(evidence, dependency, "latency").toSorted(
    (a, b) => (b.probe?.latency?.factor ?? 0) - (a.probe?.latency?.factor ?? 0),
  );
  return stagesThat(evidence, dependency, "hang")[0] ?? slow[0];
}

/** Reads one arm; null without identity, a hang or slowness, or routes that do not use it. */
export function readBulkhead(
  evidence: Evidence,
  arm: number,
  dependency: number,
): BulkheadReading | null {
  const stage = worstStage(evidence, dependency);
  const usual = stage === undefined ? undefined : usualStage(evidence.stages, stage);
  const known = evidence.joinedBy(arm, dependency) === "identity";
  if (stage === undefined || usual === undefined || !known) return null;
  const routes = routesWithout(evidence, arm, dependency);
  const byRoute = (each: StageWindow): Map<number, RequestRow[]> =>
    Map.groupBy(
      requestsIn(evidence.requests(arm), each).filter(({ route }) => routes.has(route)),
      ({ route }) => route,
    );
  const during = byRoute(stage);
  // A machine that others load is slow for a while, whatever is done to the dependency meanwhile.
  const alone = [usual, ...aloneAfter(evidence.stages, stage)].map(byRoute);
  const judged = [...routes].filter((route) =>
    [...alone, during].every((rows) => (rows.get(route)?.length ?? 0) >= RULE.requests),
  );
  if (judged.length === 0) return null;
  const nameOf = (route: number): string => evidence.routes[route] ?? `route ${route}`;
  const suffering = judged.flatMap((route) => {
    const probed = during.get(route)!.map(serviceMs);
    const found = alone.map((rows) =>
      compare(nameOf(route), rows.get(route)!.map(serviceMs), probed),
    );
    return found.every((each) => each !== null) ? found.slice(0, 1) : [];
  });
  return { stage: stage.name, judged: judged.map(nameOf), suffering };
}
