import { type Prng, seededPrng } from "../../src/core/index.ts";
import {
  buildEvidence,
  type DependencyFacts,
  type Evidence,
  evidenceSample,
  type StageWindow,
} from "../../src/detect/index.ts";
import type {
  CallTable,
  EmulatedCall,
  ExchangeTable,
  Observation,
  ObservationTable,
  TcpExchange,
} from "../../src/measure/index.ts";
import { plainCall } from "../../src/testing/index.ts";

/*
 * Small targets in front of one dependency, on a clock of their own: what the generator and the
 * emulator would have seen of them. Both arms get the same starts and the same luck, as in a run.
 */

export const MS = 1e6;
export const S = 1e9;
const DEPENDENCY = 0;

/** What one arm did. */
export interface ArmLog {
  readonly requests: { seq: number; startNs: number; endNs: number; status: number }[];
  readonly calls: EmulatedCall[];
}

/** A start of the plan, with the luck that it brings to both arms. */
export interface Start {
  readonly seq: number;
  readonly atNs: number;
  readonly calls: boolean;
  readonly holdNs: number;
  readonly thinkNs: number;
}

export interface Traffic {
  readonly ratePerSec: number;
  readonly lengthNs: number;
  /** The share of requests that call the dependency. */
  readonly callRatio: number;
  readonly holdMedianNs: number;
  /** Standard deviation of ln hold. */
  readonly holdSigma: number;
}

export const TRAFFIC: Traffic = {
  ratePerSec: 100,
  lengthNs: 27 * S,
  callRatio: 1,
  holdMedianNs: 80 * MS,
  holdSigma: 0.5,
};

/** Mean of the holds: what Little's law counts with. */
export const meanHoldNs = ({ holdMedianNs, holdSigma }: Traffic): number =>
  holdMedianNs * Math.exp(holdSigma ** 2 / 2);

export function gaussian(uniform: Prng): number {
  return Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** Poisson starts. */
export function startsOf(traffic: Traffic, seed: string): Start[] {
  const uniform = seededPrng(seed);
  const starts: Start[] = [];
  let atNs = 0;
  for (let seq = 0; ; seq++) {
    atNs += (-Math.log(1 - uniform()) / traffic.ratePerSec) * S;
    if (atNs >= traffic.lengthNs) return starts;
    starts.push({
      seq,
      atNs,
      calls: uniform() < traffic.callRatio,
      holdNs: traffic.holdMedianNs * Math.exp(traffic.holdSigma * gaussian(uniform)),
      thinkNs: (0.3 + 0.4 * uniform()) * MS,
    });
  }
}

export function call(
  given: Partial<EmulatedCall> & { arriveNs: number; endNs: number },
): EmulatedCall {
  const own = { dependency: DEPENDENCY, key: given.seq ?? 0 };
  return plainCall({ ...own, ...given });
}

/** Puts two arms into the evidence that detectors judge. */
export function evidenceOf(
  arms: readonly [ArmLog, ArmLog],
  given: {
    readonly lengthNs: number;
    readonly ratePerSec?: number;
    readonly settleNs?: number;
    readonly stages?: readonly StageWindow[];
    readonly dependency?: Partial<DependencyFacts>;
    readonly recordCount?: number;
    /** False: the target passes no identity on. */
    readonly identity?: boolean;
    /** The dependency speaks a protocol of its own, and is seen as busy connections. */
    readonly tcp?: boolean;
    /** What a run that is too large is looked at: see `evidenceSample`. */
    readonly limit?: { readonly whole: number; readonly sample: number };
  },
): Evidence {
  const { identity = true, lengthNs, settleNs = 2 * S } = given;
  const observations = arms.flatMap(({ requests }, arm) =>
    requests.map(({ endNs, seq, startNs, status }): Observation => ({
      kind: "response",
      arm,
      stage: 0,
      seq,
      route: 0,
      intendedNs: startNs,
      startNs,
      connectionWaitNs: 0,
      firstByteNs: endNs,
      endNs,
      status,
      bytesIn: 0,
      bytesOut: 0,
    })),
  );
  const calls = arms.flatMap(({ calls: own }, arm) =>
    own.map((each) => ({ ...each, arm, ...(identity ? {} : { seq: -1, attempt: 1 }) })),
  );
  const names = ["control", "variant"];
  const dependency = { name: "payments", cacheTtlNs: null, ...given.dependency };
  const everybody = { name: "everybody", ratePerSec: given.ratePerSec ?? 100, judged: true };
  const meta = { arms: names, dependencies: [dependency.name] };
  const exchanges = calls.map(({ arm, arriveNs, dependency: to, endNs }): TcpExchange => ({
    arm,
    dependency: to,
    connection: 0,
    upNs: arriveNs,
    downNs: endNs,
  }));
  const seen =
    given.tcp === true
      ? { calls: null, exchanges: table<ExchangeTable>(exchanges, meta) }
      : { calls: table<CallTable>(calls, meta) };
  const input = {
    observations: table<ObservationTable>(observations, {
      arms: names,
      stages: ["everybody"],
      routes: ["GET /"],
    }),
    ...seen,
    stages: given.stages ?? [{ ...everybody, fromNs: settleNs, toNs: lengthNs }],
    dependencies: [dependency],
    recordCount: given.recordCount ?? 100,
  };
  const rows = observations.length + calls.length;
  return buildEvidence(evidenceSample(input, rows, given.limit).input);
}

/** Rows in memory in the place of a spool's table. */
export function table<T extends ObservationTable | CallTable | ExchangeTable>(
  rows: Iterable<unknown>,
  meta: T["meta"],
): T {
  return { meta, [Symbol.iterator]: () => rows[Symbol.iterator]() } as unknown as T;
}

/** Things to do at their time, in order of time and then of planning. */
export class Agenda {
  readonly #heap: { atNs: number; order: number; act: (nowNs: number) => void }[] = [];
  #order = 0;

  at(atNs: number, act: (nowNs: number) => void): void {
    const heap = this.#heap;
    const entry = { atNs, order: this.#order++, act };
    let i = heap.push(entry) - 1;
    while (i > 0 && before(entry, heap[(i - 1) >> 1]!)) {
      heap[i] = heap[(i - 1) >> 1]!;
      i = (i - 1) >> 1;
    }
    heap[i] = entry;
  }

  run(): void {
    for (let next = this.#take(); next !== undefined; next = this.#take()) next.act(next.atNs);
  }

  #take() {
    const heap = this.#heap;
    const top = heap[0];
    const moved = heap.pop();
    if (top === undefined || moved === undefined || heap.length === 0) return top;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (!before(heap[child]!, moved)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = moved;
    return top;
  }
}

const before = (
  a: { readonly atNs: number; readonly order: number },
  b: { readonly atNs: number; readonly order: number },
): boolean => a.atNs < b.atNs || (a.atNs === b.atNs && a.order < b.order);
