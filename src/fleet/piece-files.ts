import { closeSync, openSync, statSync, writeSync } from "node:fs";
import { messageOf, ShakedownError } from "../core/index.ts";
import type { FilePiece } from "./wire-fields.ts";

/** Files of a run directory, as they come in pieces from elsewhere. */
export class PieceFiles implements Disposable {
  readonly #open = new Map<string, { readonly fd: number; size: number }>();

  /** Writes what is not there yet of a piece. @throws DISK_WRITE_FAILED */
  write(path: string, piece: FilePiece<string>): void {
    try {
      const file = this.#openAt(path);
      const known = Math.max(file.size - piece.offset, 0);
      for (let done = known; done < piece.bytes.length;) {
        done += writeSync(file.fd, piece.bytes, done, piece.bytes.length - done, file.size);
        file.size = piece.offset + done;
      }
    } catch (cause) {
      throw new ShakedownError("DISK_WRITE_FAILED", `cannot write ${path}: ${messageOf(cause)}`, {
        hint: "what was written before is kept; free some space and run again",
        cause,
      });
    }
  }

  #openAt(path: string): { readonly fd: number; size: number } {
    const known = this.#open.get(path);
    if (known !== undefined) return known;
    const fd = openSync(path, "a+");
    const opened = { fd, size: statSync(path).size };
    this.#open.set(path, opened);
    return opened;
  }

  [Symbol.dispose](): void {
    for (const { fd } of this.#open.values()) closeSync(fd);
    this.#open.clear();
  }
}
