import { closeSync, openSync, readSync } from "node:fs";
import type { FilePiece } from "./wire-fields.ts";

/** Of one file at once. */
const PIECE_BYTES_MAX = 2 ** 20;

/** Whether there may be more of the file than this piece. */
export const isFull = ({ bytes }: FilePiece<string>): boolean => bytes.length === PIECE_BYTES_MAX;

/** Follows a file that only grows, from its beginning: each byte is given once. */
export class FileTail<F extends string> implements Disposable {
  readonly #file: F;
  readonly #path: string;
  #fd: number | null = null;
  #offset = 0;
  readonly #buffer = Buffer.allocUnsafe(PIECE_BYTES_MAX);

  constructor(file: F, path: string) {
    this.#file = file;
    this.#path = path;
  }

  /** What has come since the last call, a MiB at most; null when nothing has. */
  take(): FilePiece<F> | null {
    this.#fd ??= openIfThere(this.#path);
    if (this.#fd === null) return null;
    const read = readSync(this.#fd, this.#buffer, 0, PIECE_BYTES_MAX, this.#offset);
    if (read === 0) return null;
    const offset = this.#offset;
    this.#offset += read;
    return { file: this.#file, offset, bytes: Buffer.from(this.#buffer.subarray(0, read)) };
  }

  [Symbol.dispose](): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }
}

function openIfThere(path: string): number | null {
  try {
    return openSync(path, "r");
  } catch {
    // Not made yet.
    return null;
  }
}
