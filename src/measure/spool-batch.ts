import { allocate, type Columns, type ColumnSet } from "./spool-layout.ts";

/**
 * So many rows a batch may have: what a pass fills by turns, such as the histograms of a hundred routes,
 * should each get many values at once, since to come back to one for a few takes several times as long.
 */
export const BATCH_ROWS = 1 << 13;

/** A block of a spool, of which nothing is read yet. */
export interface UnreadBlock {
  readonly rows: number;
  /** Reads one of its columns into another, from a row of that on. */
  readonly read: (name: string, into: Columns<ColumnSet>[string], at: number) => void;
}

/**
 * Rows of a spool column by column, up to `BATCH_ROWS` of them: what a pass over millions goes through,
 * since an object for each is what takes longest. A row is a place from 0 to `rows`. A column is read
 * when it is first asked for, since few passes look at all of them. All is filled anew for the next batch.
 */
export class SpoolBatch<S extends ColumnSet> {
  /** How many there are; what stands behind them in a column means nothing. */
  rows = 0;
  /** No later batch has a row of a time before this, where they come in time; else −Infinity. */
  untilNs = -Infinity;
  /** As the spool has them, each when it is asked for: ask once a batch, and not for each row. */
  readonly columns: Columns<S>;
  /** The same, read or not. */
  protected readonly memory: Columns<S>;
  readonly #blocks: { readonly block: UnreadBlock; readonly at: number }[] = [];
  readonly #read = new Set<string>();
  readonly #always: ReadonlySet<string>;

  /** `always`: columns that are read as blocks come, since they are asked for row by row. */
  constructor(schema: S, always: readonly (keyof S & string)[] = []) {
    this.#always = new Set(always);
    this.memory = allocate(schema, BATCH_ROWS);
    const getters = Object.keys(schema).map((name) => [
      name,
      { enumerable: true, get: () => this.#column(name) },
    ]);
    this.columns = Object.defineProperties({}, Object.fromEntries(getters)) as Columns<S>;
  }

  /** Whether so many more rows have room. */
  hasRoom(rows: number): boolean {
    return this.rows + rows <= BATCH_ROWS;
  }

  /** Takes the rows of a block. It must be there to be read as long as this batch is looked at. */
  append(block: UnreadBlock): void {
    for (const name of this.#always) block.read(name, this.memory[name]!, this.rows);
    this.#blocks.push({ block, at: this.rows });
    this.rows += block.rows;
    this.#read.clear();
  }

  clear(): void {
    this.rows = 0;
    this.#blocks.length = 0;
    this.#read.clear();
  }

  /** All columns, read: for whoever asks for each of a row. */
  whole(): Columns<S> {
    for (const name of Object.keys(this.memory)) this.#column(name);
    return this.memory;
  }

  #column(name: keyof S & string): Columns<S>[string] {
    const column = this.memory[name];
    if (!this.#read.has(name) && !this.#always.has(name)) {
      for (const { at, block } of this.#blocks) block.read(name, column, at);
      this.#read.add(name);
    }
    return column;
  }
}

/**
 * Visits the rows of a batch whose time, by a column, is kept; of one that has none no other column is
 * read.
 */
export function eachKept<S extends ColumnSet>(
  batch: SpoolBatch<S>,
  time: keyof S & string,
  isKept: (timeNs: number) => boolean,
  visit: (columns: Columns<S>, row: number) => void,
): void {
  const times = batch.columns[time];
  let columns: Columns<S> | null = null;
  for (let row = 0; row < batch.rows; row++) {
    if (isKept(times[row]!)) visit((columns ??= batch.whole()), row);
  }
}
