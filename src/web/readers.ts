import type { ServerResponse } from "node:http";

/** More browsers than this are turned away. */
const READERS_MAX = 250;
const BATCH_CHARS = 65_536;
/** So many beats without a byte taken, and a reader is dropped; it comes back when it can. */
const STALLED_BEATS_MAX = 40;
/** So many beats without a word, and a comment keeps the connection alive. */
const SILENT_BEATS = 60;

interface Reader {
  readonly response: ServerResponse;
  /** The line that it gets next. */
  next: number;
  stalled: boolean;
  stalledBeats: number;
  silentBeats: number;
}

/**
 * Those who read lines as server-sent events, each at its own pace: a reader is a place in the lines that
 * all share, and what one socket takes, so that a slow one costs nothing but its own lateness and a
 * hundred cost a hundred places. An event's id is the number of its line, from 1; whoever names the last
 * that it has seen goes on after it.
 */
export class Readers {
  readonly #lines: readonly string[];
  readonly #all = new Set<Reader>();

  constructor(lines: readonly string[]) {
    this.#lines = lines;
  }

  get count(): number {
    return this.#all.size;
  }

  get full(): boolean {
    return this.#all.size >= READERS_MAX;
  }

  /** Begins after `seen` lines; `first` is an event that stands before all. */
  add(response: ServerResponse, seen: number, first: string): void {
    const next = Math.min(Math.max(seen, 0), this.#lines.length);
    const reader = { response, next, stalled: false, stalledBeats: 0, silentBeats: 0 };
    this.#all.add(reader);
    response.on("close", () => this.#all.delete(reader));
    response.on("error", () => this.#all.delete(reader));
    response.on("drain", () => {
      reader.stalled = false;
      this.#feed(reader);
    });
    response.write(`retry: 1000\n\n${first}`);
    this.#feed(reader);
  }

  /** Four times a second: hands on what is new, and drops who takes nothing. */
  beat(): void {
    for (const reader of this.#all) {
      if (reader.stalled) {
        if (++reader.stalledBeats > STALLED_BEATS_MAX) reader.response.destroy();
      } else if (reader.next < this.#lines.length) this.#feed(reader);
      else if (++reader.silentBeats > SILENT_BEATS) this.#write(reader, ": still here\n\n");
    }
  }

  /** An event that is no line, to all that take one. */
  tell(event: string): void {
    for (const reader of this.#all) if (!reader.stalled) this.#write(reader, event);
  }

  /** After their last lines they are let go. */
  end(): void {
    for (const reader of this.#all) {
      this.#feed(reader);
      reader.response.end();
    }
  }

  #feed(reader: Reader): void {
    while (!reader.stalled && reader.next < this.#lines.length) {
      let text = "";
      while (text.length < BATCH_CHARS && reader.next < this.#lines.length) {
        text += `id: ${reader.next + 1}\ndata: ${this.#lines[reader.next]}\n\n`;
        reader.next++;
      }
      this.#write(reader, text);
    }
  }

  #write(reader: Reader, text: string): void {
    reader.stalled = !reader.response.write(text);
    [reader.stalledBeats, reader.silentBeats] = [0, 0];
  }
}
