import type { Socket } from "node:net";
import type { Clock, Deadlines, Draw } from "../../core/index.ts";
import { type Sink, Stage } from "./stage.ts";
import { createToxic, type EndKind, type Toxic, type ToxicSpec } from "./toxic/index.ts";

/**
 * Bytes of one direction that may wait before its source is no longer read: enough for 40 MB/s at
 * 100 ms, and a bound on what a connection costs (twice this, and one read on top).
 */
const HELD_BYTES_MAX = 4 * 2 ** 20;
/** A link that is slow by itself holds its writer early, as a slow network does. */
const HELD_BYTES_SLOW_MAX = 128 * 2 ** 10;

export interface LinkOptions {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly source: Socket;
  readonly destination: Socket;
  readonly toxics: readonly ToxicSpec[];
  /** Chance for this connection, keyed by the toxic's name. */
  readonly draw: (toxic: string) => Draw;
  /** Comes after all toxics, whatever becomes of them. */
  readonly last?: Toxic;
  /** Whether what came in just now is passed on; it is dropped otherwise. */
  readonly passes: () => boolean;
  readonly onReceived: (bytes: number) => void;
  readonly onSent: (bytes: number) => void;
  /** The direction has ended; what was passed on before is given to the destination. */
  readonly onEnd: (kind: EndKind) => void;
}

interface Slot {
  readonly spec: ToxicSpec;
  readonly tally: { bytes: number };
  /** Null: the connection is not among those that the toxic falls on. */
  readonly stage: Stage | null;
}

/** One direction of a connection: from the source through the toxics to the destination. */
export class Link {
  readonly #options: LinkOptions;
  readonly #slots: Slot[] = [];
  readonly #sink: Sink;
  readonly #last: Stage | null;
  #first: Sink;
  #blocked = false;
  #ended = false;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#sink = { write: (chunk) => this.#send(chunk), end: (kind) => this.#finish(kind) };
    const { clock, deadlines, destination, last, source } = options;
    this.#last = last === undefined ? null : new Stage(clock, deadlines, last, this.#sink);
    this.#first = this.#last ?? this.#sink;
    source.on("data", (chunk: Buffer) => this.#receive(chunk));
    source.on("end", () => this.#first.end("end"));
    destination.on("drain", () => {
      this.#blocked = false;
      this.#regulate();
    });
    for (const spec of options.toxics) this.add(spec);
  }

  /** Puts a toxic at the end of the chain. */
  add(spec: ToxicSpec): void {
    if (this.#ended) return;
    const tally = { bytes: 0 };
    const stage = this.#falls(spec) ? this.#newStage(spec, tally) : null;
    this.#slots.push({ spec, tally, stage });
    this.#connect();
    stage?.begin();
  }

  /** The toxic of that name changes; what waits in it now waits as the new one says. */
  update(spec: ToxicSpec): void {
    const at = this.#slots.findIndex((slot) => slot.spec.name === spec.name);
    const slot = this.#slots[at];
    if (slot === undefined || this.#ended) return;
    const { tally, stage } = slot;
    if (!this.#falls(spec)) {
      this.#slots[at] = { spec, tally, stage: null };
      this.#connect();
      stage?.remove();
    } else if (stage !== null) {
      this.#slots[at] = { spec, tally, stage };
      stage.replace(createToxic(spec, { draw: this.#options.draw(spec.name), tally }));
    } else {
      const added = this.#newStage(spec, tally);
      this.#slots[at] = { spec, tally, stage: added };
      this.#connect();
      added.begin();
    }
    this.#regulate();
  }

  /** Takes the toxic of that name off; what waits in it goes on at once. */
  remove(name: string): void {
    const at = this.#slots.findIndex((slot) => slot.spec.name === name);
    const slot = this.#slots[at];
    if (slot === undefined || this.#ended) return;
    this.#slots.splice(at, 1);
    this.#connect();
    slot.stage?.remove();
    this.#regulate();
  }

  /** Forgets what waits; nothing more is passed on. */
  drop(): void {
    this.#ended = true;
    for (const { stage } of this.#slots) stage?.drop();
    this.#last?.drop();
  }

  /** The same connection has the same luck whatever the toxicity is changed to: more of it, or less. */
  #falls(spec: ToxicSpec): boolean {
    return this.#options.draw(spec.name).uniform("toxicity") < spec.toxicity;
  }

  #newStage(spec: ToxicSpec, tally: { bytes: number }): Stage {
    const { clock, deadlines, draw } = this.#options;
    const toxic = createToxic(spec, { draw: draw(spec.name), tally });
    return new Stage(clock, deadlines, toxic, this.#last ?? this.#sink);
  }

  #connect(): void {
    let next = this.#last ?? this.#sink;
    for (const { stage } of this.#slots.toReversed()) {
      if (stage === null) continue;
      stage.next = next;
      next = stage;
    }
    this.#first = next;
  }

  #receive(chunk: Buffer): void {
    if (this.#ended) return;
    this.#options.onReceived(chunk.length);
    if (this.#options.passes()) this.#first.write(chunk);
    this.#regulate();
  }

  #send(chunk: Buffer): void {
    if (this.#ended || chunk.length === 0) return;
    const { destination, onSent } = this.#options;
    onSent(chunk.length);
    if (!destination.write(chunk)) this.#blocked = true;
    this.#regulate();
  }

  #finish(kind: EndKind): void {
    if (this.#ended) return;
    this.drop();
    this.#options.onEnd(kind);
  }

  /** A slow reader holds its writer: the source is read only while there is room. */
  #regulate(): void {
    if (this.#ended) return;
    const { source, destination } = this.#options;
    const lastBytes = this.#last?.heldBytes ?? 0;
    let heldBytes = destination.writableLength + lastBytes;
    let heldBytesMax = lastBytes > 0 ? HELD_BYTES_MAX : HELD_BYTES_SLOW_MAX;
    for (const { stage, spec } of this.#slots) {
      if (stage === null) continue;
      heldBytes += stage.heldBytes;
      if (spec.type === "latency") heldBytesMax = HELD_BYTES_MAX;
    }
    const full = this.#blocked || heldBytes >= heldBytesMax;
    if (full !== source.isPaused()) {
      if (full) source.pause();
      else source.resume();
    }
  }
}
