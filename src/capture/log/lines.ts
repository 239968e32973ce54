import type { CapturedRequest, CaptureItem } from "../format.ts";
import { Unusable } from "../http-message.ts";
import type { CaptureFile } from "../source.ts";

const LINE_MAX_CHARS = 2 ** 20;
const SNIFFED_LINES = 20;
/** What is read of so many bytes is given at once: little enough that it is soon let go. */
const BATCH_BYTES = 2 ** 16;
const LF = 10;
const CR = 13;

/** What one line is: a request, or (undefined) a line that is none, such as a comment. */
export type LineReader = (line: string, place: string) => CapturedRequest | undefined;

/** Takes usual lines as bytes, at once. */
export interface DirectLines {
  /** The bytes in which the next lines stand. */
  attach(bytes: Buffer): void;
  /** False for a line that must be read as text. */
  take(from: number, to: number): boolean;
  /** What was read as text, in its place. */
  add(item: CaptureItem): void;
}

/** Reads line after line, wherever the texts that hold them begin and end. */
class LineItems {
  readonly #name: string;
  readonly #read: LineReader;
  /** Of the line that is not at its end yet; of one that is too long, nothing. */
  #begun = "";
  #oversize = false;
  #line = 1;
  #items: CaptureItem[] = [];
  readonly #direct: DirectLines | undefined;

  constructor(name: string, read: LineReader, direct: DirectLines | undefined) {
    this.#name = name;
    this.#read = read;
    this.#direct = direct;
  }

  add(bytes: Buffer): void {
    let from = 0;
    this.#direct?.attach(bytes);
    for (let at = bytes.indexOf(LF); at !== -1; at = bytes.indexOf(LF, from)) {
      if (!this.#takeDirect(bytes, from, at)) {
        // Each line is a text of its own: pieces of a long one are slow to look up.
        const piece = bytes.toString("latin1", from, at);
        if (this.#begun === "" && !this.#oversize) this.#take(piece);
        else this.#finish(piece);
      }
      this.#line++;
      from = at + 1;
    }
    this.#begin(bytes.toString("latin1", from));
  }

  /** What was read since the last time. */
  items(): readonly CaptureItem[] {
    const items = this.#items;
    this.#items = [];
    return items;
  }

  /** The last line may be without its end. */
  end(): void {
    this.#finish("");
  }

  #takeDirect(bytes: Buffer, from: number, to: number): boolean {
    if (this.#direct === undefined || this.#begun !== "" || this.#oversize) return false;
    return this.#direct.take(from, bytes[to - 1] === CR && to > from ? to - 1 : to);
  }

  #begin(piece: string): void {
    this.#begun += piece;
    if (this.#begun.length <= LINE_MAX_CHARS) return;
    this.#begun = "";
    this.#oversize = true;
  }

  #finish(piece: string): void {
    this.#begin(piece);
    if (this.#oversize) this.#reject("the line is over 1 MiB");
    else this.#take(this.#begun);
    this.#begun = "";
    this.#oversize = false;
  }

  #take(raw: string): void {
    const line = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
    if (isBlank(line)) return;
    try {
      const request = this.#read(line, `${this.#name}:${this.#line}`);
      if (request !== undefined) this.#put({ kind: "request", request });
    } catch (thrown) {
      if (!(thrown instanceof Unusable)) throw thrown;
      this.#reject(thrown.message);
    }
  }

  #reject(reason: string): void {
    this.#put({ kind: "rejected", place: `${this.#name}:${this.#line}`, reason });
  }

  #put(item: CaptureItem): void {
    if (this.#direct === undefined) this.#items.push(item);
    else this.#direct.add(item);
  }
}

/** Most lines are told by their first character. */
const isBlank = (line: string): boolean => !(line.charCodeAt(0) > 0x20) && line.trim() === "";

/** Where a batch ends that begins there: with a line, where one ends in it. */
function batchEnd(chunk: Buffer, from: number): number {
  const most = from + BATCH_BYTES;
  if (most >= chunk.length) return chunk.length;
  const lineEnd = chunk.lastIndexOf(LF, most - 1);
  return lineEnd < from ? most : lineEnd + 1;
}

/**
 * Reads a log line by line, as Latin-1; what a reader throws as unusable is rejected. With `direct`
 * nothing is given: all goes there.
 */
export async function* readLines(
  { chunks, name }: CaptureFile,
  read: LineReader,
  direct?: DirectLines,
): AsyncGenerator<readonly CaptureItem[]> {
  const lines = new LineItems(name, read, direct);
  for await (const chunk of chunks) {
    for (let from = 0, to; from < chunk.length; from = to) {
      to = batchEnd(chunk, from);
      lines.add(chunk.subarray(from, to));
      yield lines.items();
    }
  }
  lines.end();
  yield lines.items();
}

/** The first lines that are not empty; the last one may be cut off. */
export const firstLines = (head: Buffer): string[] =>
  head
    .toString("latin1")
    .split("\n")
    .map((line) => line.replace(/\r$/, ""))
    .filter((line) => line.trim() !== "")
    .slice(0, SNIFFED_LINES);

const CRI = /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d) std(?:out|err) [FP] /;

/** A line as a container wrote it: without what the container's runtime puts around it. */
export function unwrapped(line: string): string {
  const bare = line.replace(CRI, "").replace(/^ACCESS /, "");
  if (!/^\{.*"(?:log|message)":/.test(bare)) return bare;
  try {
    const { log, message } = JSON.parse(bare) as { log?: unknown; message?: unknown };
    const inner = log ?? message;
    return typeof inner === "string" ? inner.replace(/\n$/, "").replace(/^ACCESS /, "") : bare;
  } catch {
    return bare;
  }
}
