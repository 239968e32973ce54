import { hashText53, keyedDraw, seqOfRequestId, seqOfTraceparent } from "../core/index.ts";
import type { CallOutcome } from "../measure/index.ts";
import {
  failure,
  faultAnswer,
  fullAnswer,
  goodAnswers,
  limitedAnswer,
  stubAnswer,
  TOO_LARGE,
  unmatchedAnswer,
} from "./answer.ts";
import type { CapacitySpec } from "./capacity/index.ts";
import type { Asked, CallIdentity, Decision } from "./decision.ts";
import type { Answer } from "./deliver/index.ts";
import type { HttpSpec } from "./dependency.ts";
import { createFaultModel } from "./fault/index.ts";
import { createLatencyModel } from "./latency/index.ts";
import {
  createLimiter,
  createSharedLimiter,
  type SharedLedger,
  type SharedLimiter,
} from "./limit/index.ts";
import type {
  Admitted,
  Fault,
  FaultModel,
  LatencyModel,
  Limited,
  Limiter,
  World,
} from "./model.ts";
import { Ordinals } from "./ordinals.ts";
import { createStubs, type StubHit, type Stubs } from "./stub/index.ts";

/** What of a body identifies a call: its length and its first 64 KiB. */
const KEY_BODY_BYTES = 65_536;

export interface ConductOptions {
  readonly dependency: string;
  readonly spec: HttpSpec;
  readonly seed: string;
  readonly runId: string;
  /** See `EmulatorOptions`. */
  readonly repeats?: boolean;
  readonly world: World;
  /** The wall clock at a moment of the emulator's, in milliseconds since the epoch. */
  readonly wallMsAt: (nowNs: number) => number;
  /** Told when a call was forgotten, to bound the memory that numbers attempts. */
  readonly onEvict: () => void;
  /** Where its limit is kept, which it shares with emulators elsewhere, by this name; its own otherwise. */
  readonly shared?: { readonly ledger: SharedLedger; readonly name: string };
  /** How many calls are remembered to number attempts; `ORDINALS_MAX` unless told. */
  readonly ordinalsMax?: number;
}

const keyOf = ({ method, path }: Asked, body: Buffer | null): number => {
  const shown = body?.toString("latin1", 0, KEY_BODY_BYTES) ?? "";
  return hashText53(`${method} ${path}\n${body?.length ?? -1}\n${shown}`);
};

/** Faults after which the caller has its answer all the same. */
const GOOD_ALL_THE_SAME: ReadonlySet<string> = new Set([
  "slow-headers",
  "slow-body",
  "slow-close",
  "early-close",
  "goaway",
]);

const isGoodIn = (fault: Fault): boolean => {
  if (fault.kind === "status") return fault.status < 400;
  if (fault.kind === "reset") return fault.when === "after";
  return GOOD_ALL_THE_SAME.has(fault.kind);
};

/** Whether anything of an answer is sent in spite of a fault. */
const needsAnswer = (fault: Fault): boolean =>
  fault.kind === "reset"
    ? fault.when !== "before"
    : !["status", "empty", "garbage", "hang"].includes(fault.kind);

interface Models {
  readonly latency: LatencyModel;
  readonly faults: FaultModel | null;
  readonly limiter: Limiter | null;
  readonly shared: SharedLimiter | null;
  readonly good: (asked: Asked) => Answer;
  readonly stubs: Stubs | null;
  /** Of stubs that have their own, by the stub's index; made when first needed. */
  readonly ofStubs: Map<number, Pick<Models, "latency" | "faults">>;
}

/**
 * How one dependency conducts itself towards one arm. The arm is no part of any draw's key: a call
 * of the same planned request, asking the same for the n-th time, has the same luck in every arm.
 * A call without identity is keyed by what it asks, and by how often this arm asked it before.
 */
export class Conduct {
  readonly #options: ConductOptions;
  /** Calls with identity: of requests long ended when they are forgotten, so nobody minds. */
  readonly #attempts: Ordinals;
  /** Calls without: how often each was made counts for as long as the run lasts. */
  readonly #ordinals: Ordinals;
  #spec: HttpSpec;
  #models: Models;

  /** @throws SCENARIO_INVALID when the spec names an incident, or a profile's fit, that there is not */
  constructor(options: ConductOptions) {
    this.#options = options;
    this.#attempts = new Ordinals(() => {}, options.ordinalsMax);
    this.#ordinals = new Ordinals(options.onEvict, options.ordinalsMax);
    this.#spec = options.spec;
    this.#models = this.#modelsOf(options.spec);
  }

  /** From now on as told: the models begin in their first state, calls go on being numbered. */
  change(spec: HttpSpec): void {
    this.#models = this.#modelsOf(spec);
    this.#spec = spec;
  }

  #modelsOf(spec: HttpSpec): Models {
    const { dependency, shared, wallMsAt, world } = this.#options;
    const { limit } = spec;
    return {
      latency: createLatencyModel(spec.latency, world),
      faults: spec.errors === undefined ? null : createFaultModel(spec.errors, world),
      limiter:
        limit === undefined || shared !== undefined ? null : createLimiter(limit, { wallMsAt }),
      shared:
        limit === undefined || shared === undefined
          ? null
          : createSharedLimiter(limit, { wallMsAt, ...shared }),
      good: goodAnswers(dependency, spec),
      stubs: spec.stubs.length === 0 ? null : createStubs(spec.stubs, { wallMsAt }),
      ofStubs: new Map(),
    };
  }

  /** State machine of the stubs → the state it is in; empty without one. */
  stubStates(): Readonly<Record<string, string>> {
    return this.#models.stubs?.states() ?? {};
  }

  /** Each machine into the state of its name; all are machines that there are. */
  setStubStates(states: Readonly<Record<string, string>>): void {
    for (const [machine, state] of Object.entries(states)) {
      this.#models.stubs?.setState(machine, state);
    }
  }

  /**
   * Who asks and what, numbered; counts the call as one more of its kind. `body` is null when it
   * was over the bound or never came whole.
   */
  identify(asked: Asked, body: Buffer | null): CallIdentity {
    const { runId } = this.#options;
    const traced = seqOfTraceparent(runId, asked.headers["traceparent"]);
    const seq = traced >= 0 ? traced : seqOfRequestId(runId, asked.headers["x-request-id"]);
    const key = keyOf(asked, body);
    return {
      seq,
      key,
      attempt: (seq >= 0 ? this.#attempts : this.#ordinals).next(`${seq} ${key}`),
    };
  }

  decide(asked: Asked, body: Buffer | null, nowNs: number): Decision {
    const identity = this.identify(asked, body);
    if (body === null) return atTheDoor(identity, "error", TOO_LARGE);
    const admission = this.#models.limiter?.admit(asked, nowNs) ?? null;
    return this.#decide(identity, { asked, body, admission });
  }

  /** The same where others are asked about its limit first; null where nobody need be. */
  decideShared(asked: Asked, body: Buffer | null, nowNs: number): Promise<Decision> | null {
    const { shared } = this.#models;
    if (shared === null || body === null) return null;
    const identity = this.identify(asked, body);
    return shared
      .ask(asked, nowNs)
      .then((admission) => this.#decide(identity, { asked, body, admission }));
  }

  #decide(
    identity: CallIdentity,
    call: {
      readonly asked: Asked;
      readonly body: Buffer;
      readonly admission: Admitted | Limited | null;
    },
  ): Decision {
    const { admission, asked, body } = call;
    const { seq, key, attempt } = identity;
    const { stubs } = this.#models;
    if (admission?.kind === "limited") {
      const { early, retryAfterMs } = admission;
      const refused = atTheDoor(identity, "limited", limitedAnswer(admission));
      return { ...refused, early, retryAfterMs };
    }
    const { dependency, repeats = false, seed } = this.#options;
    const luckOf = repeats && seq % 2 === 1 ? seq - 1 : seq;
    const draw = keyedDraw(seed, dependency, luckOf, key, attempt);
    const hit = stubs?.match(asked, body, draw) ?? null;
    const refused = (answer: Answer): Decision => ({
      ...atTheDoor(identity, "error", answer),
      release: admission?.release ?? null,
    });
    if (stubs !== null && hit === null && this.#spec.unmatched === 404) {
      return refused(unmatchedAnswer(stubs.nearMiss(asked, body)));
    }
    if (hit !== null && hit.notes.length > 0) asked.note = hit.notes.join("; ");
    if (hit !== null && hit.failed !== null) return refused(failure(500, hit.failed));
    const { faults, latency } = hit === null ? this.#models : this.#modelsOfStub(hit);
    const fault = hit?.fault ?? faults?.faultFor(asked, draw) ?? null;
    const good = hit === null ? this.#models.good(asked) : stubAnswer(hit);
    const plain = fault?.kind === "status" ? faultAnswer(fault) : good;
    const answer = admission === null ? plain : withHeaders(plain, admission.headers);
    tellAnswer(asked, answer, fault);
    return {
      ...identity,
      delayUs: latency.sampleUs(asked, draw),
      works: true,
      outcome: fault === null || isGoodIn(fault) ? "ok" : "error",
      retryAfterMs: 0,
      early: admission?.early ?? false,
      answer,
      fault,
      transfer: hit?.transfer ?? this.#spec.transfer ?? null,
      upstream: fault === null || needsAnswer(fault) ? (hit?.upstream ?? null) : null,
      release: admission?.release ?? null,
      draw,
    };
  }

  /** A stub's own, where it has some, else the dependency's. */
  #modelsOfStub({ errors, index, latency }: StubHit): Pick<Models, "latency" | "faults"> {
    if (errors === null && latency === null) return this.#models;
    let models = this.#models.ofStubs.get(index);
    if (models === undefined) {
      const { world } = this.#options;
      models = {
        latency: latency === null ? this.#models.latency : createLatencyModel(latency, world),
        faults: errors === null ? this.#models.faults : createFaultModel(errors, world),
      };
      this.#models.ofStubs.set(index, models);
    }
    return models;
  }

  /** What becomes of a call that finds the dependency's capacity full. */
  reject(decision: Decision, whenFull: CapacitySpec["whenFull"]): Decision {
    const kept = {
      ...decision,
      delayUs: 0,
      works: false,
      outcome: "rejected",
      transfer: null,
      upstream: null,
    } as const;
    if (whenFull === "reset") return { ...kept, fault: { kind: "reset", when: "before" } };
    if (whenFull === "hang") return { ...kept, fault: { kind: "hang" } };
    return { ...kept, fault: null, answer: fullAnswer(whenFull) };
  }
}

function tellAnswer(asked: Asked, { body, status }: Answer, fault: Fault | null): void {
  const none = fault !== null && !isGoodIn(fault) && fault.kind !== "status";
  asked.status = none ? 0 : status;
  asked.responseBytes = none || body === null ? 0 : Buffer.byteLength(body);
}

function withHeaders(answer: Answer, headers: Readonly<Record<string, string>>): Answer {
  if (Object.keys(headers).length === 0) return answer;
  return { ...answer, headers: { ...answer.headers, ...headers } };
}

function atTheDoor(identity: CallIdentity, outcome: CallOutcome, answer: Answer): Decision {
  return {
    ...identity,
    delayUs: 0,
    works: false,
    outcome,
    retryAfterMs: 0,
    early: false,
    answer,
    fault: null,
    transfer: null,
    upstream: null,
    release: null,
    draw: null,
  };
}
