import type { Columns, ColumnSet } from "./spool-layout.ts";
import type { Spool } from "./spool-reader.ts";

/** What the rows of the emulator's spools index into. */
export interface ArmMeta {
  readonly arms: readonly string[];
  readonly dependencies: readonly string[];
}

/** Rows of a spool that the emulator wrote, in memory, in the order in which they ended. */
export abstract class ArmTable<Schema extends ColumnSet, Row> {
  readonly meta: ArmMeta;
  readonly rows: number;
  readonly truncated: boolean;
  protected readonly columns: Columns<Schema>;
  /** How long the emulator's clock had run when the run's own began: taken off all times. */
  protected readonly leadNs: number;

  constructor(spool: Spool<Schema>, leadNs: number) {
    this.meta = spool.meta as unknown as ArmMeta;
    this.rows = spool.rows;
    this.truncated = spool.truncated;
    this.columns = spool.columns;
    this.leadNs = leadNs;
  }

  abstract at(row: number): Row;

  *[Symbol.iterator](): Generator<Row> {
    for (let row = 0; row < this.rows; row++) yield this.at(row);
  }
}
