import type { Socket } from "node:net";
import { KEEP_ALIVE_S } from "./answer-text.ts";
import { type ConnectionOwner, Http1Connection } from "./connection.ts";
import type { Http1Request } from "./request.ts";
import type { Http1Response } from "./response.ts";

export interface Http1ServerOptions {
  /** A request that has not come whole by then is answered with 408 and its connection closed. */
  readonly requestTimeoutMs: number;
  /** What is longer is read, and thrown away. */
  readonly bodyBytesMax: number;
}

/** How often connections are looked at, at least. */
const LOOK_MS_MAX = 5_000;

/**
 * Serves HTTP/1.1 on sockets that it is handed. Answers in the order of the requests; gives up, up to
 * a look late, on requests that do not end and on connections that are idle.
 */
export class Http1Server implements ConnectionOwner {
  readonly bodyBytesMax: number;
  looks = 0;
  readonly #connections = new Set<Http1Connection>();
  readonly #looking: NodeJS.Timeout;

  constructor({ bodyBytesMax, requestTimeoutMs }: Http1ServerOptions) {
    this.bodyBytesMax = bodyBytesMax;
    const lookMs = Math.min(requestTimeoutMs, LOOK_MS_MAX);
    const most = {
      requestMax: Math.ceil(requestTimeoutMs / lookMs),
      idleMax: Math.ceil((KEEP_ALIVE_S * 1_000) / lookMs),
    };
    this.#looking = setInterval(() => {
      this.looks++;
      for (const connection of this.#connections) connection.look(most);
    }, lookMs).unref();
  }

  /** Serves a connection, of which these bytes have been read already. */
  serve(
    socket: Socket,
    read: Buffer,
    heard: (request: Http1Request, response: Http1Response) => void,
  ): void {
    const connection = new Http1Connection(socket, this, heard);
    this.#connections.add(connection);
    socket.on("data", (bytes: Buffer) => connection.read(bytes));
    socket.once("close", () => this.#connections.delete(connection));
    if (read.length > 0) connection.read(read);
  }

  /** Looks at nobody any more; its sockets are their giver's to close. */
  close(): void {
    clearInterval(this.#looking);
  }
}
