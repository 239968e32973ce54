import { dirname, join } from "node:path";
import { messageOf, NamelessFile, ShakedownError } from "../../core/index.ts";
import { type Arrivals, inArrivalOrder, type PlacedRun } from "./arrivals.ts";
import { bytesMaxOf, type HeldRecord, type HeldShared, SHARED_RECORD_BYTES } from "./held.ts";
import { type Run, RunBuilder } from "./run.ts";
import { type PageFile, SharedTexts } from "./texts.ts";

interface SpillSizes {
  /** What is held in memory before it goes to the disk. */
  readonly runBytes: number;
  /** What is read of all runs together while they are merged; of each one, 1 MB at most. */
  readonly windowsBytes: number;
}

const SIZES: SpillSizes = { runBytes: 8 * 2 ** 20, windowsBytes: 8 * 2 ** 20 };
const WINDOW_MIN_BYTES = 2 ** 12;
const WINDOW_MAX_BYTES = 2 ** 20;

/**
 * Holds records, as many as there are, until they can be gone through by arrival: in memory up to
 * 8 MB, and beyond that, where a place is given, in a temporary file beside it. To be disposed of.
 */
export class Spill implements Disposable {
  readonly #beside: string | undefined;
  readonly #builder: RunBuilder;
  readonly #windowsBytes: number;
  readonly #runs: PlacedRun[] = [];
  /** What records share; to be looked up when all were added. */
  readonly texts: SharedTexts;
  #file: NamelessFile | undefined;
  #textFile: NamelessFile | undefined;
  #count = 0;

  /** @param beside the path beside which the file may be; without it, all is held in memory. */
  constructor(beside: string | undefined, { runBytes, windowsBytes } = SIZES) {
    this.#beside = beside;
    this.#builder = new RunBuilder(runBytes);
    this.#windowsBytes = windowsBytes;
    const open = (place: string) => (): PageFile => this.#openTexts(place);
    this.texts = new SharedTexts(beside === undefined ? undefined : open(beside));
  }

  /** The number of a record that is to be added: they are numbered as they are read. */
  nextSeq(): number {
    return this.#count++;
  }

  /** @throws OUTPUT_UNWRITABLE when the disk does not take it. */
  add(seq: number, record: HeldRecord): void {
    this.#makeRoom(bytesMaxOf(record));
    this.#builder.add(seq, record);
  }

  /** The same for a record whose texts are in `texts`. @throws as `add` */
  addShared(seq: number, record: HeldShared): void {
    this.#makeRoom(SHARED_RECORD_BYTES);
    this.#builder.addShared(seq, record);
  }

  #makeRoom(bytes: number): void {
    if (!this.#builder.isFullFor(bytes)) return;
    this.#put(this.#builder.runs(), this.#beside);
    this.#builder.clear(this.#beside !== undefined);
  }

  /** All records, in order. Nothing may be added any more. */
  arrivals(): Arrivals {
    this.#put(this.#builder.runs(), undefined);
    const filed = this.#runs.filter(({ place }) => "fd" in place).length;
    const share = Math.floor(this.#windowsBytes / Math.max(1, filed));
    const window = Math.min(Math.max(share, WINDOW_MIN_BYTES), WINDOW_MAX_BYTES);
    return inArrivalOrder(this.#runs, window);
  }

  #put(runs: readonly Run[], beside: string | undefined): void {
    for (const { bytes, precision } of runs) {
      const place = beside === undefined ? { bytes } : this.#write(bytes, beside);
      this.#runs.push({ precision, place });
    }
  }

  #write(bytes: Buffer, beside: string): { fd: number; from: number; to: number } {
    return written(beside, () => {
      this.#file ??= new NamelessFile(prefixBeside(beside));
      const from = this.#file.bytes;
      this.#file.append(bytes);
      return { fd: this.#file.fd, from, to: this.#file.bytes };
    });
  }

  #openTexts(beside: string): PageFile {
    const file = written(beside, () => new NamelessFile(prefixBeside(beside)));
    this.#textFile = file;
    return { fd: file.fd, append: (bytes) => written(beside, () => file.append(bytes)) };
  }

  [Symbol.dispose](): void {
    this.#file?.[Symbol.dispose]();
    this.#textFile?.[Symbol.dispose]();
    [this.#file, this.#textFile] = [undefined, undefined];
  }
}

const prefixBeside = (path: string): string => join(dirname(path), ".shakedown-capture-");

/** @throws OUTPUT_UNWRITABLE when the disk does not take it */
function written<T>(beside: string, write: () => T): T {
  try {
    return write();
  } catch (cause) {
    throw new ShakedownError(
      "OUTPUT_UNWRITABLE",
      `cannot hold what was read in a temporary file beside ${beside}: ${messageOf(cause)}`,
      {
        hint: "it needs about as much room as the capture, unpacked, and is gone afterwards",
        cause,
      },
    );
  }
}
