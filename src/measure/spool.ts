import { closeSync, openSync, readSync, statSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { messageOf, ShakedownError } from "../core/index.ts";

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

const ARRAYS = { f64: Float64Array, u32: Uint32Array, u16: Uint16Array, u8: Uint8Array } as const;
const MAGIC = "SHKSPOOL";
const FILE_HEAD_BYTES = 16;
const FORMAT_VERSION = 1;
const BLOCK_MAGIC = 0x4b4c4231;
const BLOCK_HEAD_BYTES = 16;
const ROWS_PER_BLOCK = 4_096;
const UNWRITTEN_BLOCKS_MAX = 64;

const aligned = (bytes: number): number => Math.ceil(bytes / 8) * 8;
const bodyBytesOf = (schema: ColumnSet, rows: number): number =>
  Object.values(schema).reduce(
    (sum, kind) => sum + aligned(rows * ARRAYS[kind].BYTES_PER_ELEMENT),
    0,
  );
/** Of a block's own head as well: a wrong number of rows would make nonsense of a sound body. */
const blockChecksum = (block: Buffer): number =>
  crc32(block.subarray(BLOCK_HEAD_BYTES), crc32(block.subarray(0, BLOCK_HEAD_BYTES - 4)));

function allocate<S extends ColumnSet>(schema: S, rows: number): Columns<S> {
  const entries = Object.entries(schema).map(([name, kind]) => [name, new ARRAYS[kind](rows)]);
  return Object.fromEntries(entries) as Columns<S>;
}

function encodeBlock(schema: ColumnSet, columns: Columns<ColumnSet>, rows: number): Buffer {
  const bodyBytes = bodyBytesOf(schema, rows);
  const block = Buffer.alloc(BLOCK_HEAD_BYTES + bodyBytes);
  let at = BLOCK_HEAD_BYTES;
  for (const name of Object.keys(schema)) {
    const column = columns[name]!;
    const bytes = rows * column.BYTES_PER_ELEMENT;
    block.set(new Uint8Array(column.buffer, column.byteOffset, bytes), at);
    at += aligned(bytes);
  }
  block.writeUInt32LE(BLOCK_MAGIC, 0);
  block.writeUInt32LE(rows, 4);
  block.writeUInt32LE(bodyBytes, 8);
  block.writeUInt32LE(blockChecksum(block), 12);
  return block;
}

/** A disk that is nearly full takes a part of what it is given, and says so only in the result. */
async function writeWhole(file: FileHandle, bytes: Buffer): Promise<void> {
  for (let rest = bytes; rest.length > 0;) {
    const { bytesWritten } = await file.write(rest);
    rest = rest.subarray(bytesWritten);
  }
}

/**
 * Appends rows to a spool file. Fill `columns[name][row]` at the index that `row` gives, then call
 * `commit`. Writing goes on in the background; the first failure is kept in `failure` (and given
 * to `onFailure`), after which rows are counted in `lostRows` instead of kept.
 */
export class SpoolWriter<S extends ColumnSet> {
  readonly path: string;
  columns: Columns<S>;
  /** The index to fill next. */
  row = 0;
  failure: ShakedownError | undefined;
  lostRows = 0;
  onFailure: ((failure: ShakedownError) => void) | undefined;
  #committed = 0;
  readonly #schema: S;
  readonly #file: FileHandle;
  #writing: Promise<void> = Promise.resolve();
  #unwritten = 0;

  private constructor(path: string, schema: S, file: FileHandle) {
    this.path = path;
    this.#schema = schema;
    this.#file = file;
    this.columns = allocate(schema, ROWS_PER_BLOCK);
  }

  /** Creates the file and writes its header. @throws OUTPUT_UNWRITABLE */
  static async create<S extends ColumnSet>(
    path: string,
    schema: S,
    meta: Readonly<Record<string, unknown>>,
  ): Promise<SpoolWriter<S>> {
    const header = Buffer.from(
      JSON.stringify({ formatVersion: FORMAT_VERSION, columns: schema, meta }),
    );
    const head = Buffer.alloc(aligned(FILE_HEAD_BYTES + header.length), " ");
    head.write(MAGIC, 0, "latin1");
    head.writeUInt32LE(head.length - FILE_HEAD_BYTES, 8);
    head.set(header, FILE_HEAD_BYTES);
    head.writeUInt32LE(crc32(head.subarray(FILE_HEAD_BYTES)), 12);
    let file: FileHandle | undefined;
    try {
      file = await open(path, "wx");
      await writeWhole(file, head);
      return new SpoolWriter(path, schema, file);
    } catch (cause) {
      await file?.close();
      throw new ShakedownError("OUTPUT_UNWRITABLE", `cannot create ${path}: ${messageOf(cause)}`, {
        cause,
      });
    }
  }

  /** Rows that were committed and are in the file, or on their way there. */
  get keptRows(): number {
    return this.#committed - this.lostRows;
  }

  commit(): void {
    this.row++;
    this.#committed++;
    if (this.row === ROWS_PER_BLOCK) this.#rotate();
  }

  /** Hands the rows so far to the disk, so that little is lost if the process is killed. */
  flush(): Promise<void> {
    if (this.row > 0) this.#rotate();
    return this.#writing;
  }

  /** Flushes and closes. Rejects with `DISK_WRITE_FAILED` when any write failed. */
  async close(): Promise<void> {
    await this.flush();
    try {
      await this.#file.close();
    } catch (cause) {
      if (this.failure === undefined) this.#fail(cause);
    }
    if (this.failure !== undefined) throw this.failure;
  }

  #rotate(): void {
    const rows = this.row;
    this.row = 0;
    if (this.failure !== undefined || this.#unwritten >= UNWRITTEN_BLOCKS_MAX) {
      this.lostRows += rows;
      if (this.failure === undefined) this.#fail(new Error("the disk is slower than the run"));
      return;
    }
    const block = encodeBlock(this.#schema, this.columns, rows);
    this.#unwritten++;
    this.#writing = this.#writing.then(async () => {
      try {
        if (this.failure === undefined) await writeWhole(this.#file, block);
        else this.lostRows += rows;
      } catch (cause) {
        this.lostRows += rows;
        this.#fail(cause);
      } finally {
        this.#unwritten--;
      }
    });
  }

  #fail(cause: unknown): void {
    this.failure = new ShakedownError(
      "DISK_WRITE_FAILED",
      `writing ${this.path} failed: ${messageOf(cause)}`,
      { hint: "what was written before is kept; free some space and run again", cause },
    );
    this.onFailure?.(this.failure);
  }
}

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
  while (at + BLOCK_HEAD_BYTES <= bytes.length) {
    const [blockRows, bodyBytes] = [bytes.readUInt32LE(at + 4), bytes.readUInt32LE(at + 8)];
    const bodyAt = at + BLOCK_HEAD_BYTES;
    const whole = bytes.readUInt32LE(at) === BLOCK_MAGIC && bodyAt + bodyBytes <= bytes.length;
    if (!whole || blockRows > ROWS_PER_BLOCK || bodyBytes !== bodyBytesOf(schema, blockRows)) break;
    const block = bytes.subarray(at, bodyAt + bodyBytes);
    if (blockChecksum(block) !== block.readUInt32LE(12)) break;
    blocks.push({ rows: blockRows, at: bodyAt });
    rows += blockRows;
    at = bodyAt + bodyBytes;
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
