import { hashText53, keyedDraw, seqOfRequestId, seqOfTraceparent } from "../core/index.ts";
import type { CallOutcome } from "../measure/index.ts";
import { type Answer, faultAnswer, goodAnswers, limitedAnswer, TOO_LARGE } from "./answer.ts";
import type { DependencySpec } from "./dependency.ts";
import { createFaultModel } from "./fault/index.ts";
import { createLatencyModel } from "./latency/index.ts";
import { createLimiter } from "./limit/index.ts";
import type { CallContext } from "./model.ts";
import { Ordinals } from "./ordinals.ts";

/** What of a body identifies a call: its length and its first 64 KiB. */
const KEY_BODY_BYTES = 65_536;

/** A call's head. */
export interface Asked extends CallContext {
  readonly traceparent: string | undefined;
  readonly requestId: string | undefined;
}

/** What is done with a call, decided when it has been read. */
export interface Decision {
  readonly seq: number;
  readonly key: number;
  readonly attempt: number;
  /** From arrival to the answer. */
  readonly delayUs: number;
  readonly outcome: CallOutcome;
  readonly retryAfterMs: number;
  readonly answer: Answer;
}

export interface ConductOptions {
  readonly dependency: string;
  readonly spec: DependencySpec;
  readonly seed: string;
  readonly runId: string;
  /** Told when a call was forgotten, to bound the memory that numbers attempts. */
  readonly onEvict: () => void;
  /** How many calls are remembered to number attempts; `ORDINALS_MAX` unless told. */
  readonly ordinalsMax?: number;
}

const keyOf = ({ method, path }: Asked, body: Buffer | null): number => {
  const shown = body?.toString("latin1", 0, KEY_BODY_BYTES) ?? "";
  return hashText53(`${method} ${path}\n${body?.length ?? -1}\n${shown}`);
};

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
  readonly #latency;
  readonly #faults;
  readonly #limiter;
  readonly #good;

  constructor(options: ConductOptions) {
    const { spec } = options;
    this.#options = options;
    this.#attempts = new Ordinals(() => {}, options.ordinalsMax);
    this.#ordinals = new Ordinals(options.onEvict, options.ordinalsMax);
    this.#latency = createLatencyModel(spec.latency);
    this.#faults = spec.errors === undefined ? null : createFaultModel(spec.errors);
    this.#limiter = spec.limit === undefined ? null : createLimiter(spec.limit);
    this.#good = goodAnswers(options.dependency, spec);
  }

  /**
   * Who asks and what, numbered; counts the call as one more of its kind. `body` is null when it
   * was over the bound or never came whole.
   */
  identify(asked: Asked, body: Buffer | null): Pick<Decision, "seq" | "key" | "attempt"> {
    const { runId } = this.#options;
    const traced = seqOfTraceparent(runId, asked.traceparent);
    const seq = traced >= 0 ? traced : seqOfRequestId(runId, asked.requestId);
    const key = keyOf(asked, body);
    return {
      seq,
      key,
      attempt: (seq >= 0 ? this.#attempts : this.#ordinals).next(`${seq} ${key}`),
    };
  }

  decide(asked: Asked, body: Buffer | null, nowNs: number): Decision {
    const identity = this.identify(asked, body);
    const { seq, key, attempt } = identity;
    const atOnce = { ...identity, delayUs: 0, retryAfterMs: 0 };
    if (body === null) return { ...atOnce, outcome: "error", answer: TOO_LARGE };
    const admission = this.#limiter?.admit(asked, nowNs);
    if (admission?.kind === "limited") {
      const { status, retryAfterMs } = admission;
      const answer = limitedAnswer(status, retryAfterMs);
      return { ...atOnce, outcome: "limited", retryAfterMs, answer };
    }
    const { seed, dependency } = this.#options;
    const draw = keyedDraw(seed, dependency, seq, key, attempt);
    const delayUs = this.#latency.sampleUs(asked, draw);
    const fault = this.#faults?.faultFor(asked, draw) ?? null;
    return fault === null
      ? { ...atOnce, delayUs, outcome: "ok", answer: this.#good(asked) }
      : { ...atOnce, delayUs, outcome: "error", answer: faultAnswer(fault) };
  }
}
