import { closeSync, fstatSync, openSync, readSync, truncateSync } from "node:fs";
import { crc32 } from "node:zlib";
import { messageOf, ShakedownError } from "../core/index.ts";
import {
  aligned,
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

/**
 * Some rows of a spool. The columns are views on memory that is used again: nothing of them is there
 * any more once the next block is read.
 */
export interface SpoolBlock<S extends ColumnSet> {
  readonly rows: number;
  readonly columns: Columns<S>;
}

/** Where a whole block is. */
interface BlockPlace {
  readonly file: number;
  readonly rows: number;
  readonly bodyAt: number;
  readonly end: number;
}

function openFile(path: string): number {
  try {
    return openSync(path, "r");
  } catch (cause) {
    throw new ShakedownError("RUN_INVALID", `cannot read ${path}: ${messageOf(cause)}`, { cause });
  }
}

/** Fills the bytes from a place in a file on, as far as it goes; how many there were. */
function readAt(file: number, bytes: Uint8Array, at: number): number {
  let has = 0;
  while (has < bytes.length) {
    const read = readSync(file, bytes, has, Math.min(bytes.length - has, 2 ** 30), at + has);
    if (read === 0) break;
    has += read;
  }
  return has;
}

function withFile<T>(path: string, use: (file: number, size: number) => T): T {
  const file = openFile(path);
  try {
    return use(file, fstatSync(file).size);
  } finally {
    closeSync(file);
  }
}

function readHeader(path: string, file: number, schema: ColumnSet) {
  const invalid = (why: string): ShakedownError =>
    new ShakedownError("SPOOL_INVALID", `${path} is not a readable observation file: ${why}`);
  const end = headerEnd(file);
  if (end === null) throw invalid("wrong first bytes");
  if (end > fstatSync(file).size) throw invalid("its header is cut");
  const bytes = Buffer.alloc(end);
  readAt(file, bytes, 0);
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

/** Where the header ends, by what the file begins with; null: it is no spool. */
function headerEnd(file: number): number | null {
  const head = Buffer.alloc(FILE_HEAD_BYTES);
  const isSpool =
    readAt(file, head, 0) === FILE_HEAD_BYTES && head.toString("latin1", 0, 8) === MAGIC;
  return isSpool ? FILE_HEAD_BYTES + head.readUInt32LE(8) : null;
}

/**
 * The blocks of a spool up to the first that is cut or damaged, from where its header ends. One whose
 * body is larger than `bodyMax` is no block.
 */
function* wholeBlocks(
  file: number,
  {
    from,
    size,
    bodyMax,
  }: { readonly from: number; readonly size: number; readonly bodyMax: number },
): Generator<Omit<BlockPlace, "file">> {
  const bytes = Buffer.alloc(Math.min(BLOCK_HEAD_BYTES + bodyMax, Math.max(size - from, 0)));
  const head = bytes.subarray(0, BLOCK_HEAD_BYTES);
  for (let at = from; at + BLOCK_HEAD_BYTES <= size;) {
    // Of slow traffic a block is a hundredth of what it may be: no more is read than it says.
    if (readAt(file, head, at) < head.length || head.readUInt32LE(0) !== BLOCK_MAGIC) return;
    const bodyAt = at + BLOCK_HEAD_BYTES;
    const end = bodyAt + head.readUInt32LE(8);
    if (end - at > bytes.length) return;
    const block = bytes.subarray(0, end - at);
    if (readAt(file, block.subarray(head.length), bodyAt) < end - bodyAt) return;
    if (blockChecksum(block) !== block.readUInt32LE(12)) return;
    yield { rows: block.readUInt32LE(4), bodyAt, end };
    at = end;
  }
}

/**
 * Rows that spool files of one schema hold, file after file. They stay on disk, and are read block by
 * block each time they are wanted: a run of ten million requests has a gigabyte of them.
 */
export class Spool<S extends ColumnSet> {
  /** The first file's. */
  readonly meta: Readonly<Record<string, unknown>>;
  readonly rows: number;
  /** Whether the last block of a file is cut or damaged. */
  readonly truncated: boolean;
  readonly #schema: S;
  readonly #paths: readonly string[];
  readonly #places: readonly BlockPlace[];

  /**
   * Checks whole files, once. A cut or damaged tail is left out and said so in `truncated`; everything
   * before it is kept.
   * @throws RUN_INVALID when one cannot be opened, or there is none; SPOOL_INVALID when it is not such
   * a file.
   */
  constructor(paths: readonly string[], schema: S) {
    if (paths.length === 0) throw new ShakedownError("RUN_INVALID", "the run has no observations");
    const found = paths.map((path, index) => placesIn(path, index, schema));
    this.meta = found[0]!.meta;
    this.truncated = found.some(({ truncated }) => truncated);
    this.#places = found.flatMap(({ places }) => places);
    this.rows = this.#places.reduce((sum, { rows }) => sum + rows, 0);
    this.#schema = schema;
    this.#paths = paths;
  }

  /**
   * Block after block: all of them as they were written, or in another order (by their places).
   * @throws RUN_INVALID when a file is there no longer, SPOOL_INVALID when it was cut meanwhile
   */
  *blocks(
    order: readonly number[] = [...this.#places.keys()],
  ): Generator<SpoolBlock<S>, void, undefined> {
    const files = this.#paths.map(openFile);
    try {
      const body = new Uint8Array(bodyBytesOf(this.#schema, ROWS_PER_BLOCK));
      for (const index of order) {
        const { bodyAt, end, file, rows } = this.#places[index]!;
        fill(body.subarray(0, end - bodyAt), files[file]!, bodyAt, this.#paths[file]!);
        yield { rows, columns: columnsIn(body, this.#schema, rows) };
      }
    } finally {
      for (const file of files) closeSync(file);
    }
  }

  /**
   * Blocks by the least value of a column in each. `until`: what is in later blocks is not less.
   * @throws as `blocks` does
   */
  *ascending(
    name: keyof S & string,
  ): Generator<SpoolBlock<S> & { readonly until: number }, void, undefined> {
    const begins = this.#leasts(name);
    const order = [...begins.keys()].toSorted((a, b) => begins[a]! - begins[b]!);
    let next = 0;
    for (const { columns, rows } of this.blocks(order)) {
      yield { columns, rows, until: begins[order[++next] ?? -1] ?? Infinity };
    }
  }

  /** The least of one column, block by block as they were written: a fraction of the file is read. */
  #leasts(name: keyof S & string): number[] {
    const files = this.#paths.map(openFile);
    try {
      const names = Object.keys(this.#schema);
      const before = Object.fromEntries(
        names.slice(0, names.indexOf(name)).map((each) => [each, this.#schema[each]!]),
      );
      const Values = ARRAYS[this.#schema[name]!];
      const bytes = new Uint8Array(ROWS_PER_BLOCK * Values.BYTES_PER_ELEMENT);
      return this.#places.map(({ bodyAt, file, rows }) => {
        const values = new Values(bytes.buffer, 0, rows);
        const from = bodyAt + bodyBytesOf(before, rows);
        fill(bytes.subarray(0, values.byteLength), files[file]!, from, this.#paths[file]!);
        let least = Infinity;
        for (let row = 0; row < rows; row++) least = Math.min(least, values[row]!);
        return least;
      });
    } finally {
      for (const file of files) closeSync(file);
    }
  }
}

/** Reads so many bytes of a file. @throws SPOOL_INVALID where it was cut meanwhile */
function fill(bytes: Uint8Array, file: number, at: number, path: string): void {
  if (readAt(file, bytes, at) < bytes.length) throw cutMeanwhile(path);
}

const cutMeanwhile = (path: string): ShakedownError =>
  new ShakedownError("SPOOL_INVALID", `${path} was cut while it was read`);

function placesIn(path: string, index: number, schema: ColumnSet) {
  return withFile(path, (file, size) => {
    const { end: from, meta } = readHeader(path, file, schema);
    const places: BlockPlace[] = [];
    const bodyMax = bodyBytesOf(schema, ROWS_PER_BLOCK);
    let at = from;
    for (const block of wholeBlocks(file, { from, size, bodyMax })) {
      const fits = block.end - block.bodyAt === bodyBytesOf(schema, block.rows);
      if (block.rows > ROWS_PER_BLOCK || !fits) break;
      places.push({ ...block, file: index });
      at = block.end;
    }
    return { meta, places, truncated: at !== size };
  });
}

/** Views on a block's body. */
function columnsIn<S extends ColumnSet>(body: Uint8Array, schema: S, rows: number): Columns<S> {
  let at = body.byteOffset;
  const views = Object.entries(schema).map(([name, kind]) => {
    const view = new ARRAYS[kind](body.buffer as ArrayBuffer, at, rows);
    at += aligned(view.byteLength);
    return [name, view] as const;
  });
  return Object.fromEntries(views) as unknown as Columns<S>;
}

/** The largest body that is looked at without knowing the columns. */
const ANY_BODY_MAX = 64 * ROWS_PER_BLOCK * 8;

/**
 * Cuts off what is behind the last whole block of a spool, whatever its columns: nobody is there any
 * more to end it. Returns whether it is a spool at all, however short.
 * @throws RUN_INVALID when it cannot be opened
 */
export function trimSpool(path: string): boolean {
  const end = withFile(path, (file, size) => {
    const from = headerEnd(file);
    if (from === null || from > size) return null;
    const blocks = [...wholeBlocks(file, { from, size, bodyMax: ANY_BODY_MAX })];
    return { from: blocks.at(-1)?.end ?? from, size };
  });
  if (end === null) return false;
  if (end.from < end.size) truncateSync(path, end.from);
  return true;
}
