import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf, NamelessFile, ShakedownError } from "../../core/index.ts";
import type { ProfileRecord } from "../record.ts";
import { ColumnWriter } from "./columns.ts";
import { RecordStore } from "./store.ts";
import type { BlockSize, StoredText } from "./text.ts";

/** More text than this goes to the disk. */
const MEMORY_BYTES_MAX = 32 * 2 ** 20;
const CHUNK_BYTES = 2 ** 20;
const NEWLINE = 10;

export interface StoreOptions {
  /** How many records there will be, as far as that is known. */
  readonly promised?: number;
  /** More text than this is held in a temporary file (32 MiB unless given). */
  readonly memoryBytesMax?: number;
  readonly blockSize?: BlockSize;
}

/**
 * Writes records into a store, one after another, by rising offset: their texts as they are given,
 * in memory while they are few, else in a temporary file without a name. Whoever made it disposes
 * of it once the store is not read any more.
 */
export class RecordStoreWriter implements Disposable {
  readonly #options: StoreOptions;
  readonly #columns: ColumnWriter;
  readonly #hash = createHash("sha256");
  #chunks: Buffer[] = [];
  #chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  #end = 0;
  #bytes = 0;
  #file: NamelessFile | undefined;

  constructor(options: StoreOptions = {}) {
    this.#options = options;
    this.#columns = new ColumnWriter(options.promised ?? 0);
  }

  get length(): number {
    return this.#columns.length;
  }

  /**
   * Adds a record, whose JSON stands in `line` between two places.
   * @throws PROFILE_INVALID when it has more routes than observations can name; OUTPUT_UNWRITABLE
   * when the disk does not take it
   */
  add(record: ProfileRecord, line: Buffer, from = 0, to = line.length): void {
    const size = to - from + 1;
    this.#columns.add(record, this.#bytes);
    if (this.#end + size > this.#chunk.length) this.#nextChunk(size);
    this.#end += line.copy(this.#chunk, this.#end, from, to);
    this.#chunk[this.#end++] = NEWLINE;
    this.#bytes += size;
  }

  /** The store, and the SHA-256 of its text: nothing may be added any more. @throws as `add` does */
  finish(): { readonly records: RecordStore; readonly sha256: string } {
    this.#putChunk();
    const data = { columns: this.#columns.finish(), text: this.#text(), bytes: this.#bytes };
    const records = new RecordStore(data, this.#options.blockSize);
    return { records, sha256: this.#hash.digest("hex") };
  }

  [Symbol.dispose](): void {
    this.#file?.[Symbol.dispose]();
    this.#file = undefined;
  }

  #text(): StoredText {
    if (this.#file !== undefined) {
      return { kind: "file", fd: this.#file.fd, size: this.#file.bytes };
    }
    const bytes = new Uint8Array(new SharedArrayBuffer(this.#bytes));
    let at = 0;
    for (const chunk of this.#chunks) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    this.#chunks = [];
    return { kind: "memory", bytes };
  }

  #nextChunk(bytesMin: number): void {
    this.#putChunk();
    // A chunk that is kept is nobody else's; one that is on the disk is written anew.
    if (this.#file === undefined || bytesMin > this.#chunk.length) {
      this.#chunk = Buffer.allocUnsafe(Math.max(CHUNK_BYTES, bytesMin));
    }
  }

  #putChunk(): void {
    const chunk = this.#chunk.subarray(0, this.#end);
    this.#end = 0;
    this.#hash.update(chunk);
    const { memoryBytesMax = MEMORY_BYTES_MAX } = this.#options;
    if (this.#file === undefined && this.#bytes <= memoryBytesMax) {
      this.#chunks.push(chunk);
      return;
    }
    try {
      this.#file ??= new NamelessFile(join(tmpdir(), "shakedown-records-"));
      for (const held of this.#chunks) this.#file.append(held);
      this.#chunks = [];
      this.#file.append(chunk);
    } catch (cause) {
      throw new ShakedownError(
        "OUTPUT_UNWRITABLE",
        `cannot hold the profile's records in a temporary file in ${tmpdir()}: ${messageOf(cause)}`,
        {
          hint: "it needs about as much room as the profile, unpacked; the environment's TMPDIR names another place",
          cause,
        },
      );
    }
  }
}

/** A store of records that are at hand, each of which follows the schema; see `RecordStoreWriter`. */
export function writeRecords(
  writer: RecordStoreWriter,
  records: Iterable<ProfileRecord>,
): ReturnType<RecordStoreWriter["finish"]> {
  for (const record of records) writer.add(record, Buffer.from(JSON.stringify(record)));
  return writer.finish();
}
