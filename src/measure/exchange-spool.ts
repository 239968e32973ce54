import { type ArmMeta, ArmTable } from "./arm-table.ts";
import { readSpool } from "./spool-reader.ts";
import { SpoolWriter } from "./spool-writer.ts";

/**
 * A stretch for which a connection to a TCP dependency was busy: from the first byte that the caller
 * sent to the last that came back before it sent again. Of a protocol that answers one question at a
 * time it is one question and its answer; of one that sends several ahead, all of them. Times are
 * nanoseconds since the run's start.
 */
export interface TcpExchange {
  /** Indexes into the spool header's `arms` and `dependencies`. */
  readonly arm: number;
  readonly dependency: number;
  /** As in `TcpConnection`. */
  readonly connection: number;
  readonly upNs: number;
  readonly downNs: number;
}

/** 22 bytes an exchange. */
export const EXCHANGE_COLUMNS = {
  upNs: "f64",
  downNs: "f64",
  connection: "u32",
  arm: "u8",
  dependency: "u8",
} as const;

export class ExchangeWriter {
  readonly spool: SpoolWriter<typeof EXCHANGE_COLUMNS>;

  private constructor(spool: SpoolWriter<typeof EXCHANGE_COLUMNS>) {
    this.spool = spool;
  }

  static async create(path: string, meta: ArmMeta): Promise<ExchangeWriter> {
    return new ExchangeWriter(await SpoolWriter.create(path, EXCHANGE_COLUMNS, { ...meta }));
  }

  write({ arm, connection, dependency, downNs, upNs }: TcpExchange): void {
    const { columns: c, row } = this.spool;
    c.upNs[row] = upNs;
    c.downNs[row] = downNs;
    c.connection[row] = connection;
    c.arm[row] = arm;
    c.dependency[row] = dependency;
    this.spool.commit();
  }
}

/** Exchanges in memory, in the order in which they were over. */
export class ExchangeTable extends ArmTable<typeof EXCHANGE_COLUMNS, TcpExchange> {
  at(row: number): TcpExchange {
    const c = this.columns;
    return {
      arm: c.arm[row]!,
      dependency: c.dependency[row]!,
      connection: c.connection[row]!,
      upNs: c.upNs[row]! - this.leadNs,
      downNs: c.downNs[row]! - this.leadNs,
    };
  }
}

/**
 * Reads an exchange spool; `leadNs` as for `readCalls`.
 * @throws RUN_INVALID, SPOOL_INVALID as `readSpool` does.
 */
export function readExchanges(path: string, leadNs = 0): ExchangeTable {
  return new ExchangeTable(readSpool(path, EXCHANGE_COLUMNS), leadNs);
}
