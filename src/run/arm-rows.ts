import {
  type CallTable,
  type ConnectionTable,
  Histogram,
  type ObservationTable,
  quantilesUs,
  Tally,
  visitRows,
} from "../measure/index.ts";
import type { ArmRow, Result } from "../report/index.ts";

/** Tallies of each arm, and of each of its routes; `meta.arms` and `meta.routes` give the names. */
export interface Tallies {
  readonly arms: readonly Tally[];
  readonly routes: readonly (readonly Tally[])[];
}

export function tallyArms(observations: ObservationTable, capNs: number): Tallies {
  const arms = observations.meta.arms.map(() => new Tally(capNs));
  const routes = arms.map(() => observations.meta.routes.map(() => new Tally(capNs)));
  visitRows(observations, (observation) => {
    const { arm, route } = observation;
    // An arm's own is what its routes add up to.
    (routes[arm]?.[route] ?? arms[arm])?.add(observation);
  });
  for (const [arm, tally] of arms.entries()) for (const each of routes[arm]!) tally.merge(each);
  return { arms, routes };
}

const sorted = (counts: ReadonlyMap<string, number>): Record<string, number> =>
  Object.fromEntries([...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)));

function ledgerAndTimes(tally: Tally) {
  return {
    planned: tally.planned,
    responses: tally.responses,
    errors: tally.errors,
    dropped: tally.dropped,
    responseTimeUs: quantilesUs(tally.responseTime),
    serviceTimeUs: quantilesUs(tally.serviceTime),
    startLagUs: quantilesUs(tally.startLag),
  };
}

/**
 * `durationS`: over how long starts and answers are counted, the plan's length, or as far as a run
 * got that was stopped: 0, and rates with it, when that was before its first start. What was dropped
 * because it was stopped was not offered.
 */
export function armRows(
  names: readonly string[],
  routeNames: readonly string[],
  { arms, routes }: Tallies,
  durationS: number,
): Record<string, ArmRow> {
  const perSec = (count: number): number => (durationS > 0 ? count / durationS : 0);
  const rowOf = (tally: Tally, index: number): ArmRow => ({
    ...ledgerAndTimes(tally),
    statusCounts: sorted(tally.statusCounts),
    errorCounts: sorted(tally.errorCounts),
    dropCounts: sorted(tally.dropCounts),
    connectionWaitUs: quantilesUs(tally.connectionWait),
    lateStarts: { ...tally.lateStarts },
    ratePerSec: {
      offered: perSec(tally.planned - neverDue(tally)),
      started: perSec(tally.planned - tally.dropped),
      answered: perSec(tally.responses),
    },
    routes: (routes[index] ?? [])
      .map((route, routeIndex) => ({
        route: routeNames[routeIndex] ?? "?",
        ...ledgerAndTimes(route),
      }))
      .filter((row) => row.planned > 0),
  });
  return Object.fromEntries(arms.map((tally, index) => [names[index] ?? "?", rowOf(tally, index)]));
}

/**
 * Delay errors (given − meant, as distances) of the calls that were given a delay and an answer and
 * that arrived at a moment that counts: `rows[dependency][arm]`. A limited call is answered at
 * once: no delay was meant.
 */
export function delayErrors(
  calls: CallTable,
  counts: (arriveNs: number) => boolean = () => true,
): { error: Histogram; meant: Histogram }[][] {
  const { arms, dependencies } = calls.meta;
  const rows = dependencies.map(() =>
    arms.map(() => ({ error: new Histogram(), meant: new Histogram() })),
  );
  visitRows(calls, (call) => {
    const row = rows[call.dependency]?.[call.arm];
    if (row === undefined || !counts(call.arriveNs)) return;
    // Only an answer that was meant to wait can have waited too long.
    if (call.outcome !== "ok" && call.outcome !== "error") return;
    row.error.record(Math.abs(call.givenDelayUs - call.meantDelayUs));
    row.meant.record(call.meantDelayUs);
  });
  return rows;
}

type EmulatedArm = Result["emulator"][string][string];

/**
 * What each dependency saw of each arm. Of a TCP dependency only connections are known: those that
 * were refused count as turned away, those whose upstream could not be reached as errors.
 */
export function emulatorRows(
  calls: CallTable,
  connections: ConnectionTable | null = null,
): Result["emulator"] {
  const { arms, dependencies } = calls.meta;
  const errors = delayErrors(calls);
  const rows: Record<string, Record<string, EmulatedArm>> = {};
  for (const [index, dependency] of dependencies.entries()) {
    const perArm: Record<string, EmulatedArm> = {};
    for (const [armIndex, arm] of arms.entries()) {
      const error = errors[index]?.[armIndex]?.error ?? new Histogram();
      const delayErrorUs = { p50: error.quantile(0.5), p99: error.quantile(0.99) };
      perArm[arm] = {
        calls: 0,
        errors: 0,
        limited: 0,
        early: 0,
        rejected: 0,
        aborted: 0,
        inFlightMax: 0,
        connectionsMax: 0,
        delayErrorUs,
      };
    }
    rows[dependency] = perArm;
  }
  visitRows(calls, (call) => {
    const row = rows[dependencies[call.dependency] ?? ""]?.[arms[call.arm] ?? ""];
    if (row === undefined) return;
    row.calls++;
    if (call.outcome === "error") row.errors++;
    if (call.outcome === "limited") row.limited++;
    if (call.outcome === "rejected") row.rejected++;
    if (call.outcome === "aborted") row.aborted++;
    if (call.early) row.early++;
    row.inFlightMax = Math.max(row.inFlightMax, call.inFlight);
    row.connectionsMax = Math.max(row.connectionsMax, call.connections);
  });
  if (connections !== null) addConnections(rows, connections);
  return rows;
}

function addConnections(
  rows: Record<string, Record<string, EmulatedArm>>,
  connections: ConnectionTable,
): void {
  const { arms, dependencies } = connections.meta;
  const changes = new Map<EmulatedArm, { atNs: number; by: 1 | -1 }[]>();
  for (const { arm, closeNs, connectedNs, dependency, openNs, outcome } of connections) {
    const row = rows[dependencies[dependency] ?? ""]?.[arms[arm] ?? ""];
    if (row === undefined) continue;
    if (outcome === "refused") row.rejected++;
    if (outcome === "unreachable") row.errors++;
    if (connectedNs === null) continue;
    const own = changes.get(row) ?? [];
    own.push({ atNs: openNs, by: 1 }, { atNs: closeNs, by: -1 });
    changes.set(row, own);
  }
  for (const [row, own] of changes) {
    let open = 0;
    for (const { by } of own.toSorted((a, b) => a.atNs - b.atNs || a.by - b.by)) {
      open += by;
      row.connectionsMax = Math.max(row.connectionsMax, open);
    }
  }
}

/** Starts of a load that a rule of the plan had cut, or halved, or somebody held. */
const NOT_OWED = ["arm-cut", "throttled", "held"] as const;
const notOwed = (dropCounts: Tally["dropCounts"]): number =>
  NOT_OWED.reduce((sum, reason) => sum + (dropCounts.get(reason) ?? 0), 0);

/**
 * By arm, the starts that were planned and not made, but for those of a load that a rule of the plan
 * had cut or halved, and of a ramp that somebody held.
 */
export const droppedStarts = ({ arms }: Tallies): number[] =>
  arms.map(({ dropCounts, dropped }) => dropped - notOwed(dropCounts));

/** Starts that nobody came to: the run had ended before, or the arm's load had been cut. */
function neverDue({ dropCounts }: Tally): number {
  const reasons = ["run-stopped", "generator-died", ...NOT_OWED] as const;
  return reasons.reduce((sum, reason) => sum + (dropCounts.get(reason) ?? 0), 0);
}
