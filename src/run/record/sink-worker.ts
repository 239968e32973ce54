import type { Worker } from "node:worker_threads";
import {
  messageOf,
  type PlainError,
  revivedError,
  ShakedownError,
  startThread,
} from "../../core/index.ts";
import type { RecordedExchange } from "../../emulator/record/index.ts";
import { ExchangeBatch, type SentBatch } from "./exchange-batch.ts";
import type { SinkCounts } from "./sink.ts";

/** Exchanges that may wait to be redacted; beyond, they are counted and not recorded. */
const WAITING_MAX = 10_000;
const OVERLOAD = "more came than could be redacted in time";

/**
 * What ended within so long goes along together: each message wakes both threads. Longer, and the
 * sink works for so long at a stretch that on a busy host what passes waits for it.
 */
const TOGETHER_MS = 20;

/** What the thread is started with. */
export interface SinkData {
  readonly out: string;
  readonly name: string;
  /** What is recorded where, by number: null for the service, a dependency's name. */
  readonly places: readonly (string | null)[];
  readonly key: Uint8Array;
  readonly redact: boolean;
  readonly epochNs: bigint;
  readonly requestsMax: number;
}

export type ToSink =
  | { readonly kind: "batch"; readonly batch: SentBatch }
  | { readonly kind: "close" };

interface Closed {
  readonly kind: "closed";
  readonly counts: SinkCounts;
  /** How many values the door replaced, by rule. */
  readonly replaced: { rule: string; count: number }[];
}

export type FromSink =
  | { readonly kind: "ready" }
  | { readonly kind: "taken"; readonly count: number }
  | { readonly kind: "enough" }
  | { readonly kind: "failed"; readonly error: PlainError }
  | Closed;

/** The thread that redacts and writes, as the thread of the proxies sees it. */
export class SinkWorker {
  readonly #thread: Worker;
  readonly #ready = Promise.withResolvers<void>();
  readonly #enough = Promise.withResolvers<void>();
  readonly #failed = Promise.withResolvers<ShakedownError>();
  readonly #closed = Promise.withResolvers<Closed>();
  readonly #batch = new ExchangeBatch();
  #scheduled = false;
  #waiting = 0;
  #overload = 0;

  private constructor(data: SinkData) {
    this.#thread = startThread("sink-thread", import.meta.url, { workerData: data });
    this.#thread.on("message", (message: FromSink) => this.#hear(message));
    this.#thread.on("error", (cause) => this.#fail(died(messageOf(cause), cause)));
    this.#thread.on("exit", (code) => this.#fail(died(`exit code ${code}`)));
    // Whether anybody waits for it or not, a failure is told by `failed`.
    this.#ready.promise.catch(() => {});
    this.#closed.promise.catch(() => {});
  }

  /** @throws OUTPUT_UNWRITABLE when the recording cannot be made, or one is there */
  static async start(data: SinkData): Promise<SinkWorker> {
    const worker = new SinkWorker(data);
    await worker.#ready.promise;
    return worker;
  }

  /** Resolves when as many requests were recorded as were wanted. */
  get enough(): Promise<void> {
    return this.#enough.promise;
  }

  /** Resolves with the failure when the recording cannot go on. */
  get failed(): Promise<ShakedownError> {
    return this.#failed.promise;
  }

  /** `place`: the number of where it was recorded. */
  take(place: number, exchange: RecordedExchange): void {
    if (this.#waiting >= WAITING_MAX) {
      this.#overload++;
      return;
    }
    this.#waiting++;
    this.#batch.put(place, exchange);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setTimeout(() => this.#send(), TOGETHER_MS);
  }

  /**
   * All that was taken is written.
   * @throws DISK_WRITE_FAILED, INTERNAL when it could not be
   */
  async close(): Promise<Closed> {
    this.#send();
    this.#say({ kind: "close" });
    const closed = await this.#closed.promise;
    if (this.#overload === 0) return closed;
    const { counts } = closed;
    const unrecorded = { ...counts.unrecorded, [OVERLOAD]: this.#overload };
    return { ...closed, counts: { ...counts, unrecorded } };
  }

  /** Ends the thread at once; what it has written stays. */
  async terminate(): Promise<void> {
    await this.#thread.terminate();
  }

  #send(): void {
    this.#scheduled = false;
    if (this.#batch.count === 0) return;
    const { sent, transfer } = this.#batch.take();
    this.#say({ kind: "batch", batch: sent }, transfer);
  }

  #say(message: ToSink, transfer: readonly ArrayBuffer[] = []): void {
    this.#thread.postMessage(message, transfer);
  }

  #hear(message: FromSink): void {
    if (message.kind === "ready") this.#ready.resolve();
    else if (message.kind === "taken") this.#waiting -= message.count;
    else if (message.kind === "enough") this.#enough.resolve();
    else if (message.kind === "closed") this.#closed.resolve(message);
    else this.#fail(revivedError(message.error));
  }

  /** After a regular end this changes nothing: all promises are settled, or nobody looks. */
  #fail(error: ShakedownError): void {
    this.#failed.resolve(error);
    this.#ready.reject(error);
    this.#closed.reject(error);
  }
}

const died = (why: string, cause?: unknown): ShakedownError =>
  new ShakedownError("INTERNAL", `the recorder's thread ended by itself: ${why}`, {
    hint: "what was recorded before is kept: shakedown record --finish",
    cause,
  });
