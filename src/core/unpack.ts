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
 * `zstd -c a b` or pzstd put after it. Fails with zlib's errors: `code` begins with `Z_` or `ZSTD_`;
 * or, where somebody asks for damage, ends after what could be undone.
 */
export class Unpack extends Transform {
  readonly #chunkSize: number;
  readonly #onDamage: ((error: Error) => void) | undefined;
  #unpacker: Unpacker | undefined;
  #damaged = false;
  /** Of the chunk, or the end, that the unpacker is at. */
  #waiting: TransformCallback = () => {};

  /**
   * @param chunkSize of what comes out, in bytes; also the most that is undone ahead
   * @param onDamage is told what is wrong, once, and the stream ends there instead of failing
   */
  constructor(chunkSize: number, onDamage?: (error: Error) => void) {
    super();
    this.#chunkSize = chunkSize;
    this.#onDamage = onDamage;
  }

  override _read(size: number): void {
    this.#unpacker?.resume();
    super._read(size);
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#undo(chunk, done);
  }

  override _flush(done: TransformCallback): void {
    if (this.#unpacker === undefined || this.#damaged) done();
    else {
      this.#waiting = done;
      this.#unpacker.once("end", done).end();
    }
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#unpacker?.destroy();
    done(error);
  }

  #undo(chunk: Buffer, done: TransformCallback): void {
    if (chunk.length === 0 || this.#damaged) {
      done();
      return;
    }
    this.#waiting = done;
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
    unpacker.on("error", (error) => this.#fail(unpacker, error));
    return unpacker;
  }

  #fail(unpacker: Unpacker, error: Error): void {
    if (this.#onDamage === undefined) {
      this.destroy(error);
      return;
    }
    this.#damaged = true;
    // What it has undone, and not given away yet.
    for (let bytes: unknown; (bytes = unpacker.read()) !== null;) this.push(bytes);
    this.#onDamage(error);
    this.#waiting();
  }
}
