import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { plainError } from "../core/index.ts";
import {
  type CountsMessage,
  type GeneratorEvents,
  type GeneratorJob,
  type Generators,
  type GeneratorTotals,
  startGenerators,
} from "../replay/index.ts";
import { type AskTime, type ClockOffset, localUs, measureOffset } from "./clock-offset.ts";
import { FileTail, isFull } from "./file-tail.ts";
import type { FleetCommand, ShardFile } from "./messages.ts";
import type { Outbox } from "./outbox.ts";
import { aborted, every, pause } from "./ticker.ts";
import type { FilePiece } from "./wire-fields.ts";

const WINDOW_MS = 1_000;
/** Windows between two looks at the clock. */
const CLOCK_EVERY = 2;
/** From when a shard is taken over until its first start: the news must be out before. */
const TAKE_OVER_LEAD_NS = 300_000_000;
const US_TO_NS = 1_000;
const ROOM_MS = 50;

export interface ShardSending {
  readonly job: GeneratorJob;
  readonly shard: number;
  /** From 1. */
  readonly attempt: number;
  /** For the files of this attempt, which go away with it. */
  readonly folder: string;
  readonly outbox: Outbox;
  readonly askTime: AskTime;
  /** Aborted when nobody is there any more to tell. */
  readonly over: AbortSignal;
}

const FILES: readonly ShardFile[] = ["observations", "exposures", "responses"];

/** The job with files in a folder of this worker's. */
function localJob({ folder, job }: ShardSending): GeneratorJob {
  const { assigned, responses, workers } = job;
  const paths = (file: string): string[] =>
    Array.from({ length: workers }, (_, shard) => join(folder, `${file}-${shard}`));
  return {
    ...job,
    ...(assigned !== undefined && "keys" in assigned
      ? { assigned: { ...assigned, logPaths: paths("exposures") } }
      : {}),
    ...(responses === undefined ? {} : { responses: { ...responses, paths: paths("responses") } }),
    spoolPaths: paths("observations"),
    untoldPaths: paths("untold"),
  };
}

/**
 * Sends one shard of a run, as one of a machine's threads would, and tells what happens: counts and
 * the bytes of its files every second, blocks as soon as they are whole.
 */
export class ShardSender {
  readonly #sending: ShardSending;
  readonly #tails: readonly FileTail<ShardFile>[];
  readonly #stopping = new AbortController();
  readonly #cuts = new Set<number>();
  readonly #origin = Promise.withResolvers<number>();
  readonly #grant = Promise.withResolvers<boolean>();
  #generators: Generators | null = null;
  #counts: CountsMessage[number][] = [];
  #windows = 0;
  #unled = false;

  constructor(sending: ShardSending) {
    this.#sending = sending;
    const { attempt, folder, shard } = sending;
    this.#tails = FILES.map((file) => new FileTail(file, join(folder, `${file}-${shard}`)));
    if (attempt === 1) this.#grant.resolve(true);
  }

  /** Does what whoever leads has told: what is of other shards concerns it only where it is relieved. */
  obey(command: FleetCommand): void {
    const { attempt, outbox, shard } = this.#sending;
    if (command.kind === "go") this.#origin.resolve(command.originUs);
    if (command.kind === "cut") {
      this.#cuts.add(command.arm);
      this.#generators?.cut(command.arm);
    }
    if (command.kind === "stop") this.stop();
    if (command.kind === "stop" || command.kind === "cut") {
      void outbox.tell({ kind: "obeyed", order: command.order });
    }
    if (command.kind !== "grant" || command.shard !== shard) return;
    if (command.attempt === attempt) this.#grant.resolve(command.granted);
    // Somebody else sends the rest of it.
    if (command.attempt > attempt && command.granted) this.stop();
  }

  /** As `stop`, since nobody leads: what was sent is told for whoever resumes the run. */
  stopUnled(): void {
    this.#unled = true;
    this.#sending.outbox.letGo();
    this.stop();
  }

  /** Drops what is still to come. */
  stop(): void {
    this.#stopping.abort(new Error("stopped"));
    this.#generators?.stop();
    this.#grant.resolve(false);
  }

  /** Sends it all, and tells so; resolves when all is told, heard or not. Never throws. */
  async run(): Promise<void> {
    const { folder, outbox } = this.#sending;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    try {
      const totals = await this.#send();
      if (totals !== null) {
        const { error, ...rest } = totals;
        await this.#tellRest();
        const failed = error === null ? null : plainError(error, "INTERNAL");
        void outbox.tell({ kind: "done", totals: rest, error: failed, unled: this.#unled });
      }
    } catch (thrown) {
      if (!this.#stopping.signal.aborted) this.#fail(thrown);
    } finally {
      for (const tail of this.#tails) tail[Symbol.dispose]();
      rmSync(folder, { recursive: true, force: true });
    }
  }

  #fail(thrown: unknown): void {
    const nothing = { learned: 0, applied: 0, missed: 0, refused: 0, forgotten: 0 };
    const totals = { endNs: 0, keptRows: 0, lostRows: 0, resends: 0, substitutions: nothing };
    const error = plainError(thrown, "INTERNAL");
    void this.#sending.outbox.tell({ kind: "done", totals, error, unled: this.#unled });
  }

  /** Null where it was relieved, or not wanted, before it began. */
  async #send(): Promise<GeneratorTotals | null> {
    const { outbox, shard } = this.#sending;
    const { signal } = this.#stopping;
    const job = localJob(this.#sending);
    // While it gets ready, too: that it is there is to be known.
    using _ticking = every(WINDOW_MS, () => this.#tellWindow());
    await using generators = await startGenerators(job, this.#events(), signal, [shard]);
    this.#generators = generators;
    void outbox.tell({ kind: "ready" });
    if (!(await this.#grant.promise)) return null;
    const originUs = await Promise.race([this.#origin.promise, aborted(signal)]);
    if (originUs === null) return null;
    for (const arm of this.#cuts) generators.cut(arm);
    const { clock, fromNs } = await this.#begin(originUs);
    const originNs = BigInt(Math.round(originUs - clock.offsetUs)) * BigInt(US_TO_NS);
    const going = generators.go(originNs, fromNs);
    if (signal.aborted) generators.stop();
    return await going;
  }

  /**
   * Tells from which start on it sends. Who takes over does not go before Redis has that: what the
   * one before it still tells comes after it in the stream then, and is not counted.
   */
  async #begin(
    originUs: number,
  ): Promise<{ readonly clock: ClockOffset; readonly fromNs: number }> {
    const { askTime, attempt, outbox } = this.#sending;
    const clock = await measureOffset(askTime);
    const nowNs = (): number => (localUs() + clock.offsetUs - originUs) * US_TO_NS;
    for (;;) {
      const fromNs = attempt === 1 ? 0 : Math.max(nowNs() + TAKE_OVER_LEAD_NS, 0);
      // oxlint-disable-next-line no-await-in-loop -- once, unless Redis is slow
      const taken = await outbox.tell({ kind: "begun", fromNs, clock });
      if (attempt === 1 || (taken && nowNs() < fromNs) || this.#stopping.signal.aborted) {
        return { clock, fromNs };
      }
    }
  }

  #events(): GeneratorEvents {
    const { outbox } = this.#sending;
    return {
      onStage: (stage) => {
        this.#tellWindow();
        void outbox.tell({ kind: "stage", stage });
      },
      onCounts: (counts) => this.#counts.push(...counts),
      onBlocks: (_shard, told) => void outbox.tell({ kind: "blocks", told }),
      onRehearsal: () => {},
      onGone: (arm, forNs) => void outbox.tell({ kind: "gone", arm, forNs }),
      onDiskFailure: (failure) =>
        void outbox.tell({ kind: "disk", error: plainError(failure, "DISK_WRITE_FAILED") }),
    };
  }

  #tellWindow(): void {
    const { askTime, outbox } = this.#sending;
    // What has no room stays in the files meanwhile.
    do {
      const pieces = outbox.hasRoom ? this.#pieces() : [];
      void outbox.tell({ kind: "window", counts: this.#takeCounts(), pieces, clock: null });
      if (!pieces.some(isFull)) break;
    } while (outbox.hasRoom);
    if (this.#windows++ % CLOCK_EVERY !== 0) return;
    void measureOffset(askTime).then(
      (clock) => outbox.tell({ kind: "window", counts: [], pieces: [], clock }),
      // Redis is away: told the next time.
      () => {},
    );
  }

  #takeCounts(): CountsMessage {
    const counts = this.#counts;
    this.#counts = [];
    return counts;
  }

  #pieces(): FilePiece<ShardFile>[] {
    return this.#tails.flatMap((tail) => tail.take() ?? []);
  }

  /** What the files still hold, and what was counted last. */
  async #tellRest(): Promise<void> {
    const { outbox, over } = this.#sending;
    while (!over.aborted) {
      if (outbox.hasRoom) {
        const [counts, pieces] = [this.#takeCounts(), this.#pieces()];
        if (pieces.length === 0 && counts.length === 0) return;
        void outbox.tell({ kind: "window", counts, pieces, clock: null });
      } else {
        // oxlint-disable-next-line no-await-in-loop -- until some of it has been heard
        await pause(ROOM_MS, over);
      }
    }
  }
}
