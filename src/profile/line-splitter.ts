const NEWLINE = 10;

/** Told of a line, which stands in `bytes` between two places, without its line end. */
export type OnLine = (bytes: Buffer, from: number, to: number) => void;

/** Cuts chunks of bytes into lines, each of which is told at once. */
export class LineSplitter {
  readonly #onLine: OnLine;
  /** Pieces of a line that has not ended yet. */
  #open: Buffer[] = [];

  constructor(onLine: OnLine) {
    this.#onLine = onLine;
  }

  /** Keeps what comes after the last line end: the chunk is not to be written again. */
  add(chunk: Buffer): void {
    let from = 0;
    for (;;) {
      const to = chunk.indexOf(NEWLINE, from);
      if (to === -1) break;
      if (this.#open.length === 0) this.#onLine(chunk, from, to);
      else this.#endOpen(chunk.subarray(from, to));
      from = to + 1;
    }
    if (from < chunk.length) this.#open.push(chunk.subarray(from));
  }

  /** Whether something came after the last line end. */
  get isOpen(): boolean {
    return this.#open.length > 0;
  }

  #endOpen(last: Buffer): void {
    const line = Buffer.concat([...this.#open, last]);
    this.#open = [];
    this.#onLine(line, 0, line.length);
  }
}
