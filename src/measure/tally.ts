import { NS_PER_MS, NS_PER_US } from "../core/index.ts";
import { Histogram } from "./histogram.ts";
import type { Observation } from "./observation.ts";
import type { ObservationBatch } from "./observation-batch.ts";
import type { RowList } from "./row-groups.ts";

const LATE_NS = NS_PER_MS;

/** Whose doing a late start was: the generator's own, or that no connection was free. */
export const LAG_CAUSES = ["generator", "connection"] as const;
export type LagCause = (typeof LAG_CAUSES)[number];

/** What took the larger part of a start's lag. */
export function lagCause(observation: Exclude<Observation, { kind: "dropped" }>): LagCause {
  return causeOf(observation.startNs - observation.intendedNs, observation.connectionWaitNs);
}

const causeOf = (lagNs: number, connectionWaitNs: number): LagCause =>
  connectionWaitNs > lagNs / 2 ? "connection" : "generator";

/** The generator's own part of a start's lag, in µs: what it did not wait for a connection. */
export function generatorLagUs(observation: Exclude<Observation, { kind: "dropped" }>): number {
  const { connectionWaitNs, intendedNs, startNs } = observation;
  return (startNs - intendedNs - connectionWaitNs) / NS_PER_US;
}

const bump = (counts: Map<string, number>, key: string, by = 1): void => {
  counts.set(key, (counts.get(key) ?? 0) + by);
};

/** Five points of a histogram, in microseconds. */
export interface QuantilesUs {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** The usual quantiles; zeros when nothing was recorded. */
export function quantilesUs(histogram: Histogram): QuantilesUs {
  return {
    p50: histogram.quantile(0.5),
    p90: histogram.quantile(0.9),
    p99: histogram.quantile(0.99),
    p999: histogram.quantile(0.999),
    max: histogram.maxUs,
  };
}

/**
 * The response time that a request counts with, in µs: from the intended start to the end. A
 * request that failed never answered: it counts with the timeout (`capNs`), or what it took if
 * that was longer, as right-censored.
 */
export function responseTimeUs(
  observation: Exclude<Observation, { kind: "dropped" }>,
  capNs: number,
): number {
  const tookNs = observation.endNs - observation.intendedNs;
  return (observation.kind === "error" ? Math.max(tookNs, capNs) : tookNs) / NS_PER_US;
}

/** As `responseTimeUs`, from the start of the request itself. */
export function serviceTimeUs(
  observation: Exclude<Observation, { kind: "dropped" }>,
  capNs: number,
): number {
  const tookNs = observation.endNs - observation.startNs;
  return (observation.kind === "error" ? Math.max(tookNs, capNs) : tookNs) / NS_PER_US;
}

/**
 * Everything counted of one arm (or one route of it): the exact ledger
 * planned = responses + errors + dropped, and three histograms in microseconds.
 */
export class Tally {
  responses = 0;
  errors = 0;
  dropped = 0;
  /** Starts more than 1 ms late, by whose doing. */
  readonly lateStarts: Record<LagCause, number> = { generator: 0, connection: 0 };
  readonly errorCounts = new Map<string, number>();
  readonly dropCounts = new Map<string, number>();
  readonly responseTime = new Histogram();
  readonly serviceTime = new Histogram();
  readonly startLag = new Histogram();
  /** Of the start lag: waiting for a connection. */
  readonly connectionWait = new Histogram();
  readonly #capNs: number;
  readonly #statusCounts = new Map<string, number>();
  /** The last status, and how many of it are not among the counts yet: most are like the one before. */
  #status = 0;
  #ofStatus = 0;

  /** `capNs`: what a failed request counts with, the run's timeout. */
  constructor(capNs: number) {
    this.#capNs = capNs;
  }

  get planned(): number {
    return this.responses + this.errors + this.dropped;
  }

  /** By status code. */
  get statusCounts(): ReadonlyMap<string, number> {
    if (this.#ofStatus > 0) bump(this.#statusCounts, String(this.#status), this.#ofStatus);
    this.#ofStatus = 0;
    return this.#statusCounts;
  }

  /** Adds what another tally with the same cap has counted. */
  merge(other: Tally): void {
    this.responses += other.responses;
    this.errors += other.errors;
    this.dropped += other.dropped;
    for (const cause of LAG_CAUSES) this.lateStarts[cause] += other.lateStarts[cause];
    for (const [status, count] of other.statusCounts) bump(this.#statusCounts, status, count);
    for (const counts of ["errorCounts", "dropCounts"] as const) {
      for (const [key, count] of other[counts]) bump(this[counts], key, count);
    }
    for (const times of ["responseTime", "serviceTime", "startLag", "connectionWait"] as const) {
      this[times].add(other[times]);
    }
  }

  /** Counts rows of a batch; the list is not the same afterwards. */
  add(batch: ObservationBatch, list: RowList): void {
    const { columns, connectionWaitNs, startNs } = batch;
    const { intendedNs, status } = columns;
    const { from, order, to } = list;
    let started = from;
    for (let next = from; next < to; next++) {
      const row = order[next]!;
      if (batch.isDropped(row)) {
        const count = batch.countAt(row);
        this.dropped += count;
        bump(this.dropCounts, batch.reasonAt(row), count);
        continue;
      }
      order[started++] = row;
      const lagNs = startNs[row]! - intendedNs[row]!;
      if (lagNs > LATE_NS) this.lateStarts[causeOf(lagNs, connectionWaitNs[row]!)]++;
      if (batch.isResponse(row)) {
        this.responses++;
        this.#countStatus(status[row]!);
      } else {
        this.errors++;
        bump(this.errorCounts, batch.reasonAt(row));
      }
    }
    const lags = batch.lagBuckets();
    const those = { order, from, to: started };
    this.startLag.recordEach(lags.startLag, those);
    if (lags.connectionWait !== null) this.connectionWait.recordEach(lags.connectionWait, those);
    else if (started > from) this.connectionWait.record(0, started - from);
    this.responseTime.recordEach(batch.responseBuckets(this.#capNs), those);
    this.serviceTime.recordEach(batch.serviceBuckets(this.#capNs), those);
  }

  #countStatus(status: number): void {
    if (status !== this.#status) {
      if (this.#ofStatus > 0) bump(this.#statusCounts, String(this.#status), this.#ofStatus);
      [this.#status, this.#ofStatus] = [status, 0];
    }
    this.#ofStatus++;
  }
}
