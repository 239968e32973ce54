import { readSync } from "node:fs";
import { ShakedownError } from "../../core/index.ts";
import { copyBytes, ViewedBytes } from "../viewed-bytes.ts";

/** A text stands in one page, with its length in front. */
const PAGE_BYTES = 2 ** 16;
const LENGTH_BYTES = 4;
/** Texts begin at multiples of this: numbers of 32 bits reach 34 GB. */
const ALIGN_BYTES = 8;
const NUMBERS_PER_PAGE = PAGE_BYTES / ALIGN_BYTES;
const PAGES_MAX = 2 ** 32 / NUMBERS_PER_PAGE;
/** What is held in memory while texts are looked up: 8 MB. */
const PAGES_HELD_MAX = 128;
/** A character of UTF-16 takes at most three bytes in UTF-8. */
const BYTES_PER_CHAR_MAX = 3;

/** Where pages go when memory should not hold them: one after the other, all of one size. */
export interface PageFile {
  readonly fd: number;
  append(bytes: Buffer): void;
}

/**
 * Texts that many records share, each written once: in memory, or in a file of which some pages
 * are held, those that were looked at lately. First all are added, then they are looked up.
 */
export class SharedTexts {
  readonly #open: (() => PageFile) | undefined;
  readonly #pagesHeldMax: number;
  #file: PageFile | undefined;
  /** By number; undefined: in the file alone. */
  readonly #pages: (ViewedBytes | undefined)[] = [new ViewedBytes(Buffer.alloc(PAGE_BYTES))];
  #end = 0;
  /** The pages that were read back, and which of them were looked at since the hand went by. */
  readonly #held: number[] = [];
  readonly #looked: boolean[] = [];
  #hand = 0;
  /** Of the pages that are read back: in one piece, untouched until it is needed. */
  #room: Buffer | undefined;
  /** Of the text that `find` found. */
  page = this.#pages[0]!;
  from = 0;
  to = 0;

  /** @param open makes the file, when the first page is full; without it, all stays in memory */
  constructor(open: (() => PageFile) | undefined, pagesHeldMax = PAGES_HELD_MAX) {
    this.#open = open;
    this.#pagesHeldMax = pagesHeldMax;
  }

  /**
   * Keeps a text of at most 65,532 bytes in UTF-8; the number by which it is found.
   * @throws what the file does; CAPTURE_INVALID when there is no number left; RangeError for a text
   * that is too long
   */
  add(text: string): number {
    let bytesMax = LENGTH_BYTES + text.length * BYTES_PER_CHAR_MAX;
    if (bytesMax > PAGE_BYTES) bytesMax = LENGTH_BYTES + Buffer.byteLength(text);
    if (bytesMax > PAGE_BYTES) throw new RangeError(`a text of ${bytesMax} bytes has no page`);
    const { bytes } = this.#pageFor(bytesMax);
    return this.#added(bytes.write(text, this.#end + LENGTH_BYTES));
  }

  /** The same for a text that stands in bytes, in UTF-8. */
  addBytes(source: ViewedBytes, from: number, to: number): number {
    const bytes = LENGTH_BYTES + to - from;
    if (bytes > PAGE_BYTES) throw new RangeError(`a text of ${bytes} bytes has no page`);
    copyBytes(source, from, to, this.#pageFor(bytes), this.#end + LENGTH_BYTES);
    return this.#added(to - from);
  }

  /** The page that has so much room, from `#end` on. */
  #pageFor(bytes: number): ViewedBytes {
    if (this.#end + bytes > PAGE_BYTES) this.#turn();
    return this.#pages.at(-1)!;
  }

  /** Puts its length in front of the text that stands at the end; its number. */
  #added(length: number): number {
    const number = (this.#pages.length - 1) * NUMBERS_PER_PAGE + this.#end / ALIGN_BYTES;
    this.#pages.at(-1)!.view.setUint32(this.#end, length, true);
    const end = this.#end + LENGTH_BYTES + length;
    this.#end = Math.ceil(end / ALIGN_BYTES) * ALIGN_BYTES;
    return number;
  }

  /** Sets `page`, `from` and `to` to where the text of a number stands, until the next one. */
  find(number: number): void {
    const index = Math.floor(number / NUMBERS_PER_PAGE);
    this.#looked[index] = true;
    this.page = this.#pages[index] ?? this.#read(index);
    this.from = (number - index * NUMBERS_PER_PAGE) * ALIGN_BYTES + LENGTH_BYTES;
    this.to = this.from + this.page.view.getUint32(this.from - LENGTH_BYTES, true);
  }

  /** Begins a new page; the full one goes to the file, and its memory is used again. */
  #turn(): void {
    const full = this.#pages.at(-1)!;
    if (this.#pages.length === PAGES_MAX) {
      throw new ShakedownError(
        "CAPTURE_INVALID",
        "the requests have over 34 GB of different texts",
        {
          hint: "capture it in parts, such as one day's file each, and merge their profiles",
        },
      );
    }
    let next = full;
    if (this.#open === undefined) next = new ViewedBytes(Buffer.alloc(PAGE_BYTES));
    else {
      this.#file ??= this.#open();
      this.#file.append(full.bytes);
      this.#pages[this.#pages.length - 1] = undefined;
    }
    this.#pages.push(next);
    this.#end = 0;
  }

  #read(index: number): ViewedBytes {
    const page = this.#free(index);
    const read = readSync(this.#file!.fd, page.bytes, 0, PAGE_BYTES, index * PAGE_BYTES);
    if (read < PAGE_BYTES) throw new Error("the temporary file ends early");
    this.#pages[index] = page;
    return page;
  }

  /** Memory for a page: new, or that of one which was not looked at for a while (second chance). */
  #free(index: number): ViewedBytes {
    if (this.#held.length < this.#pagesHeldMax) {
      this.#room ??= Buffer.allocUnsafeSlow(this.#pagesHeldMax * PAGE_BYTES);
      const from = this.#held.length * PAGE_BYTES;
      this.#held.push(index);
      return new ViewedBytes(this.#room.subarray(from, from + PAGE_BYTES));
    }
    for (;;) {
      const at = this.#hand;
      const candidate = this.#held[at]!;
      this.#hand = (at + 1) % this.#held.length;
      if (this.#looked[candidate] === true) {
        this.#looked[candidate] = false;
        continue;
      }
      const page = this.#pages[candidate]!;
      this.#pages[candidate] = undefined;
      this.#held[at] = index;
      return page;
    }
  }
}
