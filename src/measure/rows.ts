/** Rows with the lists that they index into; to be gone through as often as is wanted. */
export interface Rows<Row, Meta> extends Iterable<Row> {
  readonly meta: Meta;
  /**
   * Hands each row to `visit`, always in the same object, which is filled anew for each: nothing of
   * it may be kept. Of ten million rows an object each is what takes longest. See `visitRows`.
   */
  each?(visit: (row: Row) => void): void;
  /** The rows of moments that are kept: of requests when they were intended, of calls when they came. */
  ofMoments?(isKept: (atNs: number) => boolean): Rows<Row, Meta>;
}

/** A row that is filled anew for each. */
export type Filled<Row> = { -readonly [Field in keyof Row]: Row[Field] };

/** Goes through rows, of which nothing is kept, in the way that takes least. */
export function visitRows<Row>(rows: Rows<Row, unknown>, visit: (row: Row) => void): void {
  if (rows.each !== undefined) rows.each(visit);
  else for (const row of rows) visit(row);
}

/** Rows, each as `of` makes it of the one that was; undefined: it is left out. */
export function mapRows<Row, Meta>(
  rows: Rows<Row, Meta>,
  of: (row: Row) => Row | undefined,
): Rows<Row, Meta> {
  return {
    meta: rows.meta,
    *[Symbol.iterator]() {
      for (const row of rows) {
        const made = of(row);
        if (made !== undefined) yield made;
      }
    },
    each(visit) {
      visitRows(rows, (row) => {
        const made = of(row);
        if (made !== undefined) visit(made);
      });
    },
  };
}

/**
 * Rows of moments that are kept, by `timeOf`. Of a table they are told before any object is filled: of
 * a large run, a stretch is few of all its rows.
 */
export const rowsAt = <Row, Meta>(
  rows: Rows<Row, Meta>,
  timeOf: (row: Row) => number,
  isKept: (atNs: number) => boolean,
): Rows<Row, Meta> =>
  rows.ofMoments?.(isKept) ?? mapRows(rows, (row) => (isKept(timeOf(row)) ? row : undefined));

/** Rows but those of some starts. */
export const withoutStarts = <Row extends { readonly seq: number }, Meta>(
  rows: Rows<Row, Meta>,
  starts: { has(seq: number): boolean },
): Rows<Row, Meta> => mapRows(rows, (row) => (starts.has(row.seq) ? undefined : row));
