import type { AccessRequests } from "./access-requests.ts";
import type { CaptureFile } from "./source.ts";

/** One call that a request made to a dependency, as a trace has it: nothing redacted yet. */
export interface CapturedCall {
  readonly dependency: string;
  /** Both or neither. */
  readonly method?: string;
  readonly path?: string;
  /** What is called, where no path is known: an operation's name, a template. */
  readonly route?: string;
  /** From the request's arrival. */
  readonly offsetUs: number;
  readonly latencyUs: number;
  readonly status?: number;
  readonly failed?: boolean;
  /** What it is asked for where that is no path: a statement; once redacted, its pseudonym. */
  readonly statement?: string;
  /** How often it was sent before, where its caller counts: 0 for the first time. */
  readonly resendCount?: number;
  /** What made it, such as the span above: calls of one parent may be attempts at one thing. */
  readonly parent?: string;
  readonly retryAfterMs?: number;
}

/** One request as a foreign format has it: nothing dropped yet, nothing redacted yet. */
export interface CapturedRequest {
  /** Where it stands, for people: `access.log:17`. */
  readonly place: string;
  /** Arrival in nanoseconds since 1970, to the format's own precision. */
  readonly arrivalNs: bigint;
  readonly method: string;
  /** As sent, beginning with `/`, sendable (see `sendablePath`). */
  readonly path: string;
  /** `name` or `name:port`, where the capture knows. */
  readonly host?: string | undefined;
  /** Any case, any order, duplicates kept; values in Latin-1, one character a byte. */
  readonly headers: readonly (readonly [string, string])[];
  /** Decoded from its transfer encoding. */
  readonly body?: Buffer | undefined;
  /** True when there was a body that the capture does not hold, or holds damaged. */
  readonly bodyLost?: boolean;
  readonly status?: number | undefined;
  readonly serviceTimeUs?: number | undefined;
  /** See the field of that name in a profile's record. */
  readonly responseBytes?: number | undefined;
  /** Pairs the request with `answer` items of the same file. */
  readonly id?: string;
  /** The connection that carried it; unique within its file. */
  readonly connection?: string | undefined;
  /** The client's address. */
  readonly client?: string | undefined;
  /** What it called in its turn, in any order. */
  readonly calls?: readonly CapturedCall[];
}

/** What a user asks of a format. */
export interface ReadOptions {
  /** The service whose requests are wanted, of a trace; its entry service unless given. */
  readonly service?: string | undefined;
  /** Where lines of access logs may go at once, in their order, instead of being given. */
  readonly accessRequests?: AccessRequests | undefined;
}

/**
 * What a reader finds, in file order. Requests, what was rejected in a request's place, and those
 * that are `filtered` because they went to another service, are the records of the ledger; an
 * `answer` completes a request (before or after it), and a `warning` is about the file.
 */
export type CaptureItem =
  | { readonly kind: "request"; readonly request: CapturedRequest }
  | { readonly kind: "rejected"; readonly place: string; readonly reason: string }
  | {
      readonly kind: "answer";
      readonly id: string;
      readonly status: number | undefined;
      readonly endNs: bigint;
      readonly responseBytes?: number | undefined;
    }
  | { readonly kind: "filtered" }
  | { readonly kind: "warning"; readonly text: string };

/** One foreign format. A reader streams, and turns damage into `rejected` items, never a throw. */
export interface CaptureFormat {
  readonly name: string;
  /** For the list of what is known: "GoReplay file (.gor)". */
  readonly description: string;
  /** The resolution of its time stamps: 1e9 for whole seconds. */
  readonly timePrecisionNs: number;
  /** Whether this is the file's format, from its first bytes (64 KiB at most, inflated). */
  sniff(head: Buffer, fileName: string): boolean;
  /** Gives its items one by one, or many at a time where there are very many. */
  read(
    file: CaptureFile,
    options?: ReadOptions,
  ): AsyncIterable<CaptureItem | readonly CaptureItem[]>;
}
