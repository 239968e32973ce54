import {
  Histogram,
  type HistogramCounts,
  isFailure,
  type Observation,
  responseTimeUs,
  serviceTimeUs,
} from "../../measure/index.ts";

/** What is looked at while a run goes on. */
export interface LookedAt {
  /** None where nothing is compared. */
  readonly windows: readonly BlockWindow[];
  /** Response times to keep, in ns. */
  readonly targetsNs: readonly number[];
  /** Every refusal is a failure: where starts go to one arm each, no other says what it answered. */
  readonly refusalsFail?: true;
}

export const NOTHING_LOOKED_AT: LookedAt = { windows: [], targetsNs: [] };

/** The judged time of one stage, cut into blocks of intended time; a shorter rest belongs to none. */
export interface BlockWindow {
  readonly stage: number;
  readonly fromNs: number;
  readonly toNs: number;
  readonly blockNs: number;
  /** Periods that a block is made of, of each of which the beginning is left out. */
  readonly periods?: { readonly lengthNs: number; readonly washoutNs: number };
}

/** What one arm did in one block, as far as one worker has sent it. `block` counts from the window's start. */
export interface ArmBlockCounts {
  readonly stage: number;
  readonly block: number;
  readonly arm: number;
  readonly planned: number;
  readonly started: number;
  /** As the judge counts them: refusals (4xx) of what another arm answered included. */
  readonly failed: number;
  /** Of `failed`, those without an answer: they count with the timeout. */
  readonly censored: number;
  /** Answers below 400 that kept each target. */
  readonly good: readonly number[];
  readonly responseTime: HistogramCounts;
  readonly serviceTime: HistogramCounts;
}

/** Blocks of one worker that are whole: nothing intended before `settledNs` is still in flight. */
export interface BlocksMessage {
  readonly settledNs: number;
  readonly blocks: readonly ArmBlockCounts[];
}

interface Counting {
  readonly stage: number;
  readonly block: number;
  readonly endNs: number;
  readonly arms: readonly {
    planned: number;
    started: number;
    failed: number;
    censored: number;
    readonly good: number[];
    readonly responseTime: Histogram;
    readonly serviceTime: Histogram;
  }[];
}

/*
 * Of a start whose arms have not all ended, in one number, since there is one for each start: how
 * many have, whether any answered below 400, and, a bit for each, which arms refused.
 */
const ENDED_MASK = 0xff;
/** Drops that are told start by start: the other arms have theirs. */
const PAIRED: ReadonlySet<string> = new Set(["in-flight-cap", "arm-cut", "throttled", "held"]);
const ANSWERED = 0x100;
const REFUSED_SHIFT = 9;

/**
 * Counts a worker's observations by block and arm while the run goes on, as the judge will count them
 * afterwards. A block is told when it can no longer change, and then forgotten.
 */
export class BlockCounter {
  readonly #windows: readonly BlockWindow[];
  readonly #targetsNs: readonly number[];
  readonly #refusalsFail: boolean;
  readonly #arms: number;
  readonly #capNs: number;
  readonly #blocks = new Map<number, Counting>();
  /** By sequence number: no more than are in flight in some arm. */
  readonly #pairings = new Map<number, number>();
  #toldNs = -1;

  /** `capNs`: what a request without an answer counts with, the run's timeout. */
  constructor({ refusalsFail, targetsNs, windows }: LookedAt, arms: number, capNs: number) {
    this.#windows = windows;
    this.#refusalsFail = refusalsFail === true;
    this.#targetsNs = targetsNs;
    this.#arms = arms;
    this.#capNs = capNs;
  }

  add(observation: Observation): void {
    const counting = this.#at(observation.intendedNs);
    const block = counting?.arms[observation.arm];
    if (counting === null || block === undefined) return;
    block.planned += observation.kind === "dropped" ? observation.count : 1;
    if (observation.kind === "dropped") {
      if (PAIRED.has(observation.reason)) this.#pair(counting, observation);
      return;
    }
    block.started++;
    block.responseTime.record(responseTimeUs(observation, this.#capNs));
    block.serviceTime.record(serviceTimeUs(observation, this.#capNs));
    if (observation.kind === "error") block.censored++;
    const refused = observation.kind === "response" && observation.status >= 400;
    if (isFailure(observation) || (refused && this.#refusalsFail)) block.failed++;
    if (observation.kind === "response" && observation.status < 400) {
      const tookNs = observation.endNs - observation.intendedNs;
      for (const [place, targetNs] of this.#targetsNs.entries()) {
        if (tookNs <= targetNs) block.good[place]!++;
      }
    }
    this.#pair(counting, observation);
  }

  /** The blocks that ended before `settledNs` and were not told yet; null when there is nothing new. */
  take(settledNs: number): BlocksMessage | null {
    const ready = [...this.#blocks].filter(([, { endNs }]) => endNs <= settledNs);
    const passed = this.#windows.some(({ blockNs, fromNs, toNs }) => {
      const before = (atNs: number): number =>
        Math.floor((Math.min(Math.max(atNs, fromNs), toNs) - fromNs) / blockNs);
      return before(settledNs) > before(this.#toldNs);
    });
    if (ready.length === 0 && !passed) return null;
    this.#toldNs = settledNs;
    for (const [key] of ready) this.#blocks.delete(key);
    return { settledNs, blocks: ready.flatMap(([, counting]) => countsOf(counting)) };
  }

  #at(intendedNs: number): Counting | null {
    for (const { blockNs, fromNs, periods, stage, toNs } of this.#windows) {
      if (intendedNs < fromNs || intendedNs >= toNs) continue;
      if (periods !== undefined && (intendedNs - fromNs) % periods.lengthNs < periods.washoutNs) {
        return null;
      }
      const block = Math.floor((intendedNs - fromNs) / blockNs);
      const endNs = fromNs + (block + 1) * blockNs;
      if (endNs > toNs) return null;
      const known = this.#blocks.get(endNs);
      if (known !== undefined) return known;
      const arms = Array.from({ length: this.#arms }, () => ({
        planned: 0,
        started: 0,
        failed: 0,
        censored: 0,
        good: this.#targetsNs.map(() => 0),
        responseTime: new Histogram(),
        serviceTime: new Histogram(),
      }));
      const fresh = { stage, block, endNs, arms };
      this.#blocks.set(endNs, fresh);
      return fresh;
    }
    return null;
  }

  /** A refusal is a failure where another arm answers the same start below 400. */
  #pair(counting: Counting, observation: Observation): void {
    if (this.#refusalsFail) return;
    const { arm, seq } = observation;
    let pairing = (this.#pairings.get(seq) ?? 0) + 1;
    if (observation.kind === "response") {
      if (observation.status < 400) pairing |= ANSWERED;
      else if (!isFailure(observation)) pairing |= 1 << (REFUSED_SHIFT + arm);
    }
    if ((pairing & ENDED_MASK) < this.#arms) {
      this.#pairings.set(seq, pairing);
      return;
    }
    this.#pairings.delete(seq);
    if ((pairing & ANSWERED) === 0) return;
    for (const [each, counts] of counting.arms.entries()) {
      if ((pairing & (1 << (REFUSED_SHIFT + each))) !== 0) counts.failed++;
    }
  }
}

function countsOf({ arms, block, stage }: Counting): ArmBlockCounts[] {
  return arms.map((each, arm) => ({
    stage,
    block,
    arm,
    planned: each.planned,
    started: each.started,
    failed: each.failed,
    censored: each.censored,
    good: each.good,
    responseTime: each.responseTime.toCounts(),
    serviceTime: each.serviceTime.toCounts(),
  }));
}
