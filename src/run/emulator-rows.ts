import {
  type ArmMeta,
  type CallBatch,
  type ConnectionTable,
  Histogram,
  RowGroups,
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

/** Delay errors (given − meant, as distances) of the calls that were given a delay and an answer. */
export class DelayErrors {
  readonly #meta: ArmMeta;
  readonly #of: readonly (readonly Delays[])[];
  readonly #isJudged: (arriveNs: number) => boolean;
  readonly #groups = new RowGroups();

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

  add(batch: CallBatch): void {
    const { arriveNs } = batch;
    const { arm, dependency } = batch.columns;
    const { keys } = this.#groups;
    const arms = this.#meta.arms.length;
    for (let row = 0; row < batch.rows; row++) {
      // Only an answer that was meant to wait can have waited too long.
      const counts = batch.hasWaited(row) && arm[row]! < arms;
      const place = 2 * (dependency[row]! * arms + arm[row]!);
      keys[row] = counts ? place + (this.#isJudged(arriveNs[row]!) ? 1 : 0) : -1;
    }
    this.#groups.each(this.#groups.all(batch.rows), (key, list) => {
      const place = key >> 1;
      const own = this.#of[Math.floor(place / arms)]?.[place % arms];
      if (own === undefined) return;
      const judged = key % 2 === 1;
      (judged ? own.error : own.otherError).recordEach(batch.errorBuckets, list);
      if (judged) own.meant.recordEach(batch.meantBuckets, list);
    });
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

/** What a call that was not simply answered counts as. */
const COUNTED_AS = {
  error: "errors",
  limited: "limited",
  rejected: "rejected",
  aborted: "aborted",
} as const;

/** What each dependency saw of each arm, call by call. */
export class EmulatorRows {
  readonly #meta: ArmMeta;
  readonly #seen: readonly (readonly (typeof NOTHING_SEEN)[])[];

  constructor(meta: ArmMeta) {
    this.#meta = meta;
    this.#seen = meta.dependencies.map(() => meta.arms.map(() => ({ ...NOTHING_SEEN })));
  }

  add(batch: CallBatch): void {
    const { arm, connections, dependency, early, inFlight } = batch.columns;
    for (let row = 0; row < batch.rows; row++) {
      const seen = this.#seen[dependency[row]!]?.[arm[row]!];
      if (seen === undefined) continue;
      seen.calls++;
      const outcome = batch.outcomeAt(row);
      if (outcome !== "ok") seen[COUNTED_AS[outcome]]++;
      if (early[row] === 1) seen.early++;
      if (inFlight[row]! > seen.inFlightMax) seen.inFlightMax = inFlight[row]!;
      if (connections[row]! > seen.connectionsMax) seen.connectionsMax = connections[row]!;
    }
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
