import type { Socket } from "node:net";
import type { Client, Dispatcher } from "undici";
import { systemCodeOf } from "../../../core/index.ts";
import type { TransportLimits, TransportTarget } from "../transport.ts";
import type { Carrier } from "./carrier.ts";
import { undici } from "./library.ts";
import type { OpenSocket } from "./open-socket.ts";

/**
 * How many exchanges share an HTTP/2 connection before another one is opened: what servers
 * commonly allow. A server that allows fewer makes the others wait.
 */
export const STREAMS_MAX = 100;
/** As long as undici allows: to close an idle connection is the target's business. */
const IDLE_MS = 600_000;
const STREAM_WINDOW_BYTES = 262_144;

/** A captured session, whose exchanges go over its own connection, one after another. */
export interface Session {
  readonly name: string;
  /** Null when it has none yet, or none any more. */
  connection: Connection | null;
  /** The exchange under way, or the one that waits for a connection. */
  current: Carrier | null;
  /** Those after it. */
  readonly next: Carrier[];
}

/** What undici knows beside what its types say. */
export type DispatchOptions = Dispatcher.DispatchOptions & { readonly servername: string };

/** One connection's place: undici opens it when there is something to send, and opens it again. */
export class Connection {
  /** Null for one that serves all. */
  readonly session: Session | null;
  inFlight = 0;
  /** No longer to be used: its place has been given away. */
  isRetired = false;
  /** Whether an exchange has ended well since it was last opened. */
  isKept = false;
  /** Whether the target said that it takes no more. */
  isLeaving = false;
  readonly isHttp2: boolean;
  readonly #client: Client;
  #socket: Socket | null = null;
  #isOpen = false;

  constructor(
    { origin, http2 }: TransportTarget,
    open: OpenSocket,
    { headerBytesMax }: TransportLimits,
    session: Session | null,
  ) {
    this.session = session;
    this.isHttp2 = http2;
    this.#client = new (undici().Client)(origin, {
      connect: (_, opened) => {
        this.#isOpen = false;
        this.isKept = false;
        this.#socket = open((error, socket) => {
          this.#isOpen = error === null;
          if (socket !== null) takeOver(socket, http2, () => opened(null, socket));
          else opened(error ?? new Error("no socket"), null);
        });
      },
      pipelining: 1,
      maxHeaderSize: headerBytesMax,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: IDLE_MS,
      keepAliveMaxTimeout: IDLE_MS,
      h2Options: {
        maxConcurrentStreams: STREAMS_MAX,
        // What streams share must not hold them up.
        connectionWindowSize: STREAMS_MAX * STREAM_WINDOW_BYTES,
        settings: { initialWindowSize: STREAM_WINDOW_BYTES },
        pingInterval: 0,
      },
    });
  }

  /** Whether it is connected, handshake included. */
  get isUp(): boolean {
    return this.#isOpen && !this.isLost;
  }

  /** Whether it was lost, or did not come about: undici may still be at clearing it away. */
  get isLost(): boolean {
    return this.isLeaving || this.#socket?.destroyed === true;
  }

  /** Whether the target has ended or reset it. */
  get isCut(): boolean {
    const { errored = null, readableEnded = false } = this.#socket ?? {};
    return readableEnded || systemCodeOf(errored) === "ECONNRESET" || this.isHttp2;
  }

  dispatch(options: DispatchOptions, carrier: Carrier): void {
    try {
      this.#client.dispatch(options, carrier);
    } catch (thrown) {
      carrier.failWith(thrown);
    }
  }

  /** Closes it at once, also one that is being opened. */
  async destroy(): Promise<void> {
    // Before undici, which would destroy it with an error: over HTTP/2 that may find no listener.
    if (this.#isOpen) this.#socket?.destroy();
    const destroyed = this.#client.destroy();
    // After undici, which would else open it anew.
    if (!this.#isOpen) this.#socket?.destroy();
    await destroyed;
  }
}

/**
 * Hands a socket to undici. Over HTTP/2, undici throws the connection away as soon as the target
 * has ended it, and with it what has come and not been read yet: answers of servers that say
 * GOAWAY, answer what they have taken, and hang up, as nginx does. Node by itself reads on.
 */
function takeOver(socket: Socket, isHttp2: boolean, opened: () => void): void {
  const before = new Set(socket.listeners("end"));
  opened();
  if (!isHttp2) return;
  for (const listener of socket.listeners("end")) {
    if (before.has(listener) || listener.name !== "onHttp2SocketEnd") continue;
    socket.off("end", listener as () => void);
  }
}
