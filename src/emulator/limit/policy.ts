import type { AnswerHeaders } from "../headers.ts";
import type { CallContext } from "../model.ts";
import type { Rule, Ruling } from "./rules.ts";

/** What is said to a call that is over a limit. */
export interface Refusal {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly body: string | null;
  /** How long the caller is to wait; 0: it is told nothing. */
  readonly toldNs: number;
  /** As it was told, where its words say more than that: whole seconds, rounded up. */
  readonly asToldNs?: number;
}

export interface SayContext {
  readonly call: CallContext;
  /** Now, in milliseconds since the epoch. */
  readonly wallMs: number;
}

/** Rules, and the words in which callers hear of them. */
export interface LimitPolicy {
  readonly rules: readonly Rule[];
  /** Headers of an answer to a call that was admitted. */
  admitted(ruling: Ruling, context: SayContext): Readonly<Record<string, string>>;
  limited(ruling: Ruling, context: SayContext): Refusal;
}
