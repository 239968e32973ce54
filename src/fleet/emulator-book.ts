import { revivedError, ShakedownError } from "../core/index.ts";
import type { EmulatorSnapshot, EmulatorTotals } from "../emulator/index.ts";
import type { RunDirectory } from "../run/index.ts";
import type { ClockWatch } from "./clock-watch.ts";
import type { EmulatorMessage } from "./emulator-messages.ts";
import { isOfEmulator } from "./emulator-messages.ts";
import { readMessage } from "./hearing.ts";
import type { Origin, WorkerCard } from "./messages.ts";
import { PieceFiles } from "./piece-files.ts";
import { ShardBook } from "./shard-book.ts";
import type { StreamEntry } from "./streams.ts";

/** An emulator tells something every second. One that is silent for so long is taken for dead. */
const LOST_MS = 7_000;

interface Known {
  addresses: Readonly<Record<string, Readonly<Record<string, string>>>> | null;
  authority: string | null;
  counts: EmulatorSnapshot;
  totals: EmulatorTotals | null;
  lost: boolean;
}

export interface EmulatorBookParts {
  readonly directory: RunDirectory;
  readonly emulators: number;
  readonly clocks: ClockWatch;
  readonly nowMs: () => number;
  readonly onFailed: (error: ShakedownError) => void;
  readonly onStarved: (error: ShakedownError) => void;
  /** One has told its end. */
  readonly onServed: (worker: string) => void;
}

/** What a run's emulators have told: each message once, in order, and what they were asked into its files. */
export class EmulatorBook implements Disposable {
  /** Resolves when all serve. */
  readonly ready = Promise.withResolvers<void>();
  /** Resolves when all have told their end, or nothing more is to be expected of them. */
  readonly ended = Promise.withResolvers<void>();
  readonly #parts: EmulatorBookParts;
  readonly #messages: ShardBook;
  readonly #files = new PieceFiles();
  readonly #known: readonly Known[];
  #lastId = "0-0";

  constructor(parts: EmulatorBookParts) {
    this.#parts = parts;
    this.#messages = new ShardBook(parts.emulators);
    this.#known = Array.from({ length: parts.emulators }, () => ({
      addresses: null,
      authority: null,
      counts: {},
      totals: null,
      lost: false,
    }));
    // Looked at by whoever waits.
    this.ready.promise.catch(() => {});
  }

  get lastId(): string {
    return this.#lastId;
  }

  /** Up to which message each has been heard. */
  get heard(): Readonly<Record<string, number>> {
    return this.#messages.heard;
  }

  /** Another has a place: nothing of who had it counts. */
  relieve(place: number, attempt: number): void {
    this.#messages.relieve(place, attempt);
  }

  /** Whether one has said where it serves. */
  serves(place: number): boolean {
    return (this.#known[place]?.addresses ?? null) !== null;
  }

  get authority(): string | null {
    const all = new Set(this.#known.flatMap(({ authority }) => authority ?? []));
    return all.size === 0 ? null : [...all].join("\n");
  }

  addressOf(place: number, dependency: string, arm: string): string {
    return this.#known[place]?.addresses?.[dependency]?.[arm] ?? "";
  }

  totalsOf(place: number): EmulatorTotals | null {
    return this.#known[place]?.totals ?? null;
  }

  /** Calls that one has counted. */
  callsOf(place: number): number {
    const counts = Object.values(this.#known[place]?.counts ?? {}).flatMap((arms) =>
      Object.values(arms),
    );
    return counts.reduce((sum, { calls }) => sum + calls, 0);
  }

  /** What all have counted, as it was told last: a tenth of a second ago, and a message's way. */
  snapshot(): EmulatorSnapshot {
    const sum: Record<string, Record<string, Record<string, number>>> = {};
    for (const { counts } of this.#known) {
      for (const [dependency, byArm] of Object.entries(counts)) {
        for (const [arm, named] of Object.entries(byArm)) {
          const own = ((sum[dependency] ??= {})[arm] ??= {});
          for (const [name, count] of Object.entries(named)) own[name] = (own[name] ?? 0) + count;
        }
      }
    }
    return sum as EmulatorSnapshot;
  }

  hear(entries: readonly StreamEntry[]): void {
    for (const { fields, id } of entries) {
      const heard = readMessage(fields);
      if (heard !== null && isOfEmulator(heard.told)) this.#hear(heard.from, heard.told);
      this.#lastId = id;
    }
  }

  forgiveSilence(): void {
    this.#messages.forgiveSilence(this.#parts.nowMs());
  }

  /** Takes who has been silent for too long for dead. */
  seeSilence(cards: readonly WorkerCard[]): void {
    for (const [place, known] of this.#known.entries()) {
      const over = known.addresses === null || known.totals !== null || known.lost;
      if (over || this.#messages.silentMs(place, this.#parts.nowMs()) < LOST_MS) continue;
      known.lost = true;
      const message = `worker ${cards[place]?.id}, which emulates, went silent`;
      const hint = "what it had told of calls until then is kept; see what it said last";
      this.#parts.onFailed(new ShakedownError("EMULATOR_FAILED", message, { hint }));
      this.#endIfOver();
    }
  }

  /** Nothing is to be expected of any more. */
  fail(error: ShakedownError): void {
    this.ready.reject(error);
    if (error.code !== "FLEET_UNREACHABLE" && error.code !== "RUN_LED") return;
    for (const known of this.#known) known.lost = true;
    this.#endIfOver();
  }

  #hear(from: Origin, told: EmulatorMessage): void {
    const { clocks, nowMs, onFailed, onStarved } = this.#parts;
    const known = this.#known[from.shard];
    if (known === undefined || !this.#messages.take(from, nowMs())) return;
    if (told.kind === "serves") {
      clocks.begun(from.worker, told.clock);
      known.addresses = told.addresses;
      known.authority = told.authority;
      if (this.#known.every(({ addresses }) => addresses !== null)) this.ready.resolve();
    }
    if (told.kind === "emulated") this.#hearEmulated(from, known, told);
    if (told.kind === "troubled") (told.starved ? onStarved : onFailed)(revivedError(told.error));
    if (told.kind !== "served") return;
    known.totals = told.totals;
    this.#parts.onServed(from.worker);
    this.#endIfOver();
  }

  #hearEmulated(
    { shard: place, worker }: Origin,
    known: Known,
    { clock, counts, pieces }: Extract<EmulatorMessage, { kind: "emulated" }>,
  ): void {
    const { clocks, directory, onFailed } = this.#parts;
    if (counts !== null) known.counts = counts;
    if (clock !== null) clocks.now(worker, clock);
    try {
      for (const piece of pieces) {
        const path = piece.file === "calls" ? directory.callsOf(place) : directory[piece.file];
        this.#files.write(path, piece);
      }
    } catch (thrown) {
      if (!(thrown instanceof ShakedownError)) throw thrown;
      onFailed(thrown);
    }
  }

  #endIfOver(): void {
    if (this.#known.every(({ lost, totals }) => lost || totals !== null)) this.ended.resolve();
  }

  [Symbol.dispose](): void {
    this.#files[Symbol.dispose]();
  }
}
