import type { Observer } from "./observer.ts";

/** Chunks are looked at together, after so long at most, */
const LATER_MS = 100;
/** or as soon as so many of them wait: so many at a time, and what has come meanwhile passes first. */
const CHUNKS = 16;
const AT_A_TIME = 4;
/** Where so many wait, or so many bytes, all at once. */
const CHUNKS_MAX = 256;
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
  #turn: NodeJS.Immediate | null = null;
  /** Of those that are being looked at together. */
  #left = 0;

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
    const { length } = this.#chunks;
    if (length >= CHUNKS_MAX || this.#bytes >= BYTES_MAX) this.#lookAtAll();
    // Whoever gets an answer has it then; whoever gets a request has still to be woken.
    else if (length >= CHUNKS && direction === "down") this.#begin();
    else this.#timer ??= setTimeout(() => this.#begin(), LATER_MS);
  }

  /** The upstream sends no more. */
  ended(observer: Observer): void {
    this.#lookAtAll();
    observer.upstreamEnded(this.#nowNs());
  }

  /** The connection is over. */
  closed(observer: Observer): void {
    this.#lookAtAll();
    observer.close(this.#nowNs());
  }

  /** Whether a request is under way. */
  busy(observer: Observer): boolean {
    this.#lookAtAll();
    return observer.busy;
  }

  /** With what waits now, by turns of the loop. */
  #begin(): void {
    if (this.#turn !== null) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#left = this.#chunks.length;
    this.#turn = setImmediate(() => this.#goOn());
  }

  #goOn(): void {
    this.#turn = null;
    this.#look(Math.min(AT_A_TIME, this.#left));
    this.#left -= AT_A_TIME;
    if (this.#left > 0) this.#turn = setImmediate(() => this.#goOn());
    else if (this.#chunks.length > 0) this.#timer ??= setTimeout(() => this.#begin(), LATER_MS);
  }

  #lookAtAll(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#turn !== null) clearImmediate(this.#turn);
    this.#turn = null;
    this.#look(this.#chunks.length);
  }

  /** Shows the observers so much of what has passed, in its order. */
  #look(count: number): void {
    const observers = this.#observers.splice(0, count);
    const directions = this.#directions.splice(0, count);
    const chunks = this.#chunks.splice(0, count);
    const atNs = this.#atNs.splice(0, count);
    for (const [i, chunk] of chunks.entries()) {
      this.#bytes -= chunk.length;
      observers[i]!.see(directions[i]!, chunk, atNs[i]!);
    }
  }
}
