import type { TransportLimits } from "../transport.ts";
import type { Carrier } from "./carrier.ts";
import type { Connection, Session } from "./connection.ts";
import { Waiting } from "./waiting.ts";

/** How a target's connections are made and used. */
export interface ConnectionUse {
  readonly limits: TransportLimits;
  /** Exchanges that one shared connection carries at once. */
  readonly roomEach: number;
  open(session: Session | null): Connection;
  dispatch(connection: Connection, carrier: Carrier): void;
}

/**
 * Which exchange goes over which connection. Without a session: over the connection used last
 * that has room, else over a new one. With one: over the session's own. When no more may be
 * opened, the one that has been idle longest is closed for it; when none is idle, it waits.
 */
export class Connections {
  readonly #use: ConnectionUse;
  readonly #all = new Set<Connection>();
  /** The longest idle first. */
  readonly #idle = new Set<Connection>();
  /** Shared ones with room; the last is taken first. */
  readonly #roomy: Connection[] = [];
  readonly #sessions = new Map<string, Session>();
  readonly #waiting = new Waiting();
  #isServing = false;
  #isClosed = false;

  constructor(use: ConnectionUse) {
    this.#use = use;
  }

  session(name: string): Session {
    let session = this.#sessions.get(name);
    if (session === undefined) {
      session = { name, connection: null, current: null, next: [] };
      this.#sessions.set(name, session);
    }
    return session;
  }

  send(carrier: Carrier): void {
    const { session } = carrier;
    if (session !== null && session.current !== null) {
      session.next.push(carrier);
      return;
    }
    if (session !== null) session.current = carrier;
    const connection = this.#connectionFor(carrier);
    if (connection === null) this.#waiting.push(carrier);
    else this.#dispatch(connection, carrier);
  }

  /** Takes back the place of a carrier whose exchange is over, and gives it to who waits. */
  release(carrier: Carrier): void {
    if (this.#isClosed) return;
    const { connection, session } = carrier;
    if (connection !== null) this.#vacate(connection);
    if (session !== null && session.current === carrier) this.#advance(session);
    this.#serve();
  }

  /** Gives the carrier a new connection, in the place of the one that was lost. */
  sendAgain(carrier: Carrier): void {
    const { connection, session } = carrier;
    if (connection !== null) this.#vacate(connection);
    // Over HTTP/2 those who were turned away share the new one.
    const shared = this.#use.roomEach > 1 ? this.#connectionFor(carrier) : null;
    this.#dispatch(shared ?? this.#opened(session), carrier);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#all].map((connection) => connection.destroy()));
  }

  #vacate(connection: Connection): void {
    const wasFull = connection.inFlight-- === this.#use.roomEach;
    // undici takes nothing new for a connection that fails while it is at it, and nobody waits
    // any more for one that is still being opened: who comes next gets another one.
    if (connection.isRetired && connection.inFlight === 0) void connection.destroy();
    else if (!connection.isUp) this.#retire(connection);
    if (connection.isRetired) return;
    if (connection.session === null && wasFull) this.#roomy.push(connection);
    if (connection.inFlight === 0) this.#idle.add(connection);
  }

  #advance(session: Session): void {
    let next = session.next.shift();
    while (next?.exchange === null) next = session.next.shift();
    session.current = next ?? null;
    if (next !== undefined) this.#waiting.push(next);
    else this.#forget(session);
  }

  #serve(): void {
    // What fails on the spot comes back here: the loop outside goes on.
    if (this.#isServing) return;
    this.#isServing = true;
    for (let first = this.#waiting.first(); first !== undefined; first = this.#waiting.first()) {
      const connection = this.#connectionFor(first);
      if (connection === null) break;
      this.#waiting.removeFirst();
      this.#dispatch(connection, first);
    }
    this.#isServing = false;
  }

  #connectionFor({ session }: Carrier): Connection | null {
    for (;;) {
      const known = session === null ? this.#roomy.at(-1) : session.connection;
      if (known === null || known === undefined) break;
      // While undici clears a lost connection away it must not be given anything new for it.
      if (!known.isLost) return known;
      this.#retire(known);
    }
    if (this.#all.size >= this.#use.limits.connectionsMax) {
      const [longestIdle] = this.#idle;
      if (longestIdle === undefined) return null;
      this.#retire(longestIdle);
    }
    return this.#opened(session);
  }

  #opened(session: Session | null): Connection {
    const connection = this.#use.open(session);
    this.#all.add(connection);
    if (session === null) this.#roomy.push(connection);
    else session.connection = connection;
    return connection;
  }

  #dispatch(connection: Connection, carrier: Carrier): void {
    this.#idle.delete(connection);
    carrier.connection = connection;
    connection.inFlight++;
    if (connection.session === null && connection.inFlight === this.#use.roomEach) {
      this.#roomy.pop();
    }
    this.#use.dispatch(connection, carrier);
  }

  #retire(connection: Connection): void {
    connection.isRetired = true;
    this.#all.delete(connection);
    this.#idle.delete(connection);
    if (connection.session === null) {
      const at = this.#roomy.indexOf(connection);
      if (at >= 0) this.#roomy.splice(at, 1);
    } else {
      connection.session.connection = null;
      this.#forget(connection.session);
    }
    if (connection.inFlight === 0) void connection.destroy();
  }

  #forget(session: Session): void {
    if (session.connection === null && session.current === null) {
      this.#sessions.delete(session.name);
    }
  }
}
