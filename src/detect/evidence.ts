import type {
  ArmMeta,
  ConnectionTable,
  EmulatedCall,
  ExchangeTable,
  Observation,
  ObservationMeta,
  Rows,
  TcpConnection,
  TcpExchange,
} from "../measure/index.ts";
import { type InsideSignals, type ProcessSample, processUse } from "../telemetry/index.ts";
import type { DependencyFacts, Evidence, JoinedBy, RequestRow, StageWindow } from "./detector.ts";
import { callsOfExchanges } from "./exchanges.ts";
import { believeIdentity } from "./identity.ts";

/** Indexes a run's observations, emulated calls and TCP connections for the detectors. */
export function buildEvidence(input: {
  readonly observations: Rows<Observation, ObservationMeta>;
  readonly calls: Rows<EmulatedCall, ArmMeta> | null;
  /** To TCP dependencies, where there are any. */
  readonly connections?: ConnectionTable | null;
  readonly exchanges?: ExchangeTable | null;
  readonly stages: readonly StageWindow[];
  readonly dependencies: readonly DependencyFacts[];
  readonly recordCount: number;
  /** What arms told of themselves, and what their processes used; nothing unless given. */
  readonly inside?: InsideSignals | null;
  readonly processes?: readonly ProcessSample[];
}): Evidence {
  const { arms, routes } = input.observations.meta;
  const { bySeq, requests } = indexRequests(input.observations);
  const shape = { arms: arms.length, dependencies: input.dependencies.map(({ name }) => name) };
  const raw = spread<EmulatedCall>(shape, input.calls);
  const opened = spread<TcpConnection>(shape, input.connections ?? null);
  for (const lists of opened) for (const list of lists) list.sort((a, b) => a.openNs - b.openNs);
  const exchanged = spread<TcpExchange>(shape, input.exchanges ?? null);
  for (const [arm, lists] of exchanged.entries()) {
    for (const [dependency, list] of lists.entries()) {
      if (list.length === 0) continue;
      raw[arm]![dependency] = callsOfExchanges(list, opened[arm]![dependency]!);
    }
  }
  const joined: JoinedBy[][] = [];
  const calls = raw.map((lists, arm) => {
    const believed = lists.map((list) =>
      believeIdentity(
        list.toSorted((a, b) => a.arriveNs - b.arriveNs),
        (seq) => bySeq[arm]?.get(seq),
      ),
    );
    joined.push(believed.map(({ joinedBy }) => joinedBy));
    return believed.map((each) => each.calls);
  });
  const callsBySeq = calls.map((lists) => indexBySeq(lists.flat()));
  return {
    arms,
    routes,
    stages: input.stages,
    dependencies: input.dependencies,
    recordCount: input.recordCount,
    requests: (arm) => requests[arm] ?? [],
    request: (arm, seq) => bySeq[arm]?.get(seq),
    calls: (arm, dependency) => calls[arm]?.[dependency] ?? [],
    joinedBy: (arm, dependency) => joined[arm]?.[dependency] ?? "rates",
    connections: (arm, dependency) => opened[arm]?.[dependency] ?? [],
    callsOf: (arm, seq) => callsBySeq[arm]?.get(seq) ?? [],
    inside: input.inside ?? null,
    processes: (arm, window) => processUse(input.processes ?? [], arms[arm] ?? "", window),
  };
}

function indexRequests(observations: Rows<Observation, ObservationMeta>) {
  const requests = observations.meta.arms.map((): RequestRow[] => []);
  const bySeq = requests.map(() => new Map<number, RequestRow>());
  for (const observation of observations) {
    if (observation.kind === "dropped") continue;
    const { arm, endNs, intendedNs, route, seq, stage, startNs } = observation;
    const response = observation.kind === "response";
    const status = response ? observation.status : 0;
    const error = response ? null : observation.error;
    const row: RequestRow = { seq, stage, route, intendedNs, startNs, endNs, status, error };
    requests[arm]?.push(row);
    bySeq[arm]?.set(seq, row);
  }
  for (const rows of requests) rows.sort((a, b) => a.startNs - b.startNs);
  return { requests, bySeq };
}

/** Rows of a table by arm and dependency; a dependency is found by its name. */
function spread<Row extends { readonly arm: number; readonly dependency: number }>(
  shape: { readonly arms: number; readonly dependencies: readonly string[] },
  table: (Iterable<Row> & { readonly meta: { readonly dependencies: readonly string[] } }) | null,
): Row[][][] {
  const lists = Array.from({ length: shape.arms }, () => shape.dependencies.map((): Row[] => []));
  const places = table?.meta.dependencies.map((name) => shape.dependencies.indexOf(name)) ?? [];
  for (const row of table ?? []) lists[row.arm]?.[places[row.dependency] ?? -1]?.push(row);
  return lists;
}

function indexBySeq(calls: readonly EmulatedCall[]): Map<number, EmulatedCall[]> {
  const bySeq = new Map<number, EmulatedCall[]>();
  for (const call of calls) {
    if (call.seq < 0) continue;
    const list = bySeq.get(call.seq);
    if (list === undefined) bySeq.set(call.seq, [call]);
    else list.push(call);
  }
  // Dependencies one after the other come out of order.
  for (const list of bySeq.values()) list.sort((a, b) => a.arriveNs - b.arriveNs);
  return bySeq;
}
