import { closeSync, fstatSync, truncateSync } from "node:fs";
import { crc32 } from "node:zlib";
import { messageOf, ShakedownError } from "../core/index.ts";
import type { SpoolBatch, UnreadBlock } from "./spool-batch.ts";
import { fill, openFile, readAt, withFile } from "./spool-file.ts";
import {
  aligned,
  ARRAYS,
  BLOCK_HEAD_BYTES,
  BLOCK_MAGIC,
  blockChecksum,
  bodyBytesOf,
  bytesBefore,
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

/** A block by its place in a spool, and up to when later ones hold nothing. */
interface BlockInOrder {
  readonly index: number;
  readonly untilNs?: number;
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
   * Block after block, as they were written.
   * @throws RUN_INVALID when a file is there no longer, SPOOL_INVALID when it was cut meanwhile
   */
  *blocks(): Generator<SpoolBlock<S>, void, undefined> {
    const files = this.#paths.map(openFile);
    try {
      const body = new Uint8Array(bodyBytesOf(this.#schema, ROWS_PER_BLOCK));
      for (const { bodyAt, end, file, rows } of this.#places) {
        fill(body.subarray(0, end - bodyAt), files[file]!, bodyAt, this.#paths[file]!);
        yield { rows, columns: columnsIn(body, this.#schema, rows) };
      }
    } finally {
      for (const file of files) closeSync(file);
    }
  }

  /**
   * Fills a batch with as many blocks as it holds, again and again: with all of them as they were
   * written, or in another order (by their places), each with the time up to which later ones have none.
   * @throws as `blocks` does, also where a batch is looked at
   */
  *batches<Batch extends SpoolBatch<S>>(
    batch: Batch,
    order: readonly BlockInOrder[] = [...this.#places.keys()].map((index) => ({ index })),
  ): Generator<Batch, void, undefined> {
    const files = this.#paths.map(openFile);
    try {
      for (const { index, untilNs = -Infinity } of order) {
        const place = this.#places[index]!;
        if (!batch.hasRoom(place.rows)) {
          yield batch;
          batch.clear();
        }
        batch.append(this.#unread(place, files));
        batch.untilNs = untilNs;
      }
      if (batch.rows > 0) yield batch;
    } finally {
      for (const file of files) closeSync(file);
    }
  }

  /**
   * As `batches`, by the least value of a column in each block, a time: `untilNs` of each says that what
   * comes later is not less (Infinity of the last).
   * @throws as `batches` does
   */
  *ascending<Batch extends SpoolBatch<S>>(
    name: keyof S & string,
    batch: Batch,
  ): Generator<Batch, void, undefined> {
    const begins = this.#leasts(name);
    const order = [...begins.keys()].toSorted((a, b) => begins[a]! - begins[b]!);
    const inTime = order.map((index, at) => ({
      index,
      untilNs: begins[order[at + 1] ?? -1] ?? Infinity,
    }));
    yield* this.batches(batch, inTime);
  }

  #unread({ bodyAt, file, rows }: BlockPlace, files: readonly number[]): UnreadBlock {
    return {
      rows,
      read: (name, into, at) => {
        const bytes = rows * into.BYTES_PER_ELEMENT;
        const from = into.byteOffset + at * into.BYTES_PER_ELEMENT;
        const part = new Uint8Array(into.buffer as ArrayBuffer, from, bytes);
        fill(
          part,
          files[file]!,
          bodyAt + bytesBefore(this.#schema, name, rows),
          this.#paths[file]!,
        );
      },
    };
  }

  /** The least of one column, block by block as they were written: a fraction of the file is read. */
  #leasts(name: keyof S & string): number[] {
    const files = this.#paths.map(openFile);
    try {
      const Values = ARRAYS[this.#schema[name]!];
      const bytes = new Uint8Array(ROWS_PER_BLOCK * Values.BYTES_PER_ELEMENT);
      return this.#places.map(({ bodyAt, file, rows }) => {
        const values = new Values(bytes.buffer, 0, rows);
        const from = bodyAt + bytesBefore(this.#schema, name, rows);
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
