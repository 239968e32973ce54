import { Transform, type TransformCallback } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";

/** How a packed file begins. */
export const GZIP_MAGIC = Buffer.from("1f8b", "hex");
export const ZSTD_MAGIC = Buffer.from("28b52ffd", "hex");

type Unpacker = ReturnType<typeof createGunzip> | ReturnType<typeof createZstdDecompress>;

/**
 * Undoes gzip or zstd, whichever the first byte says (what is neither is taken for gzip, and fails
 * as that): all members or frames that follow one another. Node.js's own decompression of zstd ends
 * without an error after the first frame of a chunk (seen in v24), and so loses what `cat a.zst b.zst`,
 * `zstd -c a b` or pzstd put after it. Fails with zlib's errors: `code` begins with `Z_` or `ZSTD_`.
 */
export class Unpack extends Transform {
  readonly #chunkSize: number;
  #unpacker: Unpacker | undefined;

  /** @param chunkSize of what comes out, in bytes; also the most that is undone ahead */
  constructor(chunkSize: number) {
    super();
    this.#chunkSize = chunkSize;
  }

  override _read(size: number): void {
    this.#unpacker?.resume();
    super._read(size);
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#undo(chunk, done);
  }

  override _flush(done: TransformCallback): void {
    if (this.#unpacker === undefined) done();
    else this.#unpacker.once("end", done).end();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#unpacker?.destroy();
    done(error);
  }

  #undo(chunk: Buffer, done: TransformCallback): void {
    if (chunk.length === 0) {
      done();
      return;
    }
    const unpacker = (this.#unpacker ??= this.#begin(chunk));
    const before = unpacker.bytesWritten;
    unpacker.write(chunk, (error) => {
      // Which is told by the unpacker itself.
      if (error !== null && error !== undefined) return;
      const rest = chunk.subarray(unpacker.bytesWritten - before);
      if (rest.length === 0) done();
      // All that came out has gone on by then.
      else if (unpacker.readableEnded) this.#undoNext(rest, done);
      else unpacker.once("end", () => this.#undoNext(rest, done));
    });
  }

  #undoNext(chunk: Buffer, done: TransformCallback): void {
    this.#unpacker?.destroy();
    this.#unpacker = undefined;
    this.#undo(chunk, done);
  }

  #begin(chunk: Buffer): Unpacker {
    const { [0]: first } = chunk;
    const options = { chunkSize: this.#chunkSize };
    const unpacker =
      first === ZSTD_MAGIC[0] ? createZstdDecompress(options) : createGunzip(options);
    // Some kilobytes may be gigabytes, unpacked: no more is undone than is read.
    unpacker.on("data", (bytes: Buffer) => {
      if (!this.push(bytes)) unpacker.pause();
    });
    unpacker.on("error", (error) => this.destroy(error));
    return unpacker;
  }
}
