import { type ArmMeta, ArmTable } from "./arm-table.ts";
import type { Filled } from "./rows.ts";
import type { Columns } from "./spool-layout.ts";
import { Spool } from "./spool-reader.ts";
import { SpoolWriter } from "./spool-writer.ts";

/**
 * How a connection to a TCP dependency ended. `ended`: both peers were done; `reset`: one of them, or
 * a toxic, sent RST; `closed`: a toxic, or the proxy, hung up; `unreachable`: the upstream could not
 * be connected to; `refused`: there were as many connections as there may be. Only ever added to, at
 * the end.
 */
export const CONNECTION_OUTCOMES = ["ended", "reset", "closed", "unreachable", "refused"] as const;
/** Who began to end it. */
export const CONNECTION_CLOSERS = ["caller", "upstream", "toxic", "proxy"] as const;

/**
 * One connection that a target made to a TCP dependency. Times are nanoseconds since the run's
 * start; null: it never happened.
 */
export interface TcpConnection {
  /** Indexes into the spool header's `arms` and `dependencies`. */
  readonly arm: number;
  readonly dependency: number;
  /** Numbered as they came, within arm and dependency, from 0. */
  readonly connection: number;
  readonly outcome: (typeof CONNECTION_OUTCOMES)[number];
  readonly closedBy: (typeof CONNECTION_CLOSERS)[number];
  readonly openNs: number;
  /** When the upstream had accepted. */
  readonly connectedNs: number | null;
  /** When the first byte came from the caller, and from the upstream; when the last came. */
  readonly firstUpNs: number | null;
  readonly firstDownNs: number | null;
  readonly lastNs: number | null;
  readonly closeNs: number;
  /** Bytes that came from the caller, and from the upstream. */
  readonly bytesUp: number;
  readonly bytesDown: number;
}

/** 80 bytes a connection. A time that never was is NaN. */
export const CONNECTION_COLUMNS = {
  openNs: "f64",
  connectedNs: "f64",
  firstUpNs: "f64",
  firstDownNs: "f64",
  lastNs: "f64",
  closeNs: "f64",
  bytesUp: "f64",
  bytesDown: "f64",
  connection: "u32",
  arm: "u8",
  dependency: "u8",
  outcome: "u8",
  closedBy: "u8",
} as const;

const TIMES = ["openNs", "connectedNs", "firstUpNs", "firstDownNs", "lastNs", "closeNs"] as const;

export class ConnectionWriter {
  readonly spool: SpoolWriter<typeof CONNECTION_COLUMNS>;

  private constructor(spool: SpoolWriter<typeof CONNECTION_COLUMNS>) {
    this.spool = spool;
  }

  static async create(path: string, meta: ArmMeta): Promise<ConnectionWriter> {
    return new ConnectionWriter(await SpoolWriter.create(path, CONNECTION_COLUMNS, { ...meta }));
  }

  write(connection: TcpConnection): void {
    const { columns: c, row } = this.spool;
    for (const time of TIMES) c[time][row] = connection[time] ?? Number.NaN;
    c.bytesUp[row] = connection.bytesUp;
    c.bytesDown[row] = connection.bytesDown;
    c.connection[row] = connection.connection;
    c.arm[row] = connection.arm;
    c.dependency[row] = connection.dependency;
    c.outcome[row] = CONNECTION_OUTCOMES.indexOf(connection.outcome);
    c.closedBy[row] = CONNECTION_CLOSERS.indexOf(connection.closedBy);
    this.spool.commit();
  }
}

/** Connections, in the order in which they ended. */
export class ConnectionTable extends ArmTable<typeof CONNECTION_COLUMNS, TcpConnection> {
  protected blank(): Filled<TcpConnection> {
    return {
      arm: 0,
      dependency: 0,
      connection: 0,
      outcome: "closed",
      closedBy: "proxy",
      openNs: NaN,
      connectedNs: null,
      firstUpNs: null,
      firstDownNs: null,
      lastNs: null,
      closeNs: NaN,
      bytesUp: NaN,
      bytesDown: NaN,
    };
  }

  protected fill(
    into: Filled<TcpConnection>,
    c: Columns<typeof CONNECTION_COLUMNS>,
    row: number,
  ): void {
    const time = (name: (typeof TIMES)[number]): number => c[name][row]! - this.leadNs;
    const maybe = (name: (typeof TIMES)[number]): number | null => {
      const atNs = time(name);
      return Number.isNaN(atNs) ? null : atNs;
    };
    into.arm = c.arm[row]!;
    into.dependency = c.dependency[row]!;
    into.connection = c.connection[row]!;
    into.outcome = CONNECTION_OUTCOMES[c.outcome[row]!] ?? "closed";
    into.closedBy = CONNECTION_CLOSERS[c.closedBy[row]!] ?? "proxy";
    into.openNs = time("openNs");
    into.connectedNs = maybe("connectedNs");
    into.firstUpNs = maybe("firstUpNs");
    into.firstDownNs = maybe("firstDownNs");
    into.lastNs = maybe("lastNs");
    into.closeNs = time("closeNs");
    into.bytesUp = c.bytesUp[row]!;
    into.bytesDown = c.bytesDown[row]!;
  }
}

/**
 * Reads a connection spool; `leadNs` as for `readCalls`.
 * @throws RUN_INVALID, SPOOL_INVALID as `Spool` does.
 */
export function readConnections(path: string, leadNs = 0): ConnectionTable {
  return new ConnectionTable(new Spool([path], CONNECTION_COLUMNS), leadNs);
}
