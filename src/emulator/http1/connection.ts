import type { Socket } from "node:net";
import { READ } from "../../http1/index.ts";
import { statusLine } from "./answer-text.ts";
import type { Http1Request } from "./request.ts";
import { RequestParser } from "./request-parser.ts";
import { Http1Response, type Outgoing } from "./response.ts";

/** What a connection needs of the server that it belongs to. */
export interface ConnectionOwner {
  readonly bodyBytesMax: number;
  /** Counts looks at all connections: the time by which requests are given up. */
  readonly looks: number;
}

type Heard = (request: Http1Request, response: Http1Response) => void;

/** Requests that wait for their answer, past which no more are read. */
const PIPELINED_MAX = 256;
/** No moment. */
const NEVER = -1;

/** A caller's connection: its requests are told as they come, and answered in their order. */
export class Http1Connection implements Outgoing {
  readonly socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #heard: Heard;
  readonly #parser: RequestParser;
  #current: Http1Response | null = null;
  #waiting: Http1Response[] | null = null;
  /** That of the request that is being read. */
  #unread: Http1Response | null = null;
  /** Whatever comes now is nothing to us. */
  #deaf = false;
  /** The status by which it ends. */
  #refusal: number | null = null;
  /** By the owner's looks: when the request began that is being read; when the last answer had gone. */
  #begunAt = NEVER;
  #idleAt = NEVER;

  constructor(socket: Socket, owner: ConnectionOwner, heard: Heard) {
    this.socket = socket;
    this.#owner = owner;
    this.#heard = heard;
    this.#parser = new RequestParser(owner.bodyBytesMax);
  }

  /** Bytes have come. They are kept where they are of a body. */
  read(bytes: Buffer): void {
    const parser = this.#parser;
    const end = bytes.length;
    let at = 0;
    while (!this.#deaf && !this.socket.destroyed) {
      const result = parser.read(bytes, at, end);
      at = parser.at;
      if (result === READ.head) this.#arrive(parser.request!);
      else if (result === READ.done) {
        this.#whole(parser.request!);
        if (at === end) return;
      } else if (result === READ.more) {
        if (this.#begunAt === NEVER && parser.begun) this.#begunAt = this.#owner.looks;
        return;
      } else this.#refuse(parser.overflowed ? 431 : 400);
    }
  }

  /** Ends what has lasted longer than so many looks: a request that is not whole, or idleness. */
  look({ idleMax, requestMax }: { readonly idleMax: number; readonly requestMax: number }): void {
    const { looks } = this.#owner;
    if (this.#deaf) return;
    // It is we who do not read on: the caller cannot end what it began.
    if (this.socket.isPaused()) return;
    if (this.#begunAt !== NEVER) {
      if (looks - this.#begunAt > requestMax) this.#refuse(408);
    } else if (this.#current === null && this.#idleAt !== NEVER) {
      if (looks - this.#idleAt > idleMax) this.socket.destroy();
    }
  }

  ended(response: Http1Response): void {
    if (response !== this.#current) return;
    this.#current = null;
    if (response.last) {
      this.#deaf = true;
      this.socket.destroySoon();
    } else if (this.socket.writable) this.#next();
    else this.#waiting = null;
  }

  #next(): void {
    const next = this.#waiting?.shift() ?? null;
    this.#current = next;
    this.#idleAt = this.#owner.looks;
    if (next === null) {
      if (this.#refusal !== null) this.#hangUp(this.#refusal);
      return;
    }
    if (this.#waiting!.length === PIPELINED_MAX / 2) {
      if (this.#begunAt !== NEVER) this.#begunAt = this.#owner.looks;
      this.socket.resume();
    }
    next.take();
  }

  #arrive(request: Http1Request): void {
    const { expects, persistent } = this.#parser;
    if (request.method === "CONNECT") {
      this.socket.destroy();
      return;
    }
    const awaited = expects !== null && /(?:^|\W)100-continue(?:$|\W)/i.test(expects);
    if (expects !== null && !awaited) {
      this.#refuse(417);
      return;
    }
    const response = new Http1Response(request, this, !persistent);
    this.#unread = response;
    if (this.#current === null) {
      this.#current = response;
      response.take();
    } else {
      const waiting = (this.#waiting ??= []);
      if (waiting.push(response) === PIPELINED_MAX) this.socket.pause();
    }
    if (awaited) response.proceed();
    this.#heard(request, response);
  }

  #whole(request: Http1Request): void {
    const parser = this.#parser;
    const body = parser.takeBody();
    // What comes after the last request is nothing to us.
    if (!parser.persistent) this.#deaf = true;
    parser.expect();
    this.#begunAt = NEVER;
    this.#unread = null;
    request.whole(body);
  }

  /** Answers no more requests than have been read whole, then this, and hangs up. */
  #refuse(status: number): void {
    this.#deaf = true;
    const unread = this.#unread;
    if (unread !== null && unread === this.#current) this.#current = null;
    else if (unread !== null) this.#waiting?.pop();
    if (this.#current === null) this.#hangUp(status);
    else this.#refusal = status;
  }

  #hangUp(status: number): void {
    if (!this.socket.writable) {
      this.socket.destroy();
      return;
    }
    this.socket.write(`${statusLine(status)}connection: close\r\n\r\n`, "latin1");
    this.socket.destroySoon();
  }
}
