import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { Clock } from "../../core/index.ts";
import { formatHostPort } from "../address.ts";
import { listenAs } from "../listening.ts";
import { RecordedConnection, type RecordUpstream } from "./connection.ts";
import type { RecordedExchange, RecorderCounts } from "./exchange.ts";
import { Lookout } from "./lookout.ts";
import { Observer } from "./observer.ts";

export interface RecordingProxyOptions {
  /** What is recorded, for messages: `service`, or the dependency's name. */
  readonly name: string;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly upstream: RecordUpstream;
  readonly clock: Clock;
  /** Longer request bodies are streamed, and only their size is told. */
  readonly bodyBytesMax: number;
  /** Called as exchanges end, so not in the order in which they began. */
  readonly onExchange: (exchange: RecordedExchange) => void;
}

/**
 * A reverse proxy that passes bytes on as they are and tells of the HTTP/1 exchanges among them.
 * It adds, drops and changes nothing, `host` and `connection` headers included; what it cannot
 * parse still flows.
 */
export class RecordingProxy {
  readonly #options: RecordingProxyOptions;
  readonly #server: Server;
  readonly #lookout: Lookout;
  readonly #connections = new Set<RecordedConnection>();
  readonly #counts = {
    connections: 0,
    exchanges: 0,
    incomplete: 0,
    upgraded: 0,
    upstreamErrors: 0,
  };
  readonly #unparsed = new Map<string, number>();
  #lastNs = -1;
  #stopping = false;
  #emptied: (() => void) | null = null;

  private constructor(options: RecordingProxyOptions) {
    this.#options = options;
    this.#lookout = new Lookout(() => options.clock.nowNs());
    this.#server = createServer({ allowHalfOpen: true, noDelay: true });
    this.#server.on("connection", (socket) => this.#accept(socket));
  }

  /**
   * Listens.
   * @throws PORT_IN_USE, USAGE when it cannot
   */
  static async start(options: RecordingProxyOptions): Promise<RecordingProxy> {
    const proxy = new RecordingProxy(options);
    const { host, port, name } = options;
    const server = proxy.#server;
    await listenAs(`the recorder of ${name}`, server, { host, port });
    // A connection that could not be accepted is its caller's loss; the proxy goes on.
    server.on("error", () => {});
    return proxy;
  }

  /** Where it listens: `127.0.0.1:8080`. */
  get address(): string {
    const { address, port } = this.#server.address() as AddressInfo;
    return formatHostPort({ host: address, port });
  }

  get counts(): RecorderCounts {
    const unparsed = Object.fromEntries(this.#unparsed);
    return { ...this.#counts, open: this.#connections.size, unparsed };
  }

  /** Bytes that wait in all connections; a large body passes without adding up here. */
  get heldBytes(): number {
    const { heldBytes: passed } = this.#lookout;
    return [...this.#connections].reduce((sum, { heldBytes }) => sum + heldBytes, passed);
  }

  /**
   * Accepts no more, ends idle connections, lets what is under way end for so long, then hangs up.
   * Resolves when all sockets are closed.
   */
  async stop(graceMs: number): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    const emptied = new Promise<void>((resolve) => (this.#emptied = resolve));
    const inTime = new AbortController();
    void this.#hangUpAfter(graceMs, inTime.signal);
    this.#each((connection) => connection.endWhenIdle());
    if (this.#connections.size === 0) this.#emptied?.();
    await Promise.all([closed, emptied]);
    inTime.abort();
  }

  async #hangUpAfter(graceMs: number, inTime: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    try {
      await clock.sleepUntilNs(clock.nowNs() + graceMs * 1e6, inTime);
    } catch {
      return;
    }
    this.#each((connection) => connection.hangUp());
  }

  #each(act: (connection: RecordedConnection) => void): void {
    for (const connection of this.#connections) act(connection);
  }

  /** Whole nanoseconds that rise strictly: a start names its request. */
  #stamp(atNs: number): number {
    this.#lastNs = Math.max(this.#lastNs + 1, Math.round(atNs));
    return this.#lastNs;
  }

  #accept(caller: Socket): void {
    const { upstream, bodyBytesMax, onExchange } = this.#options;
    const observer = new Observer({
      connection: this.#counts.connections++,
      bodyBytesMax,
      stamp: (atNs) => this.#stamp(atNs),
      onExchange: (exchange) => {
        this.#counts.exchanges++;
        onExchange(exchange);
      },
      onBlind: (why) => {
        if (why.kind === "upgraded") this.#counts.upgraded++;
        else this.#unparsed.set(why.reason, (this.#unparsed.get(why.reason) ?? 0) + 1);
      },
      onIncomplete: () => this.#counts.incomplete++,
    });
    const connection = new RecordedConnection({
      caller,
      upstream,
      observer,
      lookout: this.#lookout,
      onUpstreamError: () => this.#counts.upstreamErrors++,
      onClose: () => {
        this.#connections.delete(connection);
        if (this.#stopping && this.#connections.size === 0) this.#emptied?.();
      },
    });
    this.#connections.add(connection);
  }
}
