import type { Observer } from "./observer.ts";

/** Chunks are looked at together, after so long at most, */
const LATER_MS = 100;
/** or as soon as so many of them wait, or so many bytes. */
const CHUNKS_MAX = 16;
const BYTES_MAX = 256 * 1024;

/**
 * Chunks that have passed and are to be looked at. To look at each as it passes takes ten times as
 * long: between requests a core sleeps or does other things, and finds neither code nor data near
 * when the next one comes. Together, the first pays for all.
 */
export class Lookout {
  readonly #nowNs: () => number;
  readonly #observers: Observer[] = [];
  readonly #directions: ("up" | "down")[] = [];
  readonly #chunks: Buffer[] = [];
  readonly #atNs: number[] = [];
  #bytes = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(nowNs: () => number) {
    this.#nowNs = nowNs;
  }

  /** Bytes that wait. */
  get heldBytes(): number {
    return this.#bytes;
  }

  /** A chunk has passed: its memory is the observer's from now on. */
  passed(observer: Observer, direction: "up" | "down", chunk: Buffer): void {
    this.#observers.push(observer);
    this.#directions.push(direction);
    this.#chunks.push(chunk);
    this.#atNs.push(this.#nowNs());
    this.#bytes += chunk.length;
    if (this.#chunks.length >= CHUNKS_MAX || this.#bytes >= BYTES_MAX) this.#look();
    else this.#timer ??= setTimeout(() => this.#look(), LATER_MS);
  }

  /** The upstream sends no more. */
  ended(observer: Observer): void {
    this.#look();
    observer.upstreamEnded(this.#nowNs());
  }

  /** The connection is over. */
  closed(observer: Observer): void {
    this.#look();
    observer.close(this.#nowNs());
  }

  /** Whether a request is under way. */
  busy(observer: Observer): boolean {
    this.#look();
    return observer.busy;
  }

  /** Shows the observers all that has passed, in its order. */
  #look(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    for (const [i, chunk] of this.#chunks.entries()) {
      this.#observers[i]!.see(this.#directions[i]!, chunk, this.#atNs[i]!);
    }
    this.#observers.length = 0;
    this.#directions.length = 0;
    this.#chunks.length = 0;
    this.#atNs.length = 0;
    this.#bytes = 0;
  }
}
