import { open, type FileHandle } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { messageOf, ShakedownError } from "../core/index.ts";
import {
  aligned,
  allocate,
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

const UNWRITTEN_BLOCKS_MAX = 64;

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
