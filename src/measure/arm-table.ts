import type { Filled, Rows } from "./rows.ts";
import type { Columns, ColumnSet } from "./spool-layout.ts";
import type { Spool } from "./spool-reader.ts";

/** What the rows of the emulator's spools index into. */
export interface ArmMeta {
  readonly arms: readonly string[];
  readonly dependencies: readonly string[];
}

/** Rows of a spool that the emulator wrote, in the order in which they ended. */
export abstract class ArmTable<Schema extends ColumnSet, Row> implements Rows<Row, ArmMeta> {
  readonly meta: ArmMeta;
  readonly rows: number;
  readonly truncated: boolean;
  /** How long the emulator's clock had run when the run's own began: taken off all times. */
  protected readonly leadNs: number;
  protected readonly spool: Spool<Schema>;

  constructor(spool: Spool<Schema>, leadNs: number) {
    this.meta = spool.meta as unknown as ArmMeta;
    this.rows = spool.rows;
    this.truncated = spool.truncated;
    this.leadNs = leadNs;
    this.spool = spool;
  }

  /** An object for one row, of nothing yet. */
  protected abstract blank(): Filled<Row>;
  protected abstract fill(into: Filled<Row>, columns: Columns<Schema>, row: number): void;

  each(visit: (row: Row) => void): void {
    const into = this.blank();
    for (const { columns, rows } of this.spool.blocks()) {
      for (let row = 0; row < rows; row++) {
        this.fill(into, columns, row);
        visit(into);
      }
    }
  }

  *[Symbol.iterator](): Generator<Row> {
    for (const { columns, rows } of this.spool.blocks()) {
      for (let row = 0; row < rows; row++) {
        const into = this.blank();
        this.fill(into, columns, row);
        yield into;
      }
    }
  }
}
