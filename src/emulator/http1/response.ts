import type { Socket } from "node:net";
import type { Answer } from "../deliver/delivery.ts";
import type { AnswerHeaders } from "../headers.ts";
import { type Asker, headTextOf, isEmptyStatus, keptAnswerText, latin1Of } from "./answer-text.ts";
import type { Http1Request } from "./request.ts";

/** The connection that a response goes out on. */
export interface Outgoing {
  /** Above TLS, where there is. */
  readonly socket: Socket;
  /** The kernel has all of the response. */
  ended(response: Http1Response): void;
}

/** Who is told of a whole answer. */
interface Told {
  onFirstByte(): void;
  onEnd(bodyBytes: number): void;
}

type Piece = string | Buffer;
/** What was to be sent before its turn, and who is told once the kernel has it. */
type Waiting = readonly [piece: Piece, done: (() => void) | undefined];

/** Bodies up to here are copied into one piece with their head. */
const ONE_PIECE_BYTES = 16_384;
const CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n";

const bytesOf = (piece: Piece): Buffer => (typeof piece === "string" ? Buffer.from(piece) : piece);

/**
 * The response to a request over HTTP/1.1. Behind earlier ones on its connection it waits for its
 * turn with whatever it is given; the next one's turn comes when the kernel has all of it.
 */
export class Http1Response {
  readonly req: Http1Request;
  /** Whether the head says when it was sent. */
  sendDate = true;
  /** Whether the connection ends with it. */
  last: boolean;
  readonly #out: Outgoing;
  #turn = false;
  #over = false;
  #bodiless: boolean;
  #chunked = false;
  #head: string | null = null;
  #waiting: Waiting[] | null = null;
  #onTurn: (() => void) | null = null;

  constructor(req: Http1Request, out: Outgoing, last: boolean) {
    this.req = req;
    this.last = last;
    this.#out = out;
    this.#bodiless = req.method === "HEAD";
  }

  /** Its connection, above TLS, while it is its turn; else null. */
  get socket(): Socket | null {
    return this.#turn && !this.#over ? this.#out.socket : null;
  }

  /** Calls `then` when its turn has come, at once if it has; it has one such. */
  whenTurn(then: () => void): void {
    if (this.#turn) then();
    else this.#onTurn = then;
  }

  /** Its turn has come. */
  take(): void {
    this.#turn = true;
    const waiting = this.#waiting;
    this.#waiting = null;
    for (const [piece, done] of waiting ?? []) this.#put(piece, done);
    const then = this.#onTurn;
    this.#onTurn = null;
    then?.();
  }

  /** The caller may send its body. */
  proceed(): void {
    this.#put(CONTINUE);
  }

  /**
   * A whole answer. `onEnd` is told when the kernel has it, before this returns if it takes it at
   * once; `onFirstByte` only where that is another moment.
   * @throws the runtime's error for what is no header
   */
  whole(answer: Answer, told: Told): void {
    const { body, status } = answer;
    const length = body === null ? 0 : Buffer.byteLength(body);
    const sent = this.#bodiless || isEmptyStatus(status) ? 0 : length;
    const asker = this.#asker();
    const usual = !this.#bodiless && !this.last && length <= ONE_PIECE_BYTES;
    let text = usual ? keptAnswerText(answer, asker) : null;
    let rest: Buffer | null = null;
    if (text === null) {
      const head = headTextOf(answer, length, asker);
      this.last = !head.persistent;
      text = head.text;
      if (sent > ONE_PIECE_BYTES) rest = bytesOf(body!);
      else if (sent > 0) text += latin1Of(body!);
    }
    this.#put(text);
    if (rest !== null) this.#put(rest);
    const { socket } = this.#out;
    if (this.#turn && socket.writable && socket.writableLength === 0) {
      told.onEnd(sent);
      this.#end();
      return;
    }
    // Behind an earlier answer on its connection, the first byte leaves with the last.
    if (this.#turn) told.onFirstByte();
    this.end(() => told.onEnd(sent));
  }

  /** @throws the runtime's error for what is no header */
  writeHead(status: number, headers: AnswerHeaders, statusText?: string): void {
    const head = headTextOf({ headers, status, statusText }, null, this.#asker());
    this.last = !head.persistent;
    this.#chunked = head.chunked;
    this.#bodiless ||= isEmptyStatus(status);
    this.#head = head.text;
  }

  flushHeaders(): void {
    const head = this.#head;
    this.#head = null;
    if (head !== null) this.#put(head);
  }

  /** Sends a piece of the body; `done` when the kernel has it. */
  write(piece: Piece, done?: () => void): void {
    this.flushHeaders();
    const bytes = bytesOf(piece);
    if (this.#bodiless || !this.#chunked || bytes.length === 0) {
      this.#put(this.#bodiless ? "" : bytes, done);
      return;
    }
    this.#put(`${bytes.length.toString(16)}\r\n`);
    this.#put(bytes);
    this.#put("\r\n", done);
  }

  /** All is given; `done` when the kernel has it. */
  end(done?: () => void): void {
    this.flushHeaders();
    this.#put(this.#chunked && !this.#bodiless ? "0\r\n\r\n" : "", () => {
      done?.();
      this.#end();
    });
  }

  /** Takes its connection away. */
  destroy(): void {
    this.#out.socket.destroy();
  }

  #asker(): Asker {
    const { method, http11 } = this.req;
    return { head: method === "HEAD", http11, persistent: !this.last, date: this.sendDate };
  }

  /** Sends a piece, or keeps it for its turn; never more once the connection has been closed. */
  #put(piece: Piece, done?: () => void): void {
    if (!this.#turn) {
      (this.#waiting ??= []).push([piece, done]);
      return;
    }
    const { socket } = this.#out;
    if (!socket.writable) return;
    if (done === undefined) {
      if (typeof piece === "string") socket.write(piece, "latin1");
      else socket.write(piece);
      return;
    }
    const taken = (failure?: Error | null): void => {
      if (failure === undefined || failure === null) done();
    };
    if (typeof piece === "string") socket.write(piece, "latin1", taken);
    else socket.write(piece, taken);
  }

  #end(): void {
    this.#over = true;
    this.#out.ended(this);
  }
}
