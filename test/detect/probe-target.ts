import { keyedDraw } from "../../src/core/index.ts";
import { buildEvidence, type Evidence, type StageWindow } from "../../src/detect/index.ts";
import type { Probe } from "../../src/emulator/index.ts";
import type {
  CallTable,
  EmulatedCall,
  Observation,
  ObservationTable,
} from "../../src/measure/index.ts";
import { Agenda, type ArmLog, call, MS, S, type Start, startsOf, TRAFFIC } from "./simulate.ts";

/* A course of stages that probe one dependency, and a target that calls it, on a clock of their own. */

const NAME = "payments";

/** What the dependency suffers, and for how long. */
export interface Phase {
  readonly name: string;
  readonly forS: number;
  readonly probe?: Omit<Probe, "dependency">;
  readonly ratePerSec?: number;
  readonly fromPerSec?: number;
}

export interface ProbedTarget {
  /** Connections of its pool; unbounded unless given. */
  readonly pool?: number;
  readonly timeoutNs?: number;
  /** The timeout begins with the request, so that a wait for a connection is part of it. */
  readonly timeoutWithWait?: boolean;
  readonly attempts?: number;
  readonly delayNs?: number;
  readonly jitter?: "none" | "full";
  /** Retries that a share of the calls may cause. */
  readonly budgetRatio?: number;
  /** Opens after so many failures in a row, and asks again after `resetNs`. */
  readonly breaker?: { readonly failures: number; readonly resetNs: number };
  /** A request that is not done by then is answered 503; what it called for goes on. */
  readonly budgetNs?: number;
  /** Requests are answered at once, and call afterwards. */
  readonly background?: boolean;
  /** Names the noise of its own work, so that two arms differ. */
  readonly noise?: string;
  /** Requests of all routes share so many workers; unbounded unless given. */
  readonly workers?: number;
}

export interface ProbedDependency {
  /** Servers that calls queue for; what is given up is worked all the same. Unbounded unless given. */
  readonly servers?: number;
  readonly holdMedianNs?: number;
  readonly holdSigma?: number;
}

/** The course of a card: usual, latency × 2, 4, 8, errors, a hang, and what comes after. */
export const COURSE: readonly Phase[] = [
  { name: "usual", forS: 8 },
  ...[2, 4, 8].map((factor) => ({
    name: `slow-${factor}`,
    forS: 6,
    probe: { latency: { factor } },
  })),
  { name: "rest", forS: 6 },
  ...[0.25, 0.5, 1].map((errors) => ({ name: `errors-${errors}`, forS: 6, probe: { errors } })),
  { name: "rest-2", forS: 6 },
  { name: "hang", forS: 5, probe: { hang: true } },
  { name: "after", forS: 12 },
];

export function windowsOf(phases: readonly Phase[], ratePerSec: number): StageWindow[] {
  let atNs = 0;
  return phases.map(({ forS, fromPerSec, name, probe, ratePerSec: own = ratePerSec }) => {
    const startNs = atNs;
    atNs += forS * S;
    return {
      name,
      ratePerSec: own,
      ...(fromPerSec === undefined ? {} : { fromPerSec }),
      startNs,
      fromNs: startNs + 0.5 * S,
      toNs: atNs,
      judged: true,
      ...(probe === undefined ? {} : { probe: { dependency: NAME, ...probe } }),
    };
  });
}

type Ended = (nowNs: number, ok: boolean) => void;

/** A dependency that suffers what the phases say. */
class Suffering {
  readonly #freeNs: number[];
  readonly #windows: readonly StageWindow[];
  readonly #agenda: Agenda;

  constructor(windows: readonly StageWindow[], agenda: Agenda, { servers = 0 }: ProbedDependency) {
    this.#windows = windows;
    this.#agenda = agenda;
    this.#freeNs = Array.from({ length: servers }, () => 0);
  }

  probeAt(nowNs: number): StageWindow["probe"] {
    return this.#windows.find(
      ({ fromNs, startNs, toNs }) => nowNs >= (startNs ?? fromNs) && nowNs < toNs,
    )?.probe;
  }

  get endNs(): number {
    return this.#windows.at(-1)!.toNs;
  }

  /** When a call that comes now is answered; Infinity: never. */
  answeredNs(nowNs: number, holdNs: number): number {
    const probe = this.probeAt(nowNs);
    if (probe?.hang === true) return Number.POSITIVE_INFINITY;
    const workNs = holdNs * (probe?.latency?.factor ?? 1);
    if (this.#freeNs.length === 0) return nowNs + workNs;
    const first = this.#freeNs.indexOf(Math.min(...this.#freeNs));
    const endNs = Math.max(this.#freeNs[first]!, nowNs) + workNs;
    this.#freeNs[first] = endNs;
    return endNs;
  }

  at(atNs: number, act: (nowNs: number) => void): void {
    this.#agenda.at(atNs, act);
  }
}

/** Slots that are taken, waited for in order, and given back. */
class Slots {
  #free: number;
  readonly #waiting: ((nowNs: number) => void)[] = [];

  constructor(size: number) {
    this.#free = size;
  }

  take(nowNs: number, go: (nowNs: number) => void): void {
    if (this.#free > 0) {
      this.#free--;
      go(nowNs);
    } else this.#waiting.push(go);
  }

  giveBack(nowNs: number): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next(nowNs);
  }
}

/** What one arm does with its starts under the phases. Every other request never calls. */
export function underProbes(
  starts: readonly Start[],
  windows: readonly StageWindow[],
  target: ProbedTarget,
  given: ProbedDependency = {},
): ArmLog {
  const agenda = new Agenda();
  const dependency = new Suffering(windows, agenda, given);
  const log: ArmLog = { requests: [], calls: [] };
  const pool = new Slots(target.pool ?? Number.POSITIVE_INFINITY);
  const workers = new Slots(target.workers ?? Number.POSITIVE_INFINITY);
  const {
    attempts = 1,
    breaker,
    budgetRatio = Infinity,
    delayNs = 0,
    timeoutNs = Infinity,
  } = target;
  let [firsts, retries, inARow, openUntilNs, openedNs] = [0, 0, 0, 0, -1];

  /** What was sent before a breaker opened does not close it. */
  const tell = (sentNs: number, nowNs: number, ok: boolean): void => {
    if (sentNs < openedNs) return;
    inARow = ok ? 0 : inARow + 1;
    if (ok) openUntilNs = 0;
    else if (breaker !== undefined && inARow >= breaker.failures) {
      openUntilNs = nowNs + breaker.resetNs;
      openedNs = nowNs;
    }
  };

  const exchange = (start: Start, attempt: number, arriveNs: number, ended: Ended): void => {
    const draw = keyedDraw("probed", start.seq, attempt);
    const probe = dependency.probeAt(arriveNs);
    const answeredNs = dependency.answeredNs(arriveNs, start.holdNs);
    const failed = draw.uniform("fails") < (probe?.errors ?? 0);
    const fromNs = target.timeoutWithWait === true ? start.atNs : arriveNs;
    const endNs = Math.min(answeredNs, fromNs + timeoutNs, dependency.endNs + 3 * S);
    const aborted = endNs < answeredNs;
    const outcome = aborted ? "aborted" : failed ? "error" : "ok";
    const fault = probe?.hang === true ? "hang" : failed ? "status" : "none";
    const seen: Partial<EmulatedCall> = { seq: start.seq, key: start.seq, attempt, outcome, fault };
    log.calls.push(
      call({
        ...seen,
        arriveNs,
        endNs,
        meantDelayUs: (start.holdNs * (probe?.latency?.factor ?? 1)) / 1e3,
      }),
    );
    agenda.at(endNs, (nowNs) => ended(nowNs, outcome === "ok"));
  };

  const send = (start: Start, attempt: number, nowNs: number, ended: Ended): void => {
    if (nowNs < openUntilNs) return ended(nowNs, false);
    // Half open: one call asks, the others go on failing meanwhile.
    if (breaker !== undefined && inARow >= breaker.failures) {
      openUntilNs = nowNs + breaker.resetNs;
      openedNs = nowNs;
    }
    const probe = dependency.probeAt(nowNs);
    if (attempt === 1) firsts++;
    const done: Ended = (atNs, ok) => {
      tell(nowNs, atNs, ok);
      if (ok || attempt >= attempts || retries + 1 > budgetRatio * firsts) return ended(atNs, ok);
      retries++;
      const draw = keyedDraw("wait", start.seq, attempt);
      const waitNs = delayNs * (target.jitter === "full" ? draw.uniform("jitter") : 1);
      agenda.at(atNs + waitNs + 0.3 * MS * draw.uniform("timer"), (againNs) =>
        send(start, attempt + 1, againNs, ended),
      );
    };
    if (probe?.outage === true) {
      agenda.at(nowNs + 0.2 * MS, (atNs) => done(atNs, false));
      return;
    }
    pool.take(nowNs, (gotNs) => {
      if (target.timeoutWithWait === true && gotNs + 0.1 * MS >= start.atNs + timeoutNs) {
        pool.giveBack(gotNs);
        done(gotNs, false);
        return;
      }
      exchange(start, attempt, gotNs + 0.1 * MS, (atNs, ok) => {
        pool.giveBack(atNs);
        done(atNs, ok);
      });
    });
  };

  const { background = false, budgetNs = Infinity, noise = "" } = target;
  for (const start of starts) {
    const { atNs: startNs, seq } = start;
    const thinkNs = start.thinkNs * (0.5 + keyedDraw(noise, seq).uniform("think"));
    const end = (nowNs: number, ok: boolean): void => {
      workers.giveBack(nowNs);
      const late = nowNs > startNs + budgetNs;
      const endNs = background ? startNs + thinkNs : Math.min(nowNs, startNs + budgetNs) + thinkNs;
      const status = background || (ok && !late) ? 200 : 503;
      log.requests.push({ seq, startNs, endNs, status });
    };
    agenda.at(startNs, (nowNs) =>
      workers.take(nowNs, (gotNs) => {
        if (seq % 2 === 0) agenda.at(gotNs + thinkNs, (atNs) => end(atNs, true));
        else agenda.at(gotNs + thinkNs, (atNs) => send(start, 1, atNs, end));
      }),
    );
  }
  agenda.run();
  return log;
}

/** The starts of a course: every stage at its own rate, thinned from the highest. */
export function startsIn(
  windows: readonly StageWindow[],
  seed: string,
  { holdMedianNs = 60 * MS, holdSigma = 0.3 }: ProbedDependency = {},
): Start[] {
  const ratePerSec = Math.max(...windows.map((w) => Math.max(w.ratePerSec, w.fromPerSec ?? 0)));
  const lengthNs = windows.at(-1)!.toNs;
  const all = startsOf({ ...TRAFFIC, ratePerSec, lengthNs, holdMedianNs, holdSigma }, seed);
  return all.filter(({ atNs, seq }) => {
    const stage = windows.find((w) => atNs >= (w.startNs ?? w.fromNs) && atNs < w.toNs)!;
    const from = stage.fromPerSec ?? stage.ratePerSec;
    const begin = stage.startNs ?? stage.fromNs;
    const share = (atNs - begin) / (stage.toNs - begin);
    const wanted = from + share * (stage.ratePerSec - from);
    return keyedDraw("thin", seed, seq).uniform("kept") < wanted / ratePerSec;
  });
}

/** One or two arms as evidence: requests of even numbers are GET /plain, others GET /paying. */
export function evidenceOfProbes(
  arms: readonly ArmLog[],
  windows: readonly StageWindow[],
  { identity = true, timeoutNs = 10 * S } = {},
): Evidence {
  const names = ["control", "variant"].slice(0, arms.length);
  const observations = arms.flatMap(({ requests }, arm) =>
    requests.map(({ endNs, seq, startNs, status }): Observation => {
      const started = { arm, stage: 0, seq, route: seq % 2, intendedNs: startNs, startNs };
      const gaveUp = endNs - startNs > timeoutNs;
      return gaveUp
        ? {
            kind: "error",
            error: "timeout",
            connectionWaitNs: 0,
            endNs: startNs + timeoutNs,
            ...started,
          }
        : {
            kind: "response",
            connectionWaitNs: 0,
            firstByteNs: endNs,
            bytesIn: 0,
            bytesOut: 0,
            endNs,
            status,
            ...started,
          };
    }),
  );
  const calls = arms.flatMap(({ calls: own }, arm) =>
    own.map((each) => ({ ...each, arm, ...(identity ? {} : { seq: -1, attempt: 1 }) })),
  );
  const meta = { arms: names, stages: ["all"], routes: ["GET /plain", "GET /paying"] };
  return buildEvidence({
    observations: table<ObservationTable>(observations, meta),
    calls: table<CallTable>(calls, { arms: names, dependencies: [NAME] }),
    stages: windows,
    dependencies: [{ name: NAME, cacheTtlNs: null }],
    recordCount: Number.POSITIVE_INFINITY,
  });
}

function table<T extends ObservationTable | CallTable>(
  rows: Iterable<unknown>,
  meta: T["meta"],
): T {
  return { meta, [Symbol.iterator]: () => rows[Symbol.iterator]() } as unknown as T;
}
