/** Rows with the lists that they index into; to be gone through as often as is wanted. */
export interface Rows<Row, Meta> extends Iterable<Row> {
  readonly meta: Meta;
}

/** Rows but those of some starts. */
export function withoutStarts<Row extends { readonly seq: number }, Meta>(
  rows: Rows<Row, Meta>,
  starts: ReadonlySet<number>,
): Rows<Row, Meta> {
  return {
    meta: rows.meta,
    *[Symbol.iterator]() {
      for (const row of rows) if (!starts.has(row.seq)) yield row;
    },
  };
}
