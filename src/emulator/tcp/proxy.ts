import { createServer, type Server, type Socket } from "node:net";
import type { Clock, Deadlines, Draw } from "../../core/index.ts";
import { formatHostPort, parseHostPort, parseListen } from "../address.ts";
import { listenAs } from "../listening.ts";
import type { OpenFiles } from "../open-files.ts";
import { TcpConnection, type TcpConnectionRecord, type TcpExchangeRecord } from "./connection.ts";
import type { Stream, ToxicSpec } from "./toxic/index.ts";
import { type Trouble, TroubleTimes, type TroubleWindow } from "./trouble.ts";

/** Callers that wait for a place; beyond, they are refused. */
const WAITING_MAX = 4_096;

/** While nobody listened, somebody's outgoing connection may have taken the port: it is tried again. */
const BACK_EVERY_NS = 50e6;
const BACK_TRIES = 100;

/** What all proxies of one emulator share. */
export interface TcpContext {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  /** Chance keyed by the seed, the dependency and the parts: the same for both arms. */
  readonly draw: (...parts: readonly (string | number)[]) => Draw;
  /** Whether there are descriptors for another connection; always unless told. */
  readonly openFiles?: OpenFiles;
  /** Called once for each connection, when it is over; keeps nothing here. */
  readonly onConnection?: (record: TcpConnectionRecord) => void;
  /** Called for each stretch for which a connection was busy, when that is over. */
  readonly onExchange?: (record: TcpExchangeRecord) => void;
  /** Called when it cannot listen again after a trouble. */
  readonly onFailure?: (cause: unknown) => void;
}

export interface TcpProxyOptions {
  readonly name: string;
  /** `127.0.0.1:0` takes a free port. */
  readonly listen: string;
  readonly upstream: string;
  readonly toxics?: readonly ToxicSpec[];
  /** How many connections may be open at once; Infinity unless told. */
  readonly connectionsMax?: number;
  /** What happens to a caller beyond: RST at once (unless told), or it waits unread for a place. */
  readonly beyond?: "refuse" | "wait";
  /** What is done to the dependency, and when: from when traffic begins (`begin`). */
  readonly troubles?: readonly TroubleWindow[];
}

/** Counts since the proxy was made; `open`, `waiting` and `inFlight` are of now. */
export interface TcpSnapshot {
  readonly enabled: boolean;
  readonly open: number;
  readonly waiting: number;
  /** Connections whose last bytes went up and were not answered yet. */
  readonly inFlight: number;
  readonly accepted: number;
  readonly refused: number;
  /** Connections that the upstream did not take. */
  readonly unreachable: number;
  /** Bytes that came in from one side, and that were given to the other, by direction. */
  readonly received: Readonly<Record<Stream, number>>;
  readonly sent: Readonly<Record<Stream, number>>;
}

/**
 * A TCP proxy whose toxics, addresses and state may change while connections live. Made stopped:
 * `start` makes it listen.
 */
export class TcpProxy {
  readonly name: string;
  readonly #context: TcpContext;
  readonly #connectionsMax: number;
  readonly #beyond: "refuse" | "wait";
  readonly #troubles: readonly TroubleWindow[];
  #times: TroubleTimes | null = null;
  #trouble: Trouble | null = null;
  #listen: string;
  #upstream: string;
  #toxics: ToxicSpec[];
  #server: Server | null = null;
  readonly #connections = new Set<TcpConnection>();
  readonly #waiting = new Set<TcpConnection>();
  /** All whose sockets are not closed yet, those that were refused included. */
  readonly #alive = new Map<TcpConnection, Promise<void>>();
  #ordinals = 0;
  readonly #counts = { inFlight: 0, accepted: 0, refused: 0, unreachable: 0 };
  readonly #bytes = {
    received: { upstream: 0, downstream: 0 },
    sent: { upstream: 0, downstream: 0 },
  };

  constructor(options: TcpProxyOptions, context: TcpContext) {
    this.name = options.name;
    this.#context = context;
    this.#listen = options.listen;
    this.#upstream = options.upstream;
    this.#toxics = [...(options.toxics ?? [])];
    this.#connectionsMax = options.connectionsMax ?? Number.POSITIVE_INFINITY;
    this.#beyond = options.beyond ?? "refuse";
    this.#troubles = options.troubles ?? [];
  }

  /** Traffic begins when the clock shows `leadNs`: troubles come and go from then on. */
  begin(leadNs: number): void {
    this.#times?.stop();
    this.#times = new TroubleTimes(this.#troubles, leadNs, this.#context, (trouble) => {
      if (this.#trouble?.kind === "hung") {
        for (const connection of this.#connections) connection.hangIsOver();
      }
      this.#trouble = trouble;
      if (trouble?.kind === "away") this.#server?.close();
      else this.#listenAgain(BACK_TRIES);
    });
  }

  /** Where a trouble had closed the port; not where somebody has stopped it. */
  #listenAgain(tries: number): void {
    const { deadlines, clock, onFailure } = this.#context;
    if (this.#server === null || this.#server.listening || this.#trouble?.kind === "away") return;
    this.#open().catch((cause: unknown) => {
      if (tries === 0) onFailure?.(cause);
      else deadlines.at(clock.nowNs() + BACK_EVERY_NS, () => this.#listenAgain(tries - 1));
    });
  }

  /** Where it listens, or will; once it has, with the port that it got. */
  get listen(): string {
    return this.#listen;
  }

  get upstream(): string {
    return this.#upstream;
  }

  get enabled(): boolean {
    return this.#server !== null;
  }

  /** Those of the upstream direction first; within a direction in the order of the chain. */
  get toxics(): readonly ToxicSpec[] {
    const of = (stream: Stream) => this.#toxics.filter((spec) => spec.stream === stream);
    return [...of("upstream"), ...of("downstream")];
  }

  snapshot(): TcpSnapshot {
    return {
      enabled: this.enabled,
      open: this.#connections.size,
      waiting: this.#waiting.size,
      ...this.#counts,
      received: { ...this.#bytes.received },
      sent: { ...this.#bytes.sent },
    };
  }

  /**
   * Listens; does nothing when it does already.
   * @throws PORT_IN_USE, USAGE when it cannot
   */
  async start(): Promise<void> {
    if (this.#server === null) await this.#open();
  }

  async #open(): Promise<void> {
    const before = this.#server;
    const { host, port } = parseListen(this.#listen);
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true });
    server.on("connection", (socket) => this.#accept(socket));
    const at = await listenAs(`the TCP proxy "${this.name}"`, server, { host, port });
    // A connection that could not be accepted is its caller's loss; the proxy goes on.
    server.on("error", (cause) => void this.#context.openFiles?.isShort(cause));
    if (this.#server !== before) {
      // It was stopped meanwhile.
      server.close();
      return;
    }
    this.#listen = formatHostPort(at);
    this.#server = server;
  }

  /** Stops listening and hangs up on everybody (`down`); resolves when all sockets are closed. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    this.#times?.stop();
    const closed = new Promise((resolve) => server.close(resolve));
    const alive = [...this.#alive];
    this.#waiting.clear();
    for (const [connection] of alive) connection.hangUp();
    await Promise.all([closed, ...alive.map(([, over]) => over)]);
  }

  /**
   * Other addresses, or another state; a new address drops the connections.
   * @throws PORT_IN_USE, USAGE when it cannot listen: then it is stopped
   */
  async update(change: { listen?: string; upstream?: string; enabled?: boolean }): Promise<void> {
    const { listen = this.#listen, upstream = this.#upstream, enabled = this.enabled } = change;
    parseHostPort(upstream);
    if (!enabled || !this.isAt(listen, upstream)) await this.stop();
    this.#listen = listen;
    this.#upstream = upstream;
    if (enabled) await this.start();
  }

  /** Whether these are its addresses already, however they are written. */
  isAt(listen: string, upstream: string): boolean {
    const [ours, theirs] = [parseListen(this.#listen), parseListen(listen)];
    return formatHostPort(ours) === formatHostPort(theirs) && upstream === this.#upstream;
  }

  /** Puts a toxic at the end of its direction's chain, on live connections too. */
  addToxic(spec: ToxicSpec): void {
    this.#toxics.push(spec);
    for (const connection of this.#connections) connection.add(spec);
  }

  /** Puts the toxic in the place of the one with its name; type and stream stay what they were. */
  updateToxic(spec: ToxicSpec): void {
    this.#toxics = this.#toxics.map((other) => (other.name === spec.name ? spec : other));
    for (const connection of this.#connections) connection.update(spec);
  }

  removeToxic(name: string): void {
    const spec = this.#toxics.find((toxic) => toxic.name === name);
    if (spec === undefined) return;
    this.#toxics = this.#toxics.filter((toxic) => toxic !== spec);
    for (const connection of this.#connections) connection.remove(spec);
  }

  #accept(caller: Socket): void {
    const { clock, deadlines, draw, onConnection, onExchange, openFiles } = this.#context;
    if (openFiles?.admits(caller) === false) return;
    const ordinal = this.#ordinals++;
    const over = Promise.withResolvers<void>();
    const connection = new TcpConnection({
      ordinal,
      clock,
      deadlines,
      caller,
      upstream: parseHostPort(this.#upstream),
      toxics: () => this.toxics,
      draw: (toxic) => draw("tcp", ordinal, toxic),
      trouble: () => this.#trouble,
      mayBeSlowed: this.#troubles.some(({ trouble }) => trouble.kind === "slowed"),
      onBytes: (stream, what, bytes) => (this.#bytes[what][stream] += bytes),
      onInFlight: (change) => (this.#counts.inFlight += change),
      onExchange: (record) => onExchange?.(record),
      onClose: (record) => {
        this.#leave(connection, record);
        onConnection?.(record);
        over.resolve();
      },
    });
    this.#alive.set(connection, over.promise);
    this.#counts.accepted++;
    if (this.#connections.size < this.#connectionsMax) this.#admit(connection);
    else if (this.#beyond === "wait" && this.#waiting.size < WAITING_MAX) {
      this.#waiting.add(connection);
    } else {
      this.#counts.refused++;
      connection.refuse();
    }
  }

  #admit(connection: TcpConnection): void {
    this.#connections.add(connection);
    connection.start();
  }

  #leave(connection: TcpConnection, record: TcpConnectionRecord): void {
    this.#alive.delete(connection);
    this.#waiting.delete(connection);
    if (record.outcome === "unreachable") this.#counts.unreachable++;
    if (!this.#connections.delete(connection)) return;
    const [first] = this.#waiting;
    if (first === undefined) return;
    this.#waiting.delete(first);
    this.#admit(first);
  }
}
