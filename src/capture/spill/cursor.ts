import { readSync } from "node:fs";
import { HeldView } from "./held.ts";

/** Where a run stands: in memory, or in a file that is open. */
export type RunPlace =
  | { readonly bytes: Buffer }
  | { readonly fd: number; readonly from: number; readonly to: number };

/** Goes through a run, record by record; of a run in a file, it holds a window. */
export class RunCursor extends HeldView {
  readonly #place: RunPlace;
  readonly #windowBytes: number;
  /** How much of `bytes` is filled. */
  #end = 0;
  /** Where the file is read from next. */
  #position = 0;
  #started = false;
  /** The current record's, read once. */
  atSec = 0;
  atNs = 0;
  atSeq = 0;

  constructor(place: RunPlace, windowBytes: number) {
    super();
    this.#place = place;
    this.#windowBytes = windowBytes;
    if ("bytes" in place) {
      this.attach(place.bytes);
      this.#end = place.bytes.length;
    } else this.#position = place.from;
  }

  /** Steps onto the next record, or the first; false at the end. */
  next(): boolean {
    if (this.#started) this.at += this.size;
    this.#started = true;
    const size = this.sizeAt(this.at, this.#end);
    if ((size === 0 || this.at + size > this.#end) && !this.#fill(size)) return false;
    this.atSec = this.sec;
    this.atNs = this.ns;
    this.atSeq = this.seq;
    return true;
  }

  /** Moves the window so that the record at `at` is in it, whole; false when there is none. */
  #fill(size: number): boolean {
    if ("bytes" in this.#place) return false;
    const rest = this.bytes.subarray(this.at, this.#end);
    this.#load(rest, Math.max(this.#windowBytes, size));
    if (this.#end === 0) return false;
    const whole = this.sizeAt(0, this.#end);
    if (whole > this.#end) this.#load(this.bytes.subarray(0, this.#end), whole);
    return true;
  }

  #load(rest: Buffer, bytes: number): void {
    const { fd, to } = this.#place as { fd: number; to: number };
    const window = this.bytes.length >= bytes ? this.bytes : Buffer.allocUnsafe(bytes);
    rest.copy(window);
    this.#end = rest.length;
    this.at = 0;
    while (this.#end < window.length && this.#position < to) {
      const wanted = Math.min(window.length - this.#end, to - this.#position);
      const read = readSync(fd, window, this.#end, wanted, this.#position);
      if (read === 0) throw new Error("the temporary file ends early");
      this.#end += read;
      this.#position += read;
    }
    if (window !== this.bytes) this.attach(window);
  }
}
