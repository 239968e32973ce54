import { closeSync, openSync, readSync, statSync, truncateSync } from "node:fs";
import { crc32 } from "node:zlib";
import { messageOf, ShakedownError } from "../core/index.ts";
import {
  aligned,
  allocate,
  ARRAYS,
  BLOCK_HEAD_BYTES,
  BLOCK_MAGIC,
  blockChecksum,
  bodyBytesOf,
  type Columns,
  type ColumnSet,
  FILE_HEAD_BYTES,
  FORMAT_VERSION,
  MAGIC,
  ROWS_PER_BLOCK,
} from "./spool-layout.ts";

/** What a spool file holds. `truncated` is set when its last block is cut or damaged. */
export interface Spool<S extends ColumnSet> {
  readonly meta: Readonly<Record<string, unknown>>;
  readonly rows: number;
  readonly columns: Columns<S>;
  readonly truncated: boolean;
}

function readAll(path: string): Buffer {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (cause) {
    throw new ShakedownError("RUN_INVALID", `cannot read ${path}: ${messageOf(cause)}`, { cause });
  }
  try {
    const bytes = Buffer.alloc(statSync(path).size);
    let at = 0;
    while (at < bytes.length) {
      const read = readSync(file, bytes, at, Math.min(bytes.length - at, 2 ** 30), at);
      if (read === 0) break;
      at += read;
    }
    return bytes.subarray(0, at);
  } finally {
    closeSync(file);
  }
}

function readHeader(path: string, bytes: Buffer, schema: ColumnSet) {
  const invalid = (why: string): ShakedownError =>
    new ShakedownError("SPOOL_INVALID", `${path} is not a readable observation file: ${why}`);
  if (bytes.length < FILE_HEAD_BYTES || bytes.toString("latin1", 0, 8) !== MAGIC) {
    throw invalid("wrong first bytes");
  }
  const end = FILE_HEAD_BYTES + bytes.readUInt32LE(8);
  if (end > bytes.length) throw invalid("its header is cut");
  if (crc32(bytes.subarray(FILE_HEAD_BYTES, end)) !== bytes.readUInt32LE(12)) {
    throw invalid("its header is damaged");
  }
  let header: { formatVersion?: unknown; columns?: unknown; meta?: Record<string, unknown> };
  try {
    header = JSON.parse(bytes.toString("utf8", FILE_HEAD_BYTES, end)) as typeof header;
  } catch (cause) {
    throw invalid(messageOf(cause));
  }
  if (header.formatVersion !== FORMAT_VERSION) {
    throw invalid(
      `format version ${String(header.formatVersion)}, this build reads ${FORMAT_VERSION}`,
    );
  }
  if (JSON.stringify(header.columns) !== JSON.stringify(schema)) throw invalid("other columns");
  return { end, meta: header.meta ?? {} };
}

/** The blocks of a spool up to the first that is cut or damaged, from where its header ends. */
function* wholeBlocks(
  bytes: Buffer,
  from: number,
): Generator<{ readonly rows: number; readonly bodyAt: number; readonly end: number }> {
  for (let at = from; at + BLOCK_HEAD_BYTES <= bytes.length;) {
    const bodyAt = at + BLOCK_HEAD_BYTES;
    const end = bodyAt + bytes.readUInt32LE(at + 8);
    if (bytes.readUInt32LE(at) !== BLOCK_MAGIC || end > bytes.length) return;
    const block = bytes.subarray(at, end);
    if (blockChecksum(block) !== block.readUInt32LE(12)) return;
    yield { rows: block.readUInt32LE(4), bodyAt, end };
    at = end;
  }
}

/**
 * Reads a whole spool file into columns. A cut or damaged tail is left out and said so in
 * `truncated`; everything before it is kept.
 * @throws RUN_INVALID when it cannot be opened, SPOOL_INVALID when it is not such a file.
 */
export function readSpool<S extends ColumnSet>(path: string, schema: S): Spool<S> {
  const bytes = readAll(path);
  const { end, meta } = readHeader(path, bytes, schema);
  const blocks: { rows: number; at: number }[] = [];
  let at = end;
  let rows = 0;
  for (const block of wholeBlocks(bytes, end)) {
    const fits = block.end - block.bodyAt === bodyBytesOf(schema, block.rows);
    if (block.rows > ROWS_PER_BLOCK || !fits) break;
    blocks.push({ rows: block.rows, at: block.bodyAt });
    rows += block.rows;
    at = block.end;
  }
  const columns = allocate(schema, rows);
  let row = 0;
  for (const block of blocks) {
    let columnAt = block.at;
    for (const [name, kind] of Object.entries(schema)) {
      const columnBytes = block.rows * ARRAYS[kind].BYTES_PER_ELEMENT;
      const target = columns[name as keyof S];
      const view = new Uint8Array(target.buffer, row * ARRAYS[kind].BYTES_PER_ELEMENT, columnBytes);
      view.set(bytes.subarray(columnAt, columnAt + columnBytes));
      columnAt += aligned(columnBytes);
    }
    row += block.rows;
  }
  return { meta, rows, columns, truncated: at !== bytes.length };
}

/**
 * Cuts off what is behind the last whole block of a spool, whatever its columns: nobody is there any
 * more to end it. Returns whether it is a spool at all, however short.
 * @throws RUN_INVALID when it cannot be opened
 */
export function trimSpool(path: string): boolean {
  const bytes = readAll(path);
  if (bytes.length < FILE_HEAD_BYTES || bytes.toString("latin1", 0, 8) !== MAGIC) return false;
  let end = FILE_HEAD_BYTES + bytes.readUInt32LE(8);
  if (end > bytes.length) return false;
  for (const block of wholeBlocks(bytes, end)) end = block.end;
  if (end < bytes.length) truncateSync(path, end);
  return true;
}

/** Spools of one schema as one, row after row; `meta` is the first one's. At least one is wanted. */
export function joinSpools<S extends ColumnSet>(spools: readonly Spool<S>[]): Spool<S> {
  const [first] = spools;
  if (first === undefined) throw new ShakedownError("RUN_INVALID", "the run has no observations");
  if (spools.length === 1) return first;
  const rows = spools.reduce((sum, spool) => sum + spool.rows, 0);
  const joined = Object.entries(first.columns).map(([name, column]) => {
    const whole = new (column.constructor as new (length: number) => typeof column)(rows);
    let at = 0;
    for (const { columns } of spools) {
      const part = columns[name as keyof S] as typeof column;
      whole.set(part, at);
      at += part.length;
    }
    return [name, whole] as const;
  });
  return {
    meta: first.meta,
    rows,
    columns: Object.fromEntries(joined) as unknown as Columns<S>,
    truncated: spools.some(({ truncated }) => truncated),
  };
}
