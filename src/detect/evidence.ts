import type { CallTable, EmulatedCall, ObservationTable } from "../measure/index.ts";
import type { DependencyFacts, Evidence, RequestRow, StageWindow } from "./detector.ts";

/** Indexes a run's observations and emulated calls for the detectors. */
export function buildEvidence(input: {
  readonly observations: ObservationTable;
  readonly calls: CallTable | null;
  readonly stages: readonly StageWindow[];
  readonly dependencies: readonly DependencyFacts[];
  readonly recordCount: number;
}): Evidence {
  const { arms } = input.observations.meta;
  const requests = arms.map((): RequestRow[] => []);
  const bySeq = arms.map(() => new Map<number, RequestRow>());
  for (const observation of input.observations) {
    if (observation.kind === "dropped") continue;
    const { arm, endNs, intendedNs, seq, stage, startNs } = observation;
    const response = observation.kind === "response";
    const row: RequestRow = {
      seq,
      stage,
      intendedNs,
      startNs,
      endNs,
      status: response ? observation.status : 0,
      error: response ? null : observation.error,
    };
    requests[arm]?.push(row);
    bySeq[arm]?.set(seq, row);
  }
  for (const rows of requests) rows.sort((a, b) => a.startNs - b.startNs);
  const calls = arms.map(() => input.dependencies.map((): EmulatedCall[] => []));
  const callDependencies = input.calls?.meta.dependencies ?? [];
  const place = callDependencies.map((name) =>
    input.dependencies.findIndex((d) => d.name === name),
  );
  for (const call of input.calls ?? []) calls[call.arm]?.[place[call.dependency] ?? -1]?.push(call);
  for (const lists of calls) for (const list of lists) list.sort((a, b) => a.arriveNs - b.arriveNs);
  const callsBySeq = calls.map((lists) => indexBySeq(lists.flat()));
  return {
    arms,
    stages: input.stages,
    dependencies: input.dependencies,
    recordCount: input.recordCount,
    requests: (arm) => requests[arm] ?? [],
    request: (arm, seq) => bySeq[arm]?.get(seq),
    calls: (arm, dependency) => calls[arm]?.[dependency] ?? [],
    callsOf: (arm, seq) => callsBySeq[arm]?.get(seq) ?? [],
  };
}

function indexBySeq(calls: readonly EmulatedCall[]): Map<number, EmulatedCall[]> {
  const bySeq = new Map<number, EmulatedCall[]>();
  for (const call of calls) {
    if (call.seq < 0) continue;
    const list = bySeq.get(call.seq);
    if (list === undefined) bySeq.set(call.seq, [call]);
    else list.push(call);
  }
  return bySeq;
}
