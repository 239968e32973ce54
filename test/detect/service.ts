import { seededPrng } from "../../src/core/index.ts";
import { buildEvidence, type Evidence, type StageWindow } from "../../src/detect/index.ts";
import type {
  CallTable,
  EmulatedCall,
  Observation,
  ObservationTable,
} from "../../src/measure/index.ts";
import { periodOrder } from "../../src/replay/index.ts";
import { callsInOwnTime, observationsInOwnTime, OwnTime } from "../../src/run/own-time.ts";
import { Agenda, call, gaussian, MS, S, table } from "./simulate.ts";

/*
 * A service of several routes in front of several dependencies: it computes on one event loop, calls
 * through pools, and may refuse. Both arms get the same starts and their calls the same luck; each
 * has its own noise. What the generator and the emulator would have seen of it is the evidence.
 */

/** What is varied in every case: chance, how much of the profile's rate, what the target passes on. */
export interface World {
  readonly seed: string;
  readonly rate: 1 | 3 | 10;
  readonly identity: boolean;
  /** Arms are loaded one after the other, each for so long, as in a crossover; at once unless given. */
  readonly turnNs?: number;
}

type Turning = Pick<World, "seed" | "turnNs">;

export interface SimulatedDependency {
  readonly name: string;
  readonly holdMedianNs: number;
  /** Standard deviation of ln hold; 0.3 when left out. */
  readonly holdSigma?: number;
  /** What a hold is multiplied by, and the share of calls that fail, at a moment. */
  readonly slowness?: (atNs: number) => number;
  readonly failing?: (atNs: number) => number;
  readonly cacheTtlNs?: number;
}

export interface Surroundings {
  readonly ratePerSec: number;
  readonly lengthNs: number;
  readonly settleNs?: number;
  readonly dependencies: readonly SimulatedDependency[];
  /** Of each route, which dependencies it calls, in order. Starts choose a route evenly. */
  readonly routes: readonly (readonly number[])[];
  readonly stages?: readonly StageWindow[];
}

export interface Service {
  /** Computed on the event loop before the first call, and again after the last. */
  readonly cpuNs?: number;
  /** Waited for something else, before the first call and after the last: nothing is computed. */
  readonly waitNs?: readonly [number, number];
  /** The same of each route, where they differ. */
  readonly routeWaitsNs?: readonly (readonly [number, number])[];
  /** Waits are drawn from an exponential law of that mean, as of calls that nobody sees. */
  readonly waitsVary?: boolean;
  /** The share of requests that do; all unless given. */
  readonly waiting?: number;
  /** Its loop is taken by a collector: about so often, for so long, in ns. */
  readonly collecting?: { readonly everyNs: number; readonly forNs: number };
  /** Connections of each dependency's pool, or of the one pool that all share; none when left out. */
  readonly pool?: number;
  readonly sharedPool?: boolean;
  readonly acquireTimeoutNs?: number;
  /** The share of failed calls that never give their place in the pool back. */
  readonly leaking?: number;
  /** The share of calls after which the connection is kept open and never used again. */
  readonly abandoning?: number;
  /** False: a connection for each call. */
  readonly keepAlive?: boolean;
  /** Requests in flight beyond which the next is refused at once. */
  readonly limit?: number;
  /** Calls to each dependency of a route, and whether one waits for the other. */
  readonly calls?: number;
  readonly serial?: boolean;
}

interface Start {
  readonly seq: number;
  readonly atNs: number;
  readonly route: number;
  /** What its calls' luck is made of, the same in every arm. */
  readonly luck: number;
}

/** The same starts, at the moments at which an arm has them where arms take turns of `turnNs`. */
function inTurns(starts: readonly Start[], arm: number, arms: number, world: Turning): Start[] {
  const { seed, turnNs } = world;
  if (turnNs === undefined) return [...starts];
  return starts.map((start) => {
    const cycle = Math.floor(start.atNs / turnNs);
    const waited = cycle * (arms - 1) + periodOrder(seed, cycle, arms).indexOf(arm);
    return { ...start, atNs: start.atNs + waited * turnNs };
  });
}

/** The luck of a start's n-th call: the same numbers in every arm, whatever else is called. */
function luckOf(start: number, nth: number): () => number {
  let state = (start * 2 ** 32 + Math.imul(nth + 1, 0x9e_37_79_b9)) | 0;
  return () => {
    // Source: splitmix32, Steele, Lea & Flood 2014.
    state = (state + 0x9e_37_79_b9) | 0;
    let z = Math.imul(state ^ (state >>> 16), 0x21_f0_aa_ad);
    z = Math.imul(z ^ (z >>> 15), 0x73_5a_2d_97);
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32;
  };
}

const IDLE_NS = 5 * S;

function startsOf({ lengthNs, ratePerSec, routes }: Surroundings, seed: string): Start[] {
  const uniform = seededPrng(`starts ${seed}`);
  const starts: Start[] = [];
  let atNs = 0;
  for (let seq = 0; ; seq++) {
    atNs += (-Math.log(1 - uniform()) / ratePerSec) * S;
    if (atNs >= lengthNs) return starts;
    starts.push({ seq, atNs, route: Math.floor(uniform() * routes.length), luck: uniform() });
  }
}

/** Places for calls; who comes when none is free waits in line, and gives up when it takes too long. */
class Places {
  #free: number;
  readonly #line: { go: (nowNs: number) => void; gone: boolean }[] = [];
  readonly #agenda: Agenda;

  constructor(agenda: Agenda, places: number) {
    this.#agenda = agenda;
    this.#free = places;
  }

  take(nowNs: number, timeoutNs: number, go: (nowNs: number) => void, late: () => void): void {
    if (this.#free > 0) {
      this.#free--;
      go(nowNs);
      return;
    }
    const waiting = { go, gone: false };
    this.#line.push(waiting);
    if (timeoutNs === Infinity) return;
    this.#agenda.at(nowNs + timeoutNs, () => {
      if (waiting.gone) return;
      waiting.gone = true;
      late();
    });
  }

  give(nowNs: number): void {
    for (let next = this.#line.shift(); next !== undefined; next = this.#line.shift()) {
      if (next.gone) continue;
      next.gone = true;
      next.go(nowNs);
      return;
    }
    this.#free++;
  }
}

/** Connections to one dependency's listener: the one that was idle last is used first. */
class Connections {
  #next = 0;
  #idle: { id: number; sinceNs: number }[] = [];
  open = 0;

  take(nowNs: number, keepAlive: boolean): number {
    const before = this.#idle.length;
    this.#idle = this.#idle.filter(({ sinceNs }) => nowNs - sinceNs < IDLE_NS);
    this.open -= before - this.#idle.length;
    const kept = keepAlive ? this.#idle.pop() : undefined;
    if (kept !== undefined) return kept.id;
    this.open++;
    return this.#next++;
  }

  give(id: number, nowNs: number, then: "keep" | "close" | "abandon"): void {
    if (then === "keep") this.#idle.push({ id, sinceNs: nowNs });
    if (then === "close") this.open--;
  }
}

interface Seen {
  readonly requests: { start: Start; endNs: number; status: number }[];
  readonly calls: EmulatedCall[];
}

/** Runs a service through its starts. `own` names the noise that is this arm's alone. */
function serve(
  around: Surroundings,
  service: Service,
  starts: readonly Start[],
  noiseOf: string,
): Seen {
  const agenda = new Agenda();
  const noise = seededPrng(`noise ${noiseOf}`);
  const seen: Seen = { requests: [], calls: [] };
  const { acquireTimeoutNs = Infinity, keepAlive = true, pool = Infinity } = service;
  const connections = around.dependencies.map(() => new Connections());
  const one = new Places(agenda, pool);
  const pools = around.dependencies.map(() =>
    service.sharedPool === true ? one : new Places(agenda, pool),
  );
  let [loopFreeNs, inFlight] = [0, 0];

  const compute = (nowNs: number, then: (nowNs: number) => void): void => {
    const workNs = (service.cpuNs ?? 0.2 * MS) * (0.8 + 0.4 * noise());
    loopFreeNs = Math.max(loopFreeNs, nowNs) + workNs;
    agenda.at(loopFreeNs, then);
  };
  const pause = (ns: number, nowNs: number, then: (nowNs: number) => void): void =>
    agenda.at(
      nowNs + ns * (service.waitsVary === true ? -Math.log(1 - noise()) : 0.9 + 0.2 * noise()),
      then,
    );

  const ask = (
    start: Start,
    [dependency, nth]: readonly [number, number],
    nowNs: number,
    then: (nowNs: number, ok: boolean) => void,
  ): void => {
    const facts = around.dependencies[dependency]!;
    const lateNs = nowNs + acquireTimeoutNs;
    const go = (arriveNs: number): void => {
      const luck = luckOf(start.luck, dependency * 64 + nth);
      const z = gaussian(luck);
      const slow = facts.slowness?.(arriveNs) ?? 1;
      const holdNs = facts.holdMedianNs * slow * Math.exp((facts.holdSigma ?? 0.3) * z);
      const failed = luck() < (facts.failing?.(arriveNs) ?? 0);
      const endNs = arriveNs + holdNs;
      const own = connections[dependency]!;
      const connection = own.take(arriveNs, keepAlive);
      const abandons = luck() < (service.abandoning ?? 0);
      const leaks = failed && luck() < (service.leaking ?? 0);
      seen.calls.push(
        call({
          seq: start.seq,
          dependency,
          key: start.seq * 64 + nth,
          arriveNs,
          endNs,
          connection,
          connections: own.open,
          outcome: failed ? "error" : "ok",
          status: failed ? 503 : 200,
        }),
      );
      agenda.at(endNs, (doneNs) => {
        own.give(connection, doneNs, abandons ? "abandon" : keepAlive ? "keep" : "close");
        if (!leaks) pools[dependency]!.give(doneNs);
        then(doneNs, !failed);
      });
    };
    pools[dependency]!.take(nowNs, acquireTimeoutNs, go, () => then(lateNs, false));
  };

  const askAll = (start: Start, dependency: number, nowNs: number, then: Then): void => {
    const many = service.calls ?? 1;
    if (service.serial === true) {
      const next = (nth: number, atNs: number, fine: boolean): void => {
        if (nth === many || !fine) then(atNs, fine);
        else ask(start, [dependency, nth], atNs, (doneNs, ok) => next(nth + 1, doneNs, ok));
      };
      next(0, nowNs, true);
      return;
    }
    let [left, fine] = [many, true];
    for (let nth = 0; nth < many; nth++) {
      ask(start, [dependency, nth], nowNs, (doneNs, ok) => {
        fine &&= ok;
        if (--left === 0) then(doneNs, fine);
      });
    }
  };

  const { collecting, routeWaitsNs, waiting = 1, waitNs = [0, 0] } = service;
  const collect = (nowNs: number, { everyNs, forNs }: NonNullable<typeof collecting>): void => {
    if (nowNs >= around.lengthNs) return;
    loopFreeNs = Math.max(loopFreeNs, nowNs) + forNs * (0.5 + noise());
    agenda.at(nowNs - Math.log(1 - noise()) * everyNs, (atNs) => collect(atNs, { everyNs, forNs }));
  };
  if (collecting !== undefined) agenda.at(0, (nowNs) => collect(nowNs, collecting));
  /** Luck that nothing else is made of. */
  const waits = ({ luck }: Start): boolean => (luck * 7_919) % 1 < waiting;
  const waitOf = (start: Start, end: 0 | 1): number =>
    waits(start) ? (routeWaitsNs?.[start.route] ?? waitNs)[end] : 0;
  const finish = (start: Start, endNs: number, status: number): void => {
    inFlight--;
    seen.requests.push({ start, endNs, status });
  };
  const afterCalls = (start: Start, nowNs: number, fine: boolean): void => {
    if (!fine) {
      finish(start, nowNs + 0.1 * MS, 503);
      return;
    }
    compute(nowNs, (doneNs) =>
      pause(waitOf(start, 1), doneNs, (endNs) => finish(start, endNs + 0.1 * MS, 200)),
    );
  };
  const begin = (start: Start): void => {
    inFlight++;
    if (inFlight > (service.limit ?? Infinity)) {
      finish(start, start.atNs + 0.3 * MS, 503);
      return;
    }
    const dependencies = around.routes[start.route]!;
    const through = (place: number, nowNs: number, fine: boolean): void => {
      if (place === dependencies.length || !fine) afterCalls(start, nowNs, fine);
      else askAll(start, dependencies[place]!, nowNs, (at, ok) => through(place + 1, at, ok));
    };
    compute(start.atNs + 0.1 * MS, (nowNs) =>
      pause(waitOf(start, 0), nowNs, (atNs) => through(0, atNs, true)),
    );
  };
  for (const start of starts) agenda.at(start.atNs, () => begin(start));
  agenda.run();
  return seen;
}

type Then = (nowNs: number, ok: boolean) => void;

/** The evidence of a control and variants, all behind the same surroundings. */
export function served(
  around: Surroundings,
  services: readonly Service[],
  world: Pick<World, "identity"> & Turning,
): Evidence {
  const { identity, seed, turnNs } = world;
  const starts = startsOf(around, seed);
  const arms = services.map((service, arm) => {
    const own = inTurns(starts, arm, services.length, world);
    return serve(around, service, own, `${seed}/${arm}`);
  });
  const names = ["control", "variant", "variant-2"].slice(0, services.length);
  const routes = around.routes.map((_, i) => `GET /${i}`);
  const observations = arms.flatMap(({ requests }, arm) =>
    requests.map(({ endNs, start, status }): Observation => ({
      kind: "response",
      arm,
      stage: 0,
      seq: start.seq,
      route: start.route,
      intendedNs: start.atNs,
      startNs: start.atNs,
      connectionWaitNs: 0,
      firstByteNs: endNs,
      endNs,
      status,
      bytesIn: 0,
      bytesOut: 0,
    })),
  );
  const calls = arms.flatMap(({ calls: made }, arm) =>
    made.map((each) => ({ ...each, arm, ...(identity ? {} : { seq: -1, attempt: 1 }) })),
  );
  const { dependencies, lengthNs, ratePerSec, settleNs = 2 * S } = around;
  const everybody = { name: "everybody", ratePerSec, fromNs: settleNs, toNs: lengthNs };
  const seen = {
    observations: table<ObservationTable>(observations, {
      arms: names,
      stages: ["everybody"],
      routes,
    }),
    calls: table<CallTable>(calls, {
      arms: names,
      dependencies: dependencies.map(({ name }) => name),
    }),
  };
  // As a crossover is shown to detectors.
  const time = turnNs === undefined ? null : new OwnTime(seed, turnNs, services.length);
  return buildEvidence({
    observations:
      time === null ? seen.observations : observationsInOwnTime(seen.observations, time),
    calls: time === null ? seen.calls : callsInOwnTime(seen.calls, seen.observations, time),
    stages: around.stages ?? [{ ...everybody, judged: true }],
    dependencies: dependencies.map(({ cacheTtlNs = null, name }) => ({ name, cacheTtlNs })),
    recordCount: 100,
  });
}
