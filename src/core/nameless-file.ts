import {
  closeSync,
  mkdtempSync,
  openSync,
  rmdirSync,
  rmSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

/**
 * A temporary file that only this process can find: in a folder of its own that nobody else may
 * enter (mode 0700), and without a name as soon as it is open, so that nothing is left of it
 * however the process ends. All threads of the process can read it by its descriptor. Where a name
 * cannot be taken from an open file (Windows), it goes when the file is disposed of.
 */
export class NamelessFile implements Disposable {
  readonly fd: number;
  /** Written so far. */
  bytes = 0;
  readonly #folder: string | undefined;

  /**
   * @param pathPrefix of the folder, to which six random characters are added
   * @throws what the file system does
   */
  constructor(pathPrefix: string) {
    const folder = mkdtempSync(pathPrefix);
    const path = join(folder, "held");
    try {
      this.fd = openSync(path, "wx+", 0o600);
    } catch (thrown) {
      rmdirSync(folder);
      throw thrown;
    }
    try {
      unlinkSync(path);
      rmdirSync(folder);
    } catch {
      this.#folder = folder;
    }
  }

  /** @throws what the file system does */
  append(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length;) {
      from += writeSync(this.fd, bytes, from, bytes.length - from, this.bytes + from);
    }
    this.bytes += bytes.length;
  }

  [Symbol.dispose](): void {
    closeSync(this.fd);
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
  }
}
