import type { RecordedExchange } from "./exchange.ts";
import {
  firstLineOf,
  type Framing,
  headFields,
  LostWay,
  methodOf,
  TO_CLOSE,
  UNSAID,
} from "./message.ts";
import { MessageReader } from "./message-reader.ts";

/** Requests of one connection that wait for their answers, when a client sends without waiting. */
const PENDING_MAX = 256;

/** The connection speaks something else from here on. */
class Upgraded extends Error {}

export interface ObserverOptions {
  readonly connection: number;
  /** Longer request bodies are counted, and not kept. */
  readonly bodyBytesMax: number;
  /** The time of something that was seen then, never the same twice. */
  readonly stamp: (atNs: number) => number;
  readonly onExchange: (exchange: RecordedExchange) => void;
  /** The observer has stopped looking. */
  readonly onBlind: (why: { kind: "upgraded" } | { kind: "lost"; reason: string }) => void;
  readonly onIncomplete: () => void;
}

const STATUS_LINE = /^HTTP\/1\.\d \d{3}(?: |$)/;
/** Where the status is in it. */
const STATUS_AT = 9;
const STATUS_TO = 12;

/** An exchange under way: told as it is once it has ended. */
interface Pending extends RecordedExchange {
  readonly method: string;
  /** Of the body, as it came. */
  pieces: Buffer[];
  whole: boolean;
  answered: boolean;
  body: Buffer | null;
  requestBytes: number;
  endNs: number;
  outcome: RecordedExchange["outcome"];
  status: number | undefined;
  retryAfter: string | undefined;
  responseBytes: number;
}

/**
 * Watches both directions of one connection and pairs requests with answers, in their order. It
 * only looks: when it loses its way it stops, and whoever passes the bytes on does not notice.
 */
export class Observer {
  readonly #options: ObserverOptions;
  readonly #pending: Pending[] = [];
  readonly #requests: MessageReader;
  readonly #answers: MessageReader;
  /** The request whose body comes in. */
  #asking: Pending | null = null;
  #startNs = 0;
  /** When came what is being looked at. */
  #atNs = 0;
  /** An answer before the final one: 100, 103. */
  #interim = false;
  #blind = false;

  constructor(options: ObserverOptions) {
    this.#options = options;
    this.#requests = new MessageReader({
      onStart: () => (this.#startNs = options.stamp(this.#atNs)),
      onHead: (bytes, from, to) => this.#request(bytes, from, to),
      onBody: (bytes, from, to) => this.#requestBody(bytes, from, to),
      onEnd: () => this.#requestEnd(),
    });
    this.#answers = new MessageReader({
      onStart: () => {
        if (this.#pending.length === 0) throw new LostWay("an answer came without a request");
      },
      onHead: (bytes, from, to) => this.#answer(bytes, from, to),
      onBody: (_, from, to) => (this.#pending[0]!.responseBytes += to - from),
      onEnd: () => this.#answerEnd(),
    });
  }

  /** Whether a request is under way. */
  get busy(): boolean {
    return !this.#blind && (this.#pending.length > 0 || this.#requests.amid);
  }

  /** Bytes of heads and bodies that are kept for now. */
  get heldBytes(): number {
    const bodies = this.#pending.flatMap(({ pieces }) => pieces.map(({ length }) => length));
    const heads = this.#requests.heldBytes + this.#answers.heldBytes;
    return bodies.reduce((sum, bytes) => sum + bytes, heads);
  }

  /** Bytes went from the caller to the upstream, or back, at that time. */
  see(direction: "up" | "down", chunk: Buffer, atNs: number): void {
    if (this.#blind) return;
    this.#atNs = atNs;
    try {
      (direction === "up" ? this.#requests : this.#answers).feed(chunk);
    } catch (thrown) {
      if (thrown instanceof Upgraded) this.#stop({ kind: "upgraded" });
      else if (thrown instanceof LostWay) this.#stop({ kind: "lost", reason: thrown.message });
      else throw thrown;
    }
  }

  /** The upstream sends no more, since then. */
  upstreamEnded(atNs: number): void {
    this.#atNs = atNs;
    if (!this.#blind) this.#answers.end();
  }

  /** The connection is over, since then: what was under way is told as it was. */
  close(atNs: number): void {
    this.#atNs = atNs;
    if (this.#blind) return;
    if (this.#requests.amid && this.#asking === null) this.#options.onIncomplete();
    this.#blind = true;
    for (const pending of this.#pending.splice(0)) this.#tell(pending);
    this.#asking = null;
  }

  #stop(why: Parameters<ObserverOptions["onBlind"]>[0]): void {
    this.#blind = true;
    this.#pending.length = 0;
    this.#asking = null;
    this.#options.onBlind(why);
  }

  #request(bytes: Buffer, from: number, to: number): Framing {
    const method = methodOf(firstLineOf(bytes, from, to));
    if (this.#pending.length >= PENDING_MAX) {
      throw new LostWay(`over ${PENDING_MAX} requests of one connection wait for answers`);
    }
    const { framing } = headFields(bytes, from, to);
    if (framing === TO_CLOSE) throw new LostWay("a request body has no end");
    this.#asking = {
      connection: this.#options.connection,
      method,
      head: Buffer.from(bytes.subarray(from, to)),
      startNs: this.#startNs,
      pieces: [],
      whole: false,
      answered: false,
      body: null,
      requestBytes: 0,
      endNs: 0,
      outcome: "unanswered",
      status: undefined,
      retryAfter: undefined,
      responseBytes: 0,
    };
    this.#pending.push(this.#asking);
    return framing === UNSAID ? 0 : framing;
  }

  #requestBody(bytes: Buffer, from: number, to: number): void {
    const asking = this.#asking!;
    asking.requestBytes += to - from;
    if (asking.requestBytes > this.#options.bodyBytesMax) asking.pieces = [];
    else asking.pieces.push(Buffer.from(bytes.subarray(from, to)));
  }

  #requestEnd(): void {
    const asking = this.#asking!;
    asking.whole = true;
    this.#asking = null;
    if (asking.answered) this.#settle(asking);
  }

  #answer(bytes: Buffer, from: number, to: number): Framing {
    const line = firstLineOf(bytes, from, to);
    if (!STATUS_LINE.test(line)) throw new LostWay("a status line is not HTTP/1 STATUS");
    const status = Number(line.slice(STATUS_AT, STATUS_TO));
    const pending = this.#pending[0]!;
    const tunnel = pending.method === "CONNECT" && status >= 200 && status < 300;
    this.#interim = status < 200 && status !== 101;
    if (this.#interim) return 0;
    if (status === 101 || tunnel) throw new Upgraded();
    const { framing, retryAfter } = headFields(bytes, from, to);
    pending.status = status;
    pending.retryAfter = retryAfter;
    if (pending.method === "HEAD" || status === 204 || status === 304) return 0;
    return framing === UNSAID ? TO_CLOSE : framing;
  }

  #answerEnd(): void {
    if (this.#interim) return;
    const pending = this.#pending[0]!;
    pending.answered = true;
    pending.endNs = this.#options.stamp(this.#atNs);
    if (pending.whole) this.#settle(pending);
  }

  #settle(pending: Pending): void {
    this.#pending.shift();
    this.#tell(pending);
  }

  #tell(pending: Pending): void {
    if (!pending.whole) {
      this.#options.onIncomplete();
      return;
    }
    const { answered, pieces, requestBytes, status } = pending;
    if (requestBytes > 0 && requestBytes <= this.#options.bodyBytesMax) {
      pending.body = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
    }
    if (!answered) pending.endNs = this.#options.stamp(this.#atNs);
    pending.outcome = answered ? "answered" : status === undefined ? "unanswered" : "cut";
    this.#options.onExchange(pending);
  }
}
