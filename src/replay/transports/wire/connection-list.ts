import type { Connection } from "./connection.ts";

/** Idle connections, from the one that was used longest ago to the one that was used last. */
export class ConnectionList {
  oldest: Connection | null = null;
  newest: Connection | null = null;

  push(connection: Connection): void {
    connection.idleIn = this;
    connection.older = this.newest;
    if (this.newest === null) this.oldest = connection;
    else this.newest.newer = connection;
    this.newest = connection;
  }

  remove(connection: Connection): void {
    const { newer, older } = connection;
    if (older === null) this.oldest = newer;
    else older.newer = newer;
    if (newer === null) this.newest = older;
    else newer.older = older;
    connection.idleIn = null;
    connection.older = null;
    connection.newer = null;
  }
}
