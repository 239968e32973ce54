import type { CallOutcome } from "../measure/index.ts";
import type { Answer } from "./deliver/index.ts";
import type { Draw } from "../core/index.ts";
import type { AnsweredCall, Fault, Transfer, UpstreamCall } from "./model.ts";

/** A call, filled in as it becomes known: its body's size when that is read, then its answer's. */
export interface Asked extends AnsweredCall {
  requestBytes: number;
  status: number;
  responseBytes: number;
  /** What of its answer the journal is to tell: a template that could not be rendered. */
  note?: string;
}

/** Who asks and what, numbered. */
export interface CallIdentity {
  readonly seq: number;
  readonly key: number;
  readonly attempt: number;
}

/** What is done with a call, decided when it has been read. */
export interface Decision extends CallIdentity {
  /** From arrival to the answer; what a server of the dependency's capacity is kept busy for. */
  readonly delayUs: number;
  /** Whether it is work for the dependency's capacity: what is refused at the door is not. */
  readonly works: boolean;
  readonly outcome: CallOutcome;
  readonly retryAfterMs: number;
  readonly early: boolean;
  readonly answer: Answer;
  readonly fault: Fault | null;
  readonly transfer: Transfer | null;
  /** Who is asked for the answer, whose headers `answer` then adds to; null: nobody. */
  readonly upstream: UpstreamCall | null;
  /** Called once when the call has ended, however it ended. */
  readonly release: (() => void) | null;
  /** The call's luck, for what a model has not drawn: garbage, a place in a queue. Null: at the door. */
  readonly draw: Draw | null;
}
