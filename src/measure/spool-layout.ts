import { crc32 } from "node:zlib";

/*
 * The spool: fixed-width rows, kept column by column in blocks, appended while a run is under way.
 * The byte layout is described in README.md beside this file.
 */

export type ColumnKind = "f64" | "u32" | "u16" | "u8";
export type ColumnSet = Readonly<Record<string, ColumnKind>>;

type ArrayOf<K extends ColumnKind> = K extends "f64"
  ? Float64Array
  : K extends "u32"
    ? Uint32Array
    : K extends "u16"
      ? Uint16Array
      : Uint8Array;

export type Columns<S extends ColumnSet> = { readonly [Name in keyof S]: ArrayOf<S[Name]> };

export const ARRAYS = {
  f64: Float64Array,
  u32: Uint32Array,
  u16: Uint16Array,
  u8: Uint8Array,
} as const;
export const MAGIC = "SHKSPOOL";
export const FILE_HEAD_BYTES = 16;
export const FORMAT_VERSION = 1;
export const BLOCK_MAGIC = 0x4b4c4231;
export const BLOCK_HEAD_BYTES = 16;
export const ROWS_PER_BLOCK = 4_096;

/** Every column begins at a multiple of 8. */
export const aligned = (bytes: number): number => Math.ceil(bytes / 8) * 8;

export const bodyBytesOf = (schema: ColumnSet, rows: number): number =>
  Object.values(schema).reduce(
    (sum, kind) => sum + aligned(rows * ARRAYS[kind].BYTES_PER_ELEMENT),
    0,
  );
/** Where a column begins in the body of a block of so many rows. */
export function bytesBefore(schema: ColumnSet, name: string, rows: number): number {
  let bytes = 0;
  for (const [each, kind] of Object.entries(schema)) {
    if (each === name) break;
    bytes += aligned(rows * ARRAYS[kind].BYTES_PER_ELEMENT);
  }
  return bytes;
}
/** Of a block's own head as well: a wrong number of rows would make nonsense of a sound body. */
export const blockChecksum = (block: Buffer): number =>
  crc32(block.subarray(BLOCK_HEAD_BYTES), crc32(block.subarray(0, BLOCK_HEAD_BYTES - 4)));

/** Empty columns of so many rows. */
export function allocate<S extends ColumnSet>(schema: S, rows: number): Columns<S> {
  const entries = Object.entries(schema).map(([name, kind]) => [name, new ARRAYS[kind](rows)]);
  return Object.fromEntries(entries) as Columns<S>;
}
