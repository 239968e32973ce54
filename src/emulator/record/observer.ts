import type { RecordedExchange } from "./exchange.ts";
import {
  announcedFraming,
  firstLineOf,
  type Framing,
  LostWay,
  type HeadText,
  retryAfterIn,
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
  /** The time, never the same twice. */
  readonly stamp: () => number;
  readonly onExchange: (exchange: RecordedExchange) => void;
  /** The observer has stopped looking. */
  readonly onBlind: (why: { kind: "upgraded" } | { kind: "lost"; reason: string }) => void;
  readonly onIncomplete: () => void;
}

interface Pending {
  readonly method: string;
  readonly target: string;
  readonly head: HeadText;
  readonly startNs: number;
  body: Buffer[];
  requestBytes: number;
  whole: boolean;
  status: number | undefined;
  retryAfter: string | undefined;
  responseBytes: number;
  answeredNs: number | undefined;
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
  /** An answer before the final one: 100, 103. */
  #interim = false;
  #blind = false;

  constructor(options: ObserverOptions) {
    this.#options = options;
    this.#requests = new MessageReader({
      onStart: () => (this.#startNs = options.stamp()),
      onHead: (head) => this.#request(head),
      onBody: (bytes) => this.#requestBody(bytes),
      onEnd: () => this.#requestEnd(),
    });
    this.#answers = new MessageReader({
      onStart: () => {
        if (this.#pending.length === 0) throw new LostWay("an answer came without a request");
      },
      onHead: (head) => this.#answer(head),
      onBody: (bytes) => (this.#pending[0]!.responseBytes += bytes.length),
      onEnd: () => this.#answerEnd(),
    });
  }

  /** Whether a request is under way. */
  get busy(): boolean {
    return !this.#blind && (this.#pending.length > 0 || this.#requests.amid);
  }

  /** Bytes of heads and bodies that are kept for now. */
  get heldBytes(): number {
    const bodies = this.#pending.flatMap(({ body }) => body.map(({ length }) => length));
    const heads = this.#requests.heldBytes + this.#answers.heldBytes;
    return bodies.reduce((sum, bytes) => sum + bytes, heads);
  }

  /** Bytes went from the caller to the upstream, or back. */
  see(direction: "up" | "down", chunk: Buffer): void {
    if (this.#blind) return;
    try {
      (direction === "up" ? this.#requests : this.#answers).feed(chunk);
    } catch (thrown) {
      if (thrown instanceof Upgraded) this.#stop({ kind: "upgraded" });
      else if (thrown instanceof LostWay) this.#stop({ kind: "lost", reason: thrown.message });
      else throw thrown;
    }
  }

  /** The upstream sends no more. */
  upstreamEnded(): void {
    if (!this.#blind) this.#answers.end();
  }

  /** The connection is over: what was under way is told as it was. */
  close(): void {
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

  #request(head: HeadText): Framing {
    const [, method = "", target = "", version = ""] =
      /^(\S+) (\S+) HTTP\/(\d(?:\.\d)?)$/.exec(firstLineOf(head)) ?? [];
    if (method === "") throw new LostWay("a request line is not METHOD TARGET HTTP/1");
    if (!version.startsWith("1")) throw new LostWay("the client speaks HTTP/2");
    if (this.#pending.length >= PENDING_MAX) {
      throw new LostWay(`over ${PENDING_MAX} requests of one connection wait for answers`);
    }
    const framing = announcedFraming(head) ?? { kind: "none" };
    if (framing.kind === "close") throw new LostWay("a request body has no end");
    this.#asking = {
      method,
      target,
      head,
      startNs: this.#startNs,
      body: [],
      requestBytes: 0,
      whole: false,
      status: undefined,
      retryAfter: undefined,
      responseBytes: 0,
      answeredNs: undefined,
    };
    this.#pending.push(this.#asking);
    return framing;
  }

  #requestBody(bytes: Buffer): void {
    const asking = this.#asking!;
    asking.requestBytes += bytes.length;
    if (asking.requestBytes > this.#options.bodyBytesMax) asking.body = [];
    else asking.body.push(Buffer.from(bytes));
  }

  #requestEnd(): void {
    const asking = this.#asking!;
    asking.whole = true;
    this.#asking = null;
    if (asking.answeredNs !== undefined) this.#settle(asking);
  }

  #answer(head: HeadText): Framing {
    const match = /^HTTP\/1\.\d (\d{3})(?: |$)/.exec(firstLineOf(head));
    if (match === null) throw new LostWay("a status line is not HTTP/1 STATUS");
    const status = Number(match[1]);
    const pending = this.#pending[0]!;
    const tunnel = pending.method === "CONNECT" && status >= 200 && status < 300;
    this.#interim = status < 200 && status !== 101;
    if (this.#interim) return { kind: "none" };
    if (status === 101 || tunnel) throw new Upgraded();
    pending.status = status;
    pending.retryAfter = retryAfterIn(head);
    const bodiless = pending.method === "HEAD" || status === 204 || status === 304;
    return bodiless ? { kind: "none" } : (announcedFraming(head) ?? { kind: "close" });
  }

  #answerEnd(): void {
    if (this.#interim) return;
    const pending = this.#pending[0]!;
    pending.answeredNs = this.#options.stamp();
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
    const { answeredNs, body, whole: _whole, ...rest } = pending;
    const kept = rest.requestBytes > 0 && rest.requestBytes <= this.#options.bodyBytesMax;
    this.#options.onExchange({
      connection: this.#options.connection,
      ...rest,
      body: kept ? Buffer.concat(body) : null,
      endNs: answeredNs ?? this.#options.stamp(),
      outcome:
        answeredNs !== undefined ? "answered" : rest.status === undefined ? "unanswered" : "cut",
    });
  }
}
