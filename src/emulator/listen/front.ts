import {
  createServer as createHttp2,
  type Http2Server,
  type Http2ServerRequest,
  type ServerHttp2Session,
} from "node:http2";
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTls, type Server as TlsServer, type TLSSocket } from "node:tls";
import { type Clock, messageOf } from "../../core/index.ts";
import type { AnyResponse } from "../deliver/index.ts";
import type { HostPort } from "../address.ts";
import { type Http1Request, Http1Server } from "../http1/index.ts";
import { listening } from "../listening.ts";
import type { ConnectionFaults } from "./connection-faults.ts";
import type { OpenFiles } from "../open-files.ts";
import { type FullQueue, prepareFullQueue } from "./full-queue.ts";

export type AnyRequest = Http1Request | Http2ServerRequest;

/** A caller's connection. */
export interface Connection {
  /** In the order in which they were accepted, from 0. */
  readonly id: number;
  /** Below TLS and HTTP/2. */
  readonly socket: Socket;
  /** The caller's address, without the port. */
  readonly client: string;
}

/** PEM texts. */
export interface TlsIdentity {
  readonly cert: string;
  readonly key: string;
}

export interface FrontOptions {
  readonly clock: Clock;
  readonly tls: TlsIdentity | null;
  readonly faults: ConnectionFaults;
  readonly openFiles: OpenFiles;
  /** A request that has not come whole by then is answered with 408 and its connection closed. */
  readonly requestTimeoutMs: number;
  /** The largest request body that is kept. */
  readonly bodyBytesMax: number;
  readonly onConnection: (connection: Connection) => void;
  readonly onClosed: (connection: Connection) => void;
  readonly onRequest: (request: AnyRequest, response: AnyResponse, from: Connection) => void;
  readonly onFailure: (cause: unknown) => void;
}

/** How often the door and the streams are looked after. */
const WATCH_MS = 10;
/** For how many looks a port that is to be listened on again may be taken: ten seconds. */
const MOVES_IN_VAIN_MAX = 1_000;
const PREFACE = "PRI ";
const NONE: Buffer = Buffer.alloc(0);
/** A fatal handshake_failure alert: TLS 1.2's record, which every version understands. */
const ALERT = Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28]);

/**
 * A port that speaks HTTP/1.1 and HTTP/2, clear (HTTP/2 by prior knowledge, which its preface
 * tells) or behind TLS (as ALPN agrees), and whose connections may be made to fail.
 */
export class Front {
  readonly #options: FrontOptions;
  readonly #http1: Http1Server;
  readonly #http2: Http2Server;
  /** Null: clear. */
  readonly #tls: TlsServer | null;
  readonly #connections = new Map<Socket, Connection>();
  /** By what stands for it above TLS or HTTP/2. */
  readonly #above = new WeakMap<object, Connection>();
  /** By the caller's address and port: how what stands above it is found the first time. */
  readonly #byPeer = new Map<string, Connection>();
  readonly #sessions = new Set<ServerHttp2Session>();
  #door: Server;
  #full: FullQueue | null = null;
  #watching: NodeJS.Timeout | undefined;
  #moving: Promise<void> | null = null;
  #streamsMax: number | null = null;
  #closed = false;
  #accepted = 0;
  #inVain = 0;

  constructor(options: FrontOptions) {
    this.#options = options;
    const { tls } = options;
    this.#http1 = new Http1Server(options);
    this.#http2 = createHttp2({}, (request, response) => {
      const from = this.#connectionOf(request);
      if (from !== undefined) options.onRequest(request, response, from);
    });
    this.#tls = tls === null ? null : this.#makeTls(tls);
    this.#http2.on("session", (session: ServerHttp2Session) => this.#greetSession(session));
    this.#http2.on("sessionError", () => {});
    this.#door = this.#makeDoor();
  }

  /** Resolves to the port; rejects with the system's error. `port` 0 means any free one. */
  async listen({ host, port }: HostPort): Promise<number> {
    const { port: actual } = await listening(this.#door, { host, port });
    this.#door.on("error", this.#options.onFailure);
    if (this.#options.faults.moves) {
      this.#watching = setInterval(() => this.#watch(host, actual), WATCH_MS).unref();
    }
    return actual;
  }

  /** Stops listening and hangs up on everybody. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#watching);
    this.#http1.close();
    await this.#moving;
    await this.#full?.release();
    // A server reports that it is closed before its last sockets do: wait for each.
    const closed = [...this.#connections.keys()].map(
      (socket) => new Promise((resolve) => void socket.once("close", resolve)),
    );
    if (this.#door.listening) closed.push(new Promise((done) => void this.#door.close(done)));
    for (const socket of this.#connections.keys()) socket.destroy();
    this.#http2.close(() => {});
    await Promise.all(closed);
  }

  #makeDoor(): Server {
    return createServer({ noDelay: true }, (socket) => this.#accept(socket));
  }

  /** What it is handed is behind TLS; callers who agree upon nothing speak HTTP/1.1. */
  #makeTls(identity: TlsIdentity): TlsServer {
    const server = createTls({ ...identity, ALPNProtocols: ["h2", "http/1.1"] }, (socket) => {
      if (socket.alpnProtocol === "h2") {
        this.#http2.emit("connection", socket);
        return;
      }
      socket.on("error", () => {});
      const from = this.#byPeer.get(peerOf(socket));
      if (from !== undefined) this.#serveHttp1(socket, NONE, from);
    });
    server.on("tlsClientError", () => {});
    return server;
  }

  #serveHttp1(socket: Socket | TLSSocket, read: Buffer, from: Connection): void {
    this.#http1.serve(socket, read, (request, response) =>
      this.#options.onRequest(request, response, from),
    );
  }

  #accept(socket: Socket): void {
    const { clock, faults, onClosed, onConnection, openFiles, requestTimeoutMs } = this.#options;
    if (!openFiles.admits(socket)) return;
    const { remoteAddress: client = "" } = socket;
    const connection: Connection = { id: this.#accepted++, socket, client };
    const peer = peerOf(socket);
    this.#connections.set(socket, connection);
    if (peer !== "") this.#byPeer.set(peer, connection);
    socket.on("error", () => {});
    socket.once("close", () => {
      this.#connections.delete(socket);
      this.#byPeer.delete(peer);
      onClosed(connection);
    });
    onConnection(connection);
    if (this.#tls === null) {
      sniff(socket, requestTimeoutMs, (preface, read) => {
        if (preface) handBack(socket, read, () => this.#http2.emit("connection", socket));
        else this.#serveHttp1(socket, read, connection);
      });
      return;
    }
    const greeting = faults.greeting(clock.nowNs(), connection.id);
    if (greeting === "welcome") this.#tls.emit("connection", socket);
    else if (greeting === "tls-stall") socket.resume();
    else
      socket.once("data", () => {
        socket.write(ALERT);
        socket.destroySoon();
      });
  }

  /** TLS and HTTP/2 hide the connection; what is below it has the same ports. */
  #connectionOf(request: Http2ServerRequest): Connection | undefined {
    const above = request.stream.session;
    if (above === undefined) return undefined;
    const own = this.#above.get(above);
    if (own !== undefined) return own;
    const found = this.#byPeer.get(peerOf(request.socket));
    if (found !== undefined) this.#above.set(above, found);
    return found;
  }

  #greetSession(session: ServerHttp2Session): void {
    this.#sessions.add(session);
    session.on("error", () => {});
    session.once("close", () => this.#sessions.delete(session));
    if (this.#streamsMax !== null) session.settings({ maxConcurrentStreams: this.#streamsMax });
  }

  #watch(host: string, port: number): void {
    const { clock, faults } = this.#options;
    const nowNs = clock.nowNs();
    const streamsMax = faults.streamsMax(nowNs);
    if (streamsMax !== this.#streamsMax) {
      this.#streamsMax = streamsMax;
      const maxConcurrentStreams = streamsMax ?? 2 ** 32 - 1;
      for (const session of this.#sessions) {
        if (!session.destroyed) session.settings({ maxConcurrentStreams });
      }
    }
    if (this.#moving !== null || this.#closed) return;
    const door = faults.door(nowNs);
    const now =
      this.#full !== null ? "accept-queue-full" : this.#door.listening ? "open" : "refuse";
    if (door === now) return;
    this.#moving = this.#move(door, { host, port })
      .then(() => void (this.#inVain = 0))
      .catch((cause: unknown) => {
        // While nobody listened, somebody's outgoing connection may have taken the port.
        const taken = /EADDRINUSE/.test(messageOf(cause));
        if (!taken || ++this.#inVain > MOVES_IN_VAIN_MAX) this.#options.onFailure(cause);
      })
      .finally(() => (this.#moving = null));
  }

  async #move(door: "open" | "refuse" | "accept-queue-full", at: { host: string; port: number }) {
    const full = door === "accept-queue-full" ? await prepareFullQueue(at.host, at.port) : null;
    await this.#full?.release();
    this.#full = full;
    // Resolves when its last connection has gone; the port is free at once.
    if (this.#door.listening) this.#door.close();
    if (door === "refuse") return;
    if (full !== null) {
      await full.hold().catch((cause: unknown) => {
        this.#full = null;
        throw cause;
      });
      return;
    }
    this.#door = this.#makeDoor();
    await listening(this.#door, at);
    this.#door.on("error", this.#options.onFailure);
  }
}

const peerOf = ({ remoteAddress, remotePort }: Socket): string =>
  remotePort === undefined ? "" : `${remoteAddress}/${remotePort}`;

/**
 * Looks at a connection's first bytes: are they HTTP/2's preface? One that begins like it and then
 * stops is left to HTTP/1.1, which knows what to do with half a request.
 */
function sniff(
  socket: Socket,
  withinMs: number,
  tell: (preface: boolean, read: Buffer) => void,
): void {
  let seen = NONE;
  const decide = (preface: boolean): void => {
    socket.off("data", look);
    socket.off("timeout", giveUp);
    socket.setTimeout(0);
    tell(preface, seen);
  };
  const giveUp = (): void => decide(false);
  const look = (chunk: Buffer): void => {
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
    const start = seen.toString("latin1", 0, PREFACE.length);
    if (start.length === PREFACE.length || !PREFACE.startsWith(start)) decide(start === PREFACE);
    else socket.setTimeout(withinMs);
  };
  socket.on("timeout", giveUp);
  socket.on("data", look);
}

/** Puts bytes back that were read, for whoever takes the connection over. */
function handBack(socket: Socket, read: Buffer, take: () => void): void {
  socket.pause();
  socket.unshift(read);
  take();
  process.nextTick(() => socket.resume());
}
