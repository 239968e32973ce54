import { decodeCounts, encodeCounts, type HistogramCounts } from "../measure/index.ts";

/** The bytes beside a message's words, which name them by their place. */
export class PartsWriter {
  readonly #parts: Buffer[] = [];

  add(bytes: Buffer): number {
    return this.#parts.push(bytes) - 1;
  }

  counts(counts: HistogramCounts): number {
    return this.add(encodeCounts(counts));
  }

  get lengths(): number[] {
    return this.#parts.map((part) => part.length);
  }

  bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

export class PartsReader {
  readonly #bytes: Buffer;
  readonly #ends: readonly number[];

  /** @throws RangeError when these are not the bytes that belong to it */
  constructor(bytes: Buffer, lengths: readonly number[]) {
    let end = 0;
    this.#ends = lengths.map((length) => (end += length));
    if (end !== bytes.length) throw new RangeError("a message's bytes are cut");
    this.#bytes = bytes;
  }

  /** @throws RangeError when there is no such part */
  at(place: number): Buffer {
    const end = this.#ends[place];
    if (end === undefined) throw new RangeError(`a message has no part ${place}`);
    return this.#bytes.subarray(this.#ends[place - 1] ?? 0, end);
  }

  /** @throws RangeError when it is no histogram */
  counts(place: number): HistogramCounts {
    return decodeCounts(this.at(place));
  }
}
