import type { ErrorKind } from "../../../measure/index.ts";
import type { Exchange } from "../../exchange.ts";
import type { ExchangeSink, Transport, TransportLimits, TransportTarget } from "../transport.ts";
import { ConnectionList } from "./connection-list.ts";
import { Connection, type ConnectionOwner } from "./connection.ts";
import { becomeSecondAttempt } from "../second-attempt.ts";
import { Lane, Waiting, WaitingQueue } from "./waiting.ts";

const READ_BYTES = 65_536;

/**
 * HTTP/1.1 over plain TCP, made for the hot path: a request is one write of text that was made
 * beforehand, a response is parsed where it was read.
 *
 * An idle connection is used again last in, first out, as by most clients: its socket is warm at
 * both ends, and those that a burst has left over grow old and are closed by the target. What
 * finds no connection waits, first come, first served.
 */
export function wireTransport(
  target: TransportTarget,
  limits: TransportLimits,
  sink: ExchangeSink,
): WireTransport {
  return new WireTransport(target, limits, sink);
}

/** See `wireTransport`. */
export class WireTransport implements Transport, ConnectionOwner {
  /** Requests sent once more, because the target had closed the connection that they went to. */
  resends = 0;
  readonly address: string;
  readonly port: number;
  readonly limits: TransportLimits;
  readonly sink: ExchangeSink;
  readonly readBuffer: Buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  readonly #open = new Set<Connection>();
  readonly #idle = new ConnectionList();
  readonly #idleLanes = new ConnectionList();
  readonly #lanes = new Map<string, Lane>();
  /** While somebody waits here, no connection is idle. */
  readonly #waiting = new WaitingQueue();
  /** Including those that are destroyed, until they say so. */
  #sockets = 0;
  #closed: PromiseWithResolvers<void> | null = null;

  constructor(target: TransportTarget, limits: TransportLimits, sink: ExchangeSink) {
    this.address = target.address;
    this.port = Number(new URL(target.origin).port || 80);
    this.limits = limits;
    this.sink = sink;
  }

  open(connections: number): void {
    for (let i = 0; i < connections && this.#open.size < this.limits.connectionsMax; i++) {
      const connection = this.#opened(null);
      this.#idle.push(connection);
      connection.open();
    }
  }

  send(exchange: Exchange): void {
    if (this.#closed !== null) return this.sink.failed(exchange, "cancelled");
    if (exchange.session !== null && this.limits.keepConnections) {
      return this.#sendInLane(exchange, exchange.session);
    }
    const connection = this.#waiting.oldest === null ? this.#common() : null;
    if (connection === null) this.#wait(this.#waiting, exchange);
    else connection.carry(exchange, true);
  }

  giveUp(exchange: Exchange, why: ErrorKind): void {
    const { carrier } = exchange;
    if (carrier instanceof Connection) {
      carrier.destroy();
      this.lost(carrier, exchange, why);
    } else if (carrier instanceof Waiting) {
      exchange.carrier = null;
      carrier.queue?.remove(carrier);
      if (carrier.lane !== null) this.#leaveIfEmpty(carrier.lane);
      this.sink.failed(exchange, why);
    }
  }

  close(): Promise<void> {
    if (this.#closed !== null) return this.#closed.promise;
    this.#closed = Promise.withResolvers<void>();
    const { promise, resolve } = this.#closed;
    const cancelled = this.#takeAll();
    if (this.#sockets === 0) resolve();
    for (const exchange of cancelled) this.sink.failed(exchange, "cancelled");
    return promise;
  }

  finished(connection: Connection, exchange: Exchange, bytesIn: number, reusable: boolean): void {
    if (reusable) this.#rest(connection);
    else this.#forget(connection);
    try {
      this.sink.ended(exchange, bytesIn);
    } finally {
      if (reusable && connection.lane !== null) this.#nextInLane(connection.lane);
      this.#serve();
    }
  }

  lost(connection: Connection, exchange: Exchange | null, error: ErrorKind): void {
    this.#forget(connection);
    try {
      if (exchange !== null) this.sink.failed(exchange, error);
    } finally {
      this.#serve();
    }
  }

  sendAgain(connection: Connection, exchange: Exchange): void {
    this.resends++;
    becomeSecondAttempt(exchange);
    this.#open.delete(connection);
    this.#opened(connection.lane).carry(exchange, false);
  }

  socketOpened(): void {
    this.#sockets++;
  }

  socketClosed(): void {
    this.#sockets--;
    if (this.#sockets === 0) this.#closed?.resolve();
  }

  /** A connection that is not a session's: idle, or new, if there may be one more. */
  #common(): Connection | null {
    const idle = this.#idle.newest;
    if (idle !== null) {
      this.#idle.remove(idle);
      return idle;
    }
    return this.#hasRoom() ? this.#opened(null) : null;
  }

  /** Whether one more may be opened; for its sake, the idle one used longest ago is closed. */
  #hasRoom(): boolean {
    if (this.#open.size < this.limits.connectionsMax) return true;
    const victim = this.#idle.oldest ?? this.#idleLanes.oldest;
    if (victim === null) return false;
    victim.destroy();
    this.#forget(victim);
    return true;
  }

  #opened(lane: Lane | null): Connection {
    const connection = new Connection(this, lane);
    this.#open.add(connection);
    if (lane !== null) lane.connection = connection;
    return connection;
  }

  #wait(queue: WaitingQueue, exchange: Exchange, lane: Lane | null = null): void {
    const waiting = new Waiting(exchange, lane);
    exchange.carrier = waiting;
    queue.push(waiting);
  }

  #sendInLane(exchange: Exchange, session: string): void {
    let lane = this.#lanes.get(session);
    if (lane === undefined) {
      lane = new Lane(session);
      this.#lanes.set(session, lane);
    }
    const { connection, place, queue } = lane;
    // Whoever came before goes before, also at the moment in which the connection is between two.
    if (queue.oldest === null) {
      if (connection === null && this.#waiting.oldest === null && this.#hasRoom()) {
        return this.#opened(lane).carry(exchange, true);
      }
      if (connection?.exchange === null) {
        this.#idleLanes.remove(connection);
        return connection.carry(exchange, true);
      }
    }
    this.#wait(queue, exchange, lane);
    if (connection === null && place.queue === null) this.#waiting.push(place);
  }

  /** A session of which nothing is left waits no more, and without a connection it is forgotten. */
  #leaveIfEmpty(lane: Lane): void {
    if (lane.queue.oldest !== null) return;
    lane.place.queue?.remove(lane.place);
    if (lane.connection === null) this.#lanes.delete(lane.session);
  }

  /** Puts a connection whose exchange has ended among the idle ones, unless it has work to do. */
  #rest(connection: Connection): void {
    const { lane } = connection;
    if (lane === null) this.#idle.push(connection);
    else if (lane.queue.oldest === null) this.#idleLanes.push(connection);
  }

  /** Forgets a destroyed connection; exchanges that wait for it wait for another. */
  #forget(connection: Connection): void {
    this.#open.delete(connection);
    connection.idleIn?.remove(connection);
    const { lane } = connection;
    if (lane === null || lane.connection !== connection) return;
    lane.connection = null;
    if (lane.queue.oldest !== null) this.#waiting.push(lane.place);
    else this.#lanes.delete(lane.session);
  }

  /** Gives the session's connection its next exchange. */
  #nextInLane({ connection, queue }: Lane): void {
    if (connection === null || connection.exchange !== null) return;
    const next = queue.oldest;
    if (next !== null) this.#take(next, connection);
    // Those that waited were given up just now.
    else if (connection.idleIn === null) this.#idleLanes.push(connection);
  }

  #take(waiting: Waiting, connection: Connection): void {
    waiting.queue!.remove(waiting);
    connection.carry(waiting.exchange!, true);
  }

  /** Lets those that wait have what has become free. */
  #serve(): void {
    for (let first = this.#waiting.oldest; first !== null; first = this.#waiting.oldest) {
      const { lane } = first;
      if (lane === null) {
        const connection = this.#common();
        if (connection === null) return;
        this.#take(first, connection);
      } else {
        if (!this.#hasRoom()) return;
        this.#waiting.remove(first);
        this.#take(lane.queue.oldest!, this.#opened(lane));
      }
    }
  }

  /** Destroys all connections; returns the exchanges that were under way or waiting. */
  #takeAll(): readonly Exchange[] {
    const taken: Exchange[] = [];
    for (const connection of this.#open) {
      if (connection.exchange !== null) taken.push(connection.exchange);
      connection.destroy();
      connection.idleIn?.remove(connection);
    }
    const queues = [this.#waiting, ...Array.from(this.#lanes.values(), ({ queue }) => queue)];
    for (const queue of queues) {
      for (let first = queue.oldest; first !== null; first = queue.oldest) {
        queue.remove(first);
        if (first.exchange === null) continue;
        first.exchange.carrier = null;
        taken.push(first.exchange);
      }
    }
    this.#open.clear();
    this.#lanes.clear();
    return taken;
  }
}
