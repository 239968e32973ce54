import { revivedError, ShakedownError } from "../core/index.ts";
import type { GeneratorEvents, GeneratorJob, GeneratorTotals } from "../replay/index.ts";
import type { FleetRecord, RunDirectory } from "../run/index.ts";
import { localUs } from "./clock-offset.ts";
import type { ClockWatch } from "./clock-watch.ts";
import { decodeMessage, type Origin, type ShardMessage, type WorkerCard } from "./messages.ts";
import type { OrderTimes } from "./order-times.ts";
import type { ShardCare } from "./shard-care.ts";
import { ShardStore } from "./shard-store.ts";
import type { StreamEntry } from "./streams.ts";
import { sumOfShards, wholeShard } from "./whole-shard.ts";

export interface HearingParts {
  readonly job: GeneratorJob;
  readonly directory: RunDirectory;
  readonly events: GeneratorEvents;
  readonly care: ShardCare;
  readonly clocks: ClockWatch;
  readonly orders: OrderTimes;
  /** A shard could not be sent. */
  readonly onFailed: (error: ShakedownError) => void;
  /** A worker stopped by itself, since nobody led it, and dropped what was still to come. */
  readonly onUnled: (worker: string) => void;
}

/** Hears what workers tell of a run: each message once, in order, into the run's files and events. */
export class Hearing implements Disposable {
  readonly #parts: HearingParts;
  readonly #store: ShardStore;
  readonly #lostStarts = new Map<number, number>();
  #lastId: string;

  /** `after`: the last entry that was heard before. */
  constructor(parts: HearingParts, after = "0-0") {
    this.#parts = parts;
    this.#lastId = after;
    this.#store = new ShardStore(parts.directory, parts.job.workers);
  }

  /** Of the last entry that was heard. */
  get lastId(): string {
    return this.#lastId;
  }

  hear(entries: readonly StreamEntry[]): void {
    for (const { fields, id } of entries) {
      const heard = readMessage(fields);
      if (heard !== null) this.#hear(heard.from, heard.told);
      this.#lastId = id;
    }
  }

  /** What all did, with the ledger made whole. @throws OUTPUT_UNWRITABLE, DISK_WRITE_FAILED */
  async totals(failure: ShakedownError | null): Promise<GeneratorTotals> {
    const { care, job } = this.#parts;
    const all: GeneratorTotals[] = [];
    for (let shard = 0; shard < job.workers; shard++) {
      const end = care.book.endOf(shard);
      // oxlint-disable-next-line no-await-in-loop -- each reads its own spools, which are large
      const whole = await wholeShard({ job, shard, store: this.#store, ...end });
      this.#lostStarts.set(shard, whole.lostStarts);
      all.push(whole.totals);
    }
    return sumOfShards(all, failure);
  }

  /** For the manifest; to be asked after `totals`. */
  record(place: string, cards: readonly Pick<WorkerCard, "id" | "host" | "cores">[]): FleetRecord {
    const { care, clocks, job, orders } = this.#parts;
    const holders = Array.from({ length: job.workers }, (_, shard) => care.book.holder(shard, 0));
    return {
      redis: place,
      workers: cards.map(({ cores, host, id }) => ({
        id,
        host,
        cores,
        shards: holders.flatMap((holder, shard) => (holder?.worker === id ? [shard] : [])),
        ...clocks.of(id),
      })),
      gaps: care.gaps.map((gap) => ({ ...gap, lostStarts: this.#lostStarts.get(gap.shard) ?? 0 })),
      obeyedWithinMs: orders.longestMs,
    };
  }

  [Symbol.dispose](): void {
    this.#store[Symbol.dispose]();
  }

  #hear(from: Origin, told: ShardMessage): void {
    const { care, clocks, events, onFailed, onUnled, orders } = this.#parts;
    if (!care.book.take(from, localUs() / 1_000)) return;
    if (told.kind === "ready") care.seeReady(from);
    if (told.kind === "begun") {
      clocks.begun(from.worker, told.clock);
      care.seeBegun(from, told.fromNs);
    }
    if (told.kind === "stage") events.onStage(told.stage);
    if (told.kind === "window") this.#hearWindow(from, told);
    if (told.kind === "blocks") events.onBlocks(from.shard, told.told);
    if (told.kind === "gone") events.onGone(told.arm, told.forNs);
    if (told.kind === "disk") events.onDiskFailure(revivedError(told.error));
    if (told.kind === "obeyed") orders.obeyed(told.order, localUs() / 1_000);
    if (told.kind !== "done") return;
    const error = told.error === null ? null : revivedError(told.error);
    if (told.unled) onUnled(from.worker);
    care.seeDone(from, { ...told.totals, error });
    if (error !== null) onFailed(error);
  }

  #hearWindow(from: Origin, told: Extract<ShardMessage, { kind: "window" }>): void {
    const { clocks, events } = this.#parts;
    events.onCounts(told.counts);
    if (told.clock !== null) clocks.now(from.worker, told.clock);
    try {
      for (const piece of told.pieces) this.#store.write(from, piece);
    } catch (thrown) {
      if (!(thrown instanceof ShakedownError)) throw thrown;
      events.onDiskFailure(thrown);
    }
  }
}

/** Null where it is none: somebody else's, or what a Redis lost a part of. What was ours is told again. */
export function readMessage(
  fields: StreamEntry["fields"],
): ReturnType<typeof decodeMessage> | null {
  try {
    const { bytes = Buffer.alloc(0), words } = fields;
    return decodeMessage({ words: String(words), bytes });
  } catch {
    return null;
  }
}
