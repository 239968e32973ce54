import { type ArmMeta, ArmTable } from "./arm-table.ts";
import type { Filled } from "./rows.ts";
import type { Columns } from "./spool-layout.ts";
import { Spool } from "./spool-reader.ts";
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
  /** Null: what a stage did to the dependency kept it from being answered, until its connection was over. */
  readonly downNs: number | null;
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
    c.downNs[row] = downNs ?? NaN;
    c.connection[row] = connection;
    c.arm[row] = arm;
    c.dependency[row] = dependency;
    this.spool.commit();
  }
}

/** Exchanges, in the order in which they were over. */
export class ExchangeTable extends ArmTable<typeof EXCHANGE_COLUMNS, TcpExchange> {
  protected blank(): Filled<TcpExchange> {
    return { arm: 0, dependency: 0, connection: 0, upNs: NaN, downNs: null };
  }

  protected fill(
    into: Filled<TcpExchange>,
    c: Columns<typeof EXCHANGE_COLUMNS>,
    row: number,
  ): void {
    into.arm = c.arm[row]!;
    into.dependency = c.dependency[row]!;
    into.connection = c.connection[row]!;
    into.upNs = c.upNs[row]! - this.leadNs;
    const downNs = c.downNs[row]! - this.leadNs;
    into.downNs = Number.isNaN(downNs) ? null : downNs;
  }
}

/**
 * Reads an exchange spool; `leadNs` as for `readCalls`.
 * @throws RUN_INVALID, SPOOL_INVALID as `Spool` does.
 */
export function readExchanges(path: string, leadNs = 0): ExchangeTable {
  return new ExchangeTable(new Spool([path], EXCHANGE_COLUMNS), leadNs);
}
