import {
  type ArmMeta,
  type ConnectionTable,
  type EmulatedCall,
  type ExchangeTable,
  type Observation,
  type ObservationMeta,
  type Rows,
  type TcpConnection,
  type TcpExchange,
  visitRows,
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
        (seq) => bySeq[arm]?.(seq),
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
    request: (arm, seq) => bySeq[arm]?.(seq),
    calls: (arm, dependency) => calls[arm]?.[dependency] ?? [],
    joinedBy: (arm, dependency) => joined[arm]?.[dependency] ?? "rates",
    connections: (arm, dependency) => opened[arm]?.[dependency] ?? [],
    callsOf: (arm, seq) => callsBySeq[arm]?.(seq) ?? [],
    inside: input.inside ?? null,
    processes: (arm, window) => processUse(input.processes ?? [], arms[arm] ?? "", window),
  };
}

function indexRequests(observations: Rows<Observation, ObservationMeta>) {
  const requests = observations.meta.arms.map((): RequestRow[] => []);
  visitRows(observations, (observation) => {
    if (observation.kind === "dropped") return;
    const { arm, endNs, intendedNs, route, seq, stage, startNs } = observation;
    const response = observation.kind === "response";
    const status = response ? observation.status : 0;
    const error = response ? null : observation.error;
    requests[arm]?.push({ seq, stage, route, intendedNs, startNs, endNs, status, error });
  });
  for (const rows of requests) rows.sort((a, b) => a.startNs - b.startNs);
  return { requests, bySeq: requests.map(bySeqOf) };
}

/** The first place in an ascending list whose value is not less. */
function placeOf(ascending: Float64Array, value: number): number {
  let [from, to] = [0, ascending.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (ascending[middle]! < value) from = middle + 1;
    else to = middle;
  }
  return from;
}

function bySeqOf(rows: readonly RequestRow[]): (seq: number) => RequestRow | undefined {
  const ascending = rows.toSorted((a, b) => a.seq - b.seq);
  const seqs = Float64Array.from(ascending, ({ seq }) => seq);
  return (seq) => {
    const row = ascending[placeOf(seqs, seq)];
    return row?.seq === seq ? row : undefined;
  };
}

/** Rows of a table by arm and dependency; a dependency is found by its name. */
function spread<Row extends { readonly arm: number; readonly dependency: number }>(
  shape: { readonly arms: number; readonly dependencies: readonly string[] },
  table: Rows<Row, { readonly dependencies: readonly string[] }> | null,
): Row[][][] {
  const lists = Array.from({ length: shape.arms }, () => shape.dependencies.map((): Row[] => []));
  const places = table?.meta.dependencies.map((name) => shape.dependencies.indexOf(name)) ?? [];
  // Rows that are left out of a large run are never made to objects.
  if (table !== null) {
    visitRows(table, (row) => lists[row.arm]?.[places[row.dependency] ?? -1]?.push({ ...row }));
  }
  return lists;
}

/** The calls of a request by its number, in the order in which they arrived. */
function indexBySeq(calls: readonly EmulatedCall[]): (seq: number) => readonly EmulatedCall[] {
  const own = calls.filter(({ seq }) => seq >= 0);
  // Dependencies one after the other come out of order.
  own.sort((a, b) => a.seq - b.seq || a.arriveNs - b.arriveNs);
  const seqs = Float64Array.from(own, ({ seq }) => seq);
  return (seq) => own.slice(placeOf(seqs, seq), placeOf(seqs, seq + 1));
}
