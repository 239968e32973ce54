import type { SchemaElement } from "hyparquet";
import type { ExportTable } from "./export.ts";
import type { ExportColumn, ExportValue } from "./export-fields.ts";

/** Rows are encoded so many at a time: it bounds the memory, and lets readers skip. */
const ROWS_PER_GROUP = 32_768;

const TEXT = { type: "BYTE_ARRAY", converted_type: "UTF8" } as const;
const TYPES: Readonly<Record<ExportColumn["kind"], Omit<SchemaElement, "name">>> = {
  text: TEXT,
  time: TEXT,
  integer: { type: "INT64" },
  number: { type: "DOUBLE" },
  boolean: { type: "BOOLEAN" },
};

const schemaOf = (columns: readonly ExportColumn[]): SchemaElement[] => [
  { name: "root", num_children: columns.length },
  ...columns.map(({ kind, name, nullable }) => ({
    name,
    ...TYPES[kind],
    repetition_type: nullable ? ("OPTIONAL" as const) : ("REQUIRED" as const),
  })),
];

type Cell = ExportValue | bigint;
const cellOf = (kind: ExportColumn["kind"], value: ExportValue): Cell =>
  kind === "integer" && typeof value === "number" ? BigInt(value) : value;

/** Tables cut into groups of rows, each column by column. */
function* groupsOf(table: ExportTable): Generator<Cell[][]> {
  const empty = (): Cell[][] => table.columns.map(() => []);
  let group = empty();
  for (const values of table.rows()) {
    for (const [at, { kind }] of table.columns.entries()) {
      group[at]!.push(cellOf(kind, values[at] ?? null));
    }
    if (group[0]!.length < ROWS_PER_GROUP) continue;
    yield group;
    group = empty();
  }
  if (group[0]!.length > 0) yield group;
}

/**
 * A table as a Parquet file, in pieces, one for each group of up to 32,768 rows: INT64, DOUBLE,
 * BOOLEAN and UTF-8 columns, null where a row has no such thing, compressed with Snappy. The library
 * is loaded when this is called.
 */
export async function* parquetPieces(table: ExportTable): AsyncGenerator<Uint8Array> {
  const { ByteWriter, ParquetWriter } = await import("hyparquet-writer");
  const bytes = new ByteWriter();
  /** What has been encoded so far; the writer goes on counting, but its memory is used again. */
  const taken = (): Uint8Array => {
    const piece = bytes.getBytes().slice();
    bytes.index = 0;
    return piece;
  };
  const parquet = new ParquetWriter({ writer: bytes, schema: schemaOf(table.columns) });
  for (const group of groupsOf(table)) {
    const columnData = table.columns.map(({ name }, at) => ({ name, data: group[at]! }));
    await parquet.write({ columnData, rowGroupSize: ROWS_PER_GROUP });
    yield taken();
  }
  await parquet.finish();
  yield taken();
}
