import type { Clock, DeadlineHandle, Deadlines } from "../../core/index.ts";
import type { EndKind, Piece, Toxic } from "./toxic/index.ts";

/** What takes bytes, in order, and then an end. */
export interface Sink {
  write(chunk: Buffer): void;
  end(kind: EndKind): void;
}

/** Something that came in and waits for its turn. */
type Held = { readonly chunk: Buffer; readonly atNs: number } | { readonly atNs: number };

/**
 * A toxic on one direction of one connection: keeps what came in until it is due, in order.
 * Toxics may be exchanged while bytes wait here; the bytes then wait as the new one says.
 */
export class Stage implements Sink {
  readonly #clock: Clock;
  readonly #deadlines: Deadlines;
  #toxic: Toxic;
  #next: Sink;
  readonly #held: Held[] = [];
  #heldBytes = 0;
  /** The pieces of what is served now, and the first of them that is not out yet. */
  #serving: { readonly chunk: Buffer | null; passed: number; pieces: Iterator<Piece> } | null =
    null;
  #piece: Piece | null = null;
  #due: DeadlineHandle | null = null;
  #lastNs = Number.NEGATIVE_INFINITY;
  /** The toxic gives an end of its own accord: what comes in is dropped. */
  #ending = false;
  #ended = false;
  #pumping = false;

  constructor(clock: Clock, deadlines: Deadlines, toxic: Toxic, next: Sink) {
    this.#clock = clock;
    this.#deadlines = deadlines;
    this.#toxic = toxic;
    this.#next = next;
  }

  /** Bytes that wait here. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** What comes after, from now on. */
  set next(sink: Sink) {
    this.#next = sink;
  }

  /** To be called once the stage has its place in the chain. */
  begin(): void {
    const pieces = [...this.#toxic.begin(this.#clock.nowNs())];
    this.#ending = pieces.length > 0;
    if (!this.#ending) return;
    this.#serving = { chunk: null, passed: 0, pieces: pieces[Symbol.iterator]() };
    this.#pump();
  }

  write(chunk: Buffer): void {
    if (this.#ending || this.#ended) return;
    this.#held.push({ chunk, atNs: this.#clock.nowNs() });
    this.#heldBytes += chunk.length;
    this.#pump();
  }

  end(kind: EndKind): void {
    if (this.#ended) return;
    if (kind !== "end") this.#finish(kind);
    else if (!this.#ending) {
      this.#held.push({ atNs: this.#clock.nowNs() });
      this.#pump();
    }
  }

  /** Another toxic in this one's place. */
  replace(toxic: Toxic): void {
    if (this.#ended) return;
    const left = this.#takeBack();
    this.#toxic = toxic;
    this.begin();
    for (const held of left) {
      if ("chunk" in held) this.write(held.chunk);
      else this.end("end");
    }
  }

  /** Lets go of everything: to the next, at once and in order, unless the toxic says otherwise. */
  remove(): void {
    if (this.#ended) return;
    const left = this.#takeBack();
    this.#ended = true;
    for (const held of left) {
      if ("chunk" in held) this.#next.write(held.chunk);
      else this.#next.end("end");
    }
    if (this.#toxic.whenRemoved === "close") this.#next.end("close");
  }

  /** Forgets everything: the connection is gone. */
  drop(): void {
    this.#takeBack();
    this.#ended = true;
  }

  #takeBack(): Held[] {
    const left: Held[] = [];
    const serving = this.#serving;
    const atNs = this.#clock.nowNs();
    if (serving !== null && !this.#ending) {
      if (serving.chunk === null) left.push({ atNs });
      else if (serving.passed < serving.chunk.length) {
        left.push({ chunk: serving.chunk.subarray(serving.passed), atNs });
      }
    }
    left.push(...this.#held);
    this.#held.length = 0;
    this.#heldBytes = 0;
    this.#serving = null;
    this.#piece = null;
    this.#ending = false;
    if (this.#due !== null) this.#deadlines.cancel(this.#due);
    this.#due = null;
    return left;
  }

  #pump(): void {
    // What goes on may come back here: the sink's answer, or a change to the chain.
    if (this.#pumping || this.#due !== null) return;
    this.#pumping = true;
    try {
      while (!this.#ended && this.#advance());
    } finally {
      this.#pumping = false;
    }
  }

  /** Whether there may be more to pass on now. */
  #advance(): boolean {
    this.#piece ??= this.#nextPiece();
    const piece = this.#piece;
    if (piece === null) return this.#serving !== null || this.#held.length > 0;
    const dueNs = Math.max(piece.dueNs, this.#lastNs);
    if (dueNs > this.#clock.nowNs()) {
      this.#due = this.#deadlines.at(dueNs, () => {
        this.#due = null;
        this.#pump();
      });
      return false;
    }
    this.#lastNs = dueNs;
    this.#piece = null;
    if ("end" in piece) {
      this.#finish(piece.end);
      return false;
    }
    if (this.#serving !== null) this.#serving.passed += piece.chunk.length;
    this.#heldBytes -= piece.chunk.length;
    this.#next.write(piece.chunk);
    return true;
  }

  #nextPiece(): Piece | null {
    if (this.#serving === null) {
      const held = this.#held.shift();
      if (held === undefined) return null;
      const chunk = "chunk" in held ? held.chunk : null;
      const pieces =
        chunk === null ? this.#toxic.end(held.atNs) : this.#toxic.chunk(chunk, held.atNs);
      this.#serving = { chunk, passed: 0, pieces: pieces[Symbol.iterator]() };
    }
    const { value, done } = this.#serving.pieces.next();
    if (done !== true) {
      // An end that nobody asked for: what else came in is lost.
      if ("end" in value && this.#serving.chunk !== null) this.#loseHeld();
      return value;
    }
    const { chunk, passed } = this.#serving;
    // What the toxic left out of the chunk is dropped.
    if (chunk !== null) this.#heldBytes -= chunk.length - passed;
    this.#serving = null;
    return null;
  }

  #loseHeld(): void {
    this.#held.length = 0;
    this.#heldBytes = 0;
    this.#ending = true;
  }

  #finish(kind: EndKind): void {
    this.#takeBack();
    this.#ended = true;
    this.#next.end(kind);
  }
}
