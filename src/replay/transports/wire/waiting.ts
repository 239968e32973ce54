import type { Exchange } from "../../exchange.ts";
import type { Connection } from "./connection.ts";

/** A place in a queue: of one exchange, or of a session that has no connection. */
export class Waiting {
  readonly exchange: Exchange | null;
  readonly lane: Lane | null;
  queue: WaitingQueue | null = null;
  older: Waiting | null = null;
  newer: Waiting | null = null;

  constructor(exchange: Exchange | null, lane: Lane | null) {
    this.exchange = exchange;
    this.lane = lane;
  }
}

/** First come, first served; whoever waits can leave at once, wherever it stands. */
export class WaitingQueue {
  oldest: Waiting | null = null;
  #newest: Waiting | null = null;

  push(waiting: Waiting): void {
    waiting.queue = this;
    waiting.older = this.#newest;
    if (this.#newest === null) this.oldest = waiting;
    else this.#newest.newer = waiting;
    this.#newest = waiting;
  }

  remove(waiting: Waiting): void {
    const { newer, older } = waiting;
    if (older === null) this.oldest = newer;
    else older.newer = newer;
    if (newer === null) this.#newest = older;
    else newer.older = older;
    waiting.queue = null;
    waiting.older = null;
    waiting.newer = null;
  }
}

/** A session with a connection of its own, and those of its exchanges that wait for their turn. */
export class Lane {
  readonly session: string;
  connection: Connection | null = null;
  readonly queue = new WaitingQueue();
  /** Where the session stands among those that wait for a connection. */
  readonly place: Waiting;

  constructor(session: string) {
    this.session = session;
    this.place = new Waiting(null, this);
  }
}
