import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { StringDecoder } from "node:string_decoder";
import { messageOf, ShakedownError } from "../core/index.ts";
import { LIVE_FILE, type LiveBegins, type LiveEntry, liveEntrySchema } from "../report/index.ts";

const CHUNK_BYTES = 65_536;
/** A day's run has some twenty megabytes. */
const BYTES_MAX = 256 * 1_048_576;
const LINE_CHARS_MAX = 1_000_000;

function entryOf(line: string, at: string): LiveEntry {
  let told: unknown;
  try {
    told = JSON.parse(line);
  } catch {
    told = null;
  }
  const parsed = liveEntrySchema.safeParse(told);
  if (parsed.success) return parsed.data;
  throw new ShakedownError("RUN_INVALID", `${at} is no entry of a live log of this version`, {
    hint: "watch it with the shakedown that runs it; `shakedown report` reads what it measured",
  });
}

/**
 * What a run says of itself, read from the `live.ndjson` of its directory as it grows. Lines are checked
 * and written anew, so that each is one line whatever stood there; a line that is not whole yet waits.
 */
export class LiveFeed implements Disposable {
  /** One JSON text an entry, in order. */
  readonly lines: string[] = [];
  begins: LiveBegins | null = null;
  readonly #onEntry: (entry: LiveEntry) => void;
  #file: { readonly descriptor: number; readonly path: string } | null = null;
  #offset = 0;
  #decoder = new StringDecoder("utf8");
  #rest = "";

  /** `onEntry` hears each once. */
  constructor(onEntry: (entry: LiveEntry) => void = () => {}) {
    this.#onEntry = onEntry;
  }

  /** From the first line of a run's directory on. @throws RUN_INVALID when it has no live log */
  follow(directory: string): void {
    const path = join(directory, LIVE_FILE);
    try {
      this.#file = { descriptor: openSync(path, "r"), path };
    } catch (cause) {
      throw new ShakedownError("RUN_INVALID", `cannot read ${path}: ${messageOf(cause)}`, {
        hint: "name a run directory that this version of shakedown made, or is filling",
        cause,
      });
    }
  }

  /** Reads what has come since the last call. @throws RUN_INVALID where a line is no entry */
  poll(): void {
    if (this.#file === null) return;
    const { descriptor, path } = this.#file;
    const size = fstatSync(descriptor).size;
    if (size > BYTES_MAX) throw new ShakedownError("RUN_INVALID", `${path} is over 256 MB`);
    const chunk = Buffer.alloc(CHUNK_BYTES);
    while (this.#offset < size) {
      const bytes = readSync(descriptor, chunk, 0, chunk.length, this.#offset);
      if (bytes === 0) break;
      this.#offset += bytes;
      this.#take(this.#decoder.write(chunk.subarray(0, bytes)), path);
    }
  }

  [Symbol.dispose](): void {
    if (this.#file !== null) closeSync(this.#file.descriptor);
    this.#file = null;
  }

  #take(text: string, path: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop()!;
    if (this.#rest.length > LINE_CHARS_MAX) lines.push(this.#rest);
    for (const line of lines) {
      const entry = entryOf(line, `${path}:${this.lines.length + 1}`);
      if (entry.kind === "begins") this.begins = entry;
      this.lines.push(JSON.stringify(entry));
      this.#onEntry(entry);
    }
  }
}
