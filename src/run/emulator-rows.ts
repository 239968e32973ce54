import {
  type ArmMeta,
  type ConnectionTable,
  type EmulatedCall,
  Histogram,
} from "../measure/index.ts";
import type { Plan } from "../experiment/index.ts";
import type { Result } from "../report/index.ts";

/** How late one dependency's answers to one arm were, in µs, against how late they may be. */
export interface DelayRow {
  readonly dependency: string;
  readonly arm: string;
  readonly p99Us: number;
  readonly limitUs: number;
  /** The part of its calls that was off by more than the limit. */
  readonly offRatio: number;
}

/** Delays of one dependency's calls of one arm. */
interface Delays {
  /** Of calls that arrived at a moment that is judged; then of the others. */
  readonly error: Histogram;
  readonly otherError: Histogram;
  /** Of the former. */
  readonly meant: Histogram;
}

/**
 * Delay errors (given − meant, as distances) of the calls that were given a delay and an answer. A
 * limited call is answered at once: no delay was meant.
 */
export class DelayErrors {
  readonly #meta: ArmMeta;
  readonly #of: readonly (readonly Delays[])[];
  readonly #isJudged: (arriveNs: number) => boolean;

  constructor(meta: ArmMeta, isJudged: (arriveNs: number) => boolean) {
    this.#meta = meta;
    this.#of = meta.dependencies.map(() =>
      meta.arms.map(() => ({
        error: new Histogram(),
        otherError: new Histogram(),
        meant: new Histogram(),
      })),
    );
    this.#isJudged = isJudged;
  }

  add(call: EmulatedCall): void {
    const row = this.#of[call.dependency]?.[call.arm];
    // Only an answer that was meant to wait can have waited too long.
    if (row === undefined || (call.outcome !== "ok" && call.outcome !== "error")) return;
    const judged = this.#isJudged(call.arriveNs);
    const error = judged ? row.error : row.otherError;
    error.record(Math.abs(call.givenDelayUs - call.meantDelayUs));
    if (judged) row.meant.record(call.meantDelayUs);
  }

  /** The errors of all calls of one arm to one dependency, by their places in the lists. */
  errors(dependency: number, arm: number): Histogram {
    const { error, otherError } = this.#of[dependency]![arm]!;
    const errors = new Histogram();
    errors.add(error);
    errors.add(otherError);
    return errors;
  }

  /** Of judged moments: by dependency, and in it by arm, when all have been added. */
  rows({
    delayErrorFloorUs,
    delayErrorShare,
  }: Pick<Plan["limits"], "delayErrorFloorUs" | "delayErrorShare">): DelayRow[] {
    const { arms, dependencies } = this.#meta;
    return dependencies.flatMap((dependency, index) =>
      arms.map((arm, armIndex) => {
        const { error, meant } = this.#of[index]![armIndex]!;
        const limitUs = Math.max(delayErrorFloorUs, delayErrorShare * meant.quantile(0.5));
        const off = error.count - error.countAtOrBelow(limitUs);
        const offRatio = error.count === 0 ? 0 : off / error.count;
        return { dependency, arm, p99Us: error.quantile(0.99), limitUs, offRatio };
      }),
    );
  }
}

type EmulatedArm = Result["emulator"][string][string];

const NOTHING_SEEN: Omit<EmulatedArm, "delayErrorUs"> = {
  calls: 0,
  errors: 0,
  limited: 0,
  early: 0,
  rejected: 0,
  aborted: 0,
  inFlightMax: 0,
  connectionsMax: 0,
};

/** What each dependency saw of each arm, call by call. */
export class EmulatorRows {
  readonly #meta: ArmMeta;
  readonly #seen: readonly (readonly (typeof NOTHING_SEEN)[])[];

  constructor(meta: ArmMeta) {
    this.#meta = meta;
    this.#seen = meta.dependencies.map(() => meta.arms.map(() => ({ ...NOTHING_SEEN })));
  }

  add(call: EmulatedCall): void {
    const row = this.#seen[call.dependency]?.[call.arm];
    if (row === undefined) return;
    row.calls++;
    if (call.outcome === "error") row.errors++;
    if (call.outcome === "limited") row.limited++;
    if (call.outcome === "rejected") row.rejected++;
    if (call.outcome === "aborted") row.aborted++;
    if (call.early) row.early++;
    if (call.inFlight > row.inFlightMax) row.inFlightMax = call.inFlight;
    if (call.connections > row.connectionsMax) row.connectionsMax = call.connections;
  }

  /**
   * By dependency and arm. Of a TCP dependency only connections are known: those that were refused
   * count as turned away, those whose upstream could not be reached as errors.
   */
  rows(delays: DelayErrors, connections: ConnectionTable | null): Result["emulator"] {
    const { arms, dependencies } = this.#meta;
    const rows: Record<string, Record<string, EmulatedArm>> = {};
    for (const [index, dependency] of dependencies.entries()) {
      const perArm: Record<string, EmulatedArm> = {};
      for (const [armIndex, arm] of arms.entries()) {
        const error = delays.errors(index, armIndex);
        const delayErrorUs = { p50: error.quantile(0.5), p99: error.quantile(0.99) };
        perArm[arm] = { ...this.#seen[index]![armIndex]!, delayErrorUs };
      }
      rows[dependency] = perArm;
    }
    if (connections !== null) addConnections(rows, connections);
    return rows;
  }
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
