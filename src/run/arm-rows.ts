import {
  type ObservationBatch,
  type ObservationMeta,
  quantilesUs,
  RowGroups,
  Tally,
} from "../measure/index.ts";
import type { ArmRow } from "../report/index.ts";

/** Tallies of each arm, and of each of its routes; `meta.arms` and `meta.routes` give the names. */
export interface Tallies {
  readonly arms: readonly Tally[];
  readonly routes: readonly (readonly Tally[])[];
}

/** Tallies as they are counted. */
export class ArmTallies {
  readonly #arms: readonly Tally[];
  readonly #routes: readonly (readonly Tally[])[];

  readonly #groups = new RowGroups();

  constructor({ arms, routes }: ObservationMeta, capNs: number) {
    this.#arms = arms.map(() => new Tally(capNs));
    this.#routes = arms.map(() => routes.map(() => new Tally(capNs)));
  }

  add(batch: ObservationBatch): void {
    const { arm, route } = batch.columns;
    const { keys } = this.#groups;
    const routes = this.#routes[0]?.length ?? 0;
    for (let row = 0; row < batch.rows; row++) {
      keys[row] = arm[row]! * (routes + 1) + Math.min(route[row]!, routes);
    }
    this.#groups.each(this.#groups.all(batch.rows), (key, list) => {
      const own = Math.floor(key / (routes + 1));
      // An arm's own is what its routes add up to.
      (this.#routes[own]?.[key % (routes + 1)] ?? this.#arms[own])?.add(batch, list);
    });
  }

  /** When all have been counted: once. */
  tallies(): Tallies {
    const [arms, routes] = [this.#arms, this.#routes];
    for (const [arm, tally] of arms.entries()) for (const each of routes[arm]!) tally.merge(each);
    return { arms, routes };
  }
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
