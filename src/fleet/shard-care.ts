import type { GeneratorTotals } from "../replay/index.ts";
import type { LostShards } from "../run/index.ts";
import type { FleetCommand, Origin } from "./messages.ts";
import { type Gap, ShardBook, type ShardState } from "./shard-book.ts";

/** A worker is taken to be silent when it has told nothing for so long: it tells something each second. */
const SILENT_MS = 2_500;
/** Who looks less often than this has stood still: what was told meanwhile is not heard yet. */
const LOOKS_MS = 1_500;
/** A shard that nobody tells of for so long, and nobody has taken over, is lost. */
export const LOST_MS = 15_000;

interface Known {
  readonly shards: readonly ShardState[];
  readonly gaps: readonly Gap[];
}

export interface CareParts {
  readonly shards: number;
  readonly lostShards: LostShards;
  readonly order: (command: FleetCommand) => void;
  /** Nobody sends the rest of a shard. */
  readonly onLost: (shard: number) => void;
  readonly nowMs: () => number;
  /** The run's time. */
  readonly runNs: () => number;
}

/** Sees to it that each shard is sent by one worker at a time, and that its end is known. */
export class ShardCare {
  readonly book: ShardBook;
  readonly gaps: Gap[];
  /** Resolves when all shards can go. */
  readonly ready = Promise.withResolvers<void>();
  /** Resolves when all are done, or lost. */
  readonly ended = Promise.withResolvers<void>();
  readonly #parts: CareParts;
  /** Who would send the rest of a shard, and what was heard last of who has it: is that silent, or alive? */
  readonly #asking = new Map<number, { readonly from: Origin; readonly next: number }>();
  #begun = false;
  #lookedMs = Number.POSITIVE_INFINITY;

  /** `known`: what whoever led before knew. */
  constructor(parts: CareParts, known: Known = { shards: [], gaps: [] }) {
    this.#parts = parts;
    this.book = new ShardBook(parts.shards, known.shards);
    this.gaps = known.gaps.map((gap) => ({ ...gap }));
    // Looked at by whoever waits.
    this.ready.promise.catch(() => {});
    this.ended.promise.catch(() => {});
  }

  /** Traffic begins: from here on silence counts. */
  begin(): void {
    this.#begun = true;
    this.book.forgiveSilence(this.#parts.nowMs());
    // Where all was over already, nothing more is told.
    this.#endIfOver();
  }

  /** Somebody can send a shard: for the first time, or the rest of it, since its worker went silent. */
  seeReady({ attempt, shard, worker }: Origin): void {
    const { nowMs } = this.#parts;
    if (attempt === 1 || !this.#begun) {
      if (attempt > 1) this.#relieve(shard, attempt);
      this.book.setReady(shard);
      if (this.book.allReady) this.ready.resolve();
      return;
    }
    const holder = this.book.holder(shard, nowMs());
    if (holder === null || this.book.isOver(shard)) {
      this.#refuse({ attempt, shard });
      return;
    }
    const before = this.#asking.get(shard)?.from;
    if (before !== undefined) this.#refuse(before);
    this.#asking.set(shard, { from: { attempt, shard, worker, n: 0 }, next: holder.next });
    this.#seeAsking();
  }

  /** Gives what is left of a shard to who asks for it, once who has it is silent; or refuses it. */
  #seeAsking(): void {
    const { lostShards, nowMs } = this.#parts;
    for (const [shard, { from, next }] of this.#asking) {
      const holder = this.book.holder(shard, nowMs());
      const isHeard = holder === null || holder.next !== next || this.book.isOver(shard);
      if (!isHeard && holder.silentMs < SILENT_MS) continue;
      this.#asking.delete(shard);
      if (isHeard) {
        this.#refuse(from);
        continue;
      }
      this.#openGap(shard, holder, `worker ${holder.worker} went silent`);
      if (lostShards === "take-over") {
        this.gaps.at(-1)!.takenOverBy = from.worker;
        this.#relieve(shard, from.attempt);
      } else {
        this.#refuse(from);
        this.#lose(shard);
      }
    }
  }

  #refuse({ attempt, shard }: Pick<Origin, "attempt" | "shard">): void {
    this.#parts.order({ kind: "grant", shard, attempt, granted: false });
  }

  /** It sends the starts that are intended from then on. */
  seeBegun({ shard, worker }: Origin, fromNs: number): void {
    const gap = this.gaps.findLast((each) => each.shard === shard && each.takenOverBy === worker);
    if (gap !== undefined) gap.toNs = fromNs;
  }

  seeDone({ shard }: Origin, totals: GeneratorTotals): void {
    this.book.setDone(shard, totals);
    this.#endIfOver();
  }

  /** Gives up what has been silent for too long. */
  seeSilence(): void {
    if (!this.#begun) return;
    const nowMs = this.#parts.nowMs();
    if (nowMs - this.#lookedMs > LOOKS_MS) this.book.forgiveSilence(nowMs);
    this.#lookedMs = nowMs;
    this.#seeAsking();
    for (const shard of this.#underWay()) {
      const holder = this.book.holder(shard, nowMs);
      if (holder === null || this.book.silentMs(shard, nowMs) < LOST_MS) continue;
      this.#openGap(shard, holder, `worker ${holder.worker} went silent, and nobody took over`);
      this.#lose(shard);
    }
  }

  /** Gives up all that is not over. */
  loseAll(because: string): void {
    for (const shard of this.#underWay()) {
      const holder = this.book.holder(shard, this.#parts.nowMs());
      this.#openGap(shard, holder ?? { worker: "?", silentMs: 0 }, because);
      this.#lose(shard);
    }
  }

  #underWay(): number[] {
    const all = Array.from({ length: this.#parts.shards }, (_, shard) => shard);
    return all.filter((shard) => !this.book.isOver(shard));
  }

  #relieve(shard: number, attempt: number): void {
    this.book.relieve(shard, attempt);
    this.#parts.order({ kind: "grant", shard, attempt, granted: true });
  }

  #openGap(
    shard: number,
    { silentMs, worker }: { readonly worker: string; readonly silentMs: number },
    because: string,
  ): void {
    const fromNs = Math.max(this.#parts.runNs() - silentMs * 1e6, 0);
    this.gaps.push({ shard, worker, because, fromNs, toNs: null, takenOverBy: null });
  }

  #lose(shard: number): void {
    this.book.setLost(shard);
    this.#parts.onLost(shard);
    this.#endIfOver();
  }

  #endIfOver(): void {
    if (this.book.allOver) this.ended.resolve();
  }
}
