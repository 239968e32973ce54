/** Rows with the lists that they index into; to be gone through as often as is wanted. */
export interface Rows<Row, Meta> extends Iterable<Row> {
  readonly meta: Meta;
  /**
   * Hands each row to `visit`, always in the same object, which is filled anew for each: nothing of
   * it may be kept. Of ten million rows an object each is what takes longest. See `visitRows`.
   */
  each?(visit: (row: Row) => void): void;
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

/** Rows but those of some starts. */
export const withoutStarts = <Row extends { readonly seq: number }, Meta>(
  rows: Rows<Row, Meta>,
  starts: { has(seq: number): boolean },
): Rows<Row, Meta> => mapRows(rows, (row) => (starts.has(row.seq) ? undefined : row));
