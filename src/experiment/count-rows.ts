import {
  BATCH_ROWS,
  type ObservationBatch,
  RowGroups,
  type RowList,
  type StartSet,
} from "../measure/index.ts";
import type { Block } from "./blocks.ts";
import type { Plan } from "./plan.ts";

/** What a request is judged by. */
export interface Context {
  readonly capNs: number;
  /** Starts that some arm answered below 400. */
  readonly answered: Pick<StartSet, "has">;
  /** In ns. */
  readonly targets: readonly number[];
  /** Every refusal is a failure: see `refusalsFail`. */
  readonly refusalsFail: boolean;
}

/** Whether every refusal (4xx) counts: where no other arm gets the same start, none says if it was due. */
export const refusalsFail = ({ assignment }: Pick<Plan, "assignment">): boolean =>
  assignment?.kind === "split";

/** Of a row that was started: no answer, a server's fault, or a refusal of what another arm answered. */
export function hasFailed(
  batch: ObservationBatch,
  row: number,
  { answered, refusalsFail: all }: Pick<Context, "answered" | "refusalsFail">,
): boolean {
  if (batch.isFailure(row)) return true;
  return batch.statusAt(row) >= 400 && (all || answered.has(batch.columns.seq[row]!));
}

/** The number of the block of a moment of a start; -1 where there is none. */
type PlaceAt = (atNs: number, seq: number) => number;

/** Where rows are counted: blocks by number, the same in every arm. */
interface Places {
  readonly blocks: number;
  readonly block: (arm: number, place: number) => Block | undefined;
  /** No metric is made of service times, and none are kept; they are unless given. */
  readonly responseTimesOnly?: boolean;
}

/**
 * Credits requests to the blocks of their intended starts, and answers to those that they came in. What
 * it takes of a batch it counts as often as is wanted: into blocks of everybody, and of parts.
 */
export class RowCounter {
  readonly #context: Context;
  readonly #groups = new RowGroups();
  /** Of the batch that was taken: where each row started; where its answer came, if it has one. */
  readonly #starts = new Int32Array(BATCH_ROWS);
  readonly #answers = new Int32Array(BATCH_ROWS);
  /** 1: it has failed. */
  readonly #failed = new Uint8Array(BATCH_ROWS);

  constructor(context: Context) {
    this.#context = context;
  }

  /** By row of the batch that was taken, the number of the block that it started in. */
  get starts(): Int32Array {
    return this.#starts;
  }

  /** Takes a batch, to be counted. */
  take(batch: ObservationBatch, placeAt: PlaceAt): void {
    const { intendedNs, seq } = batch.columns;
    const { endNs } = batch;
    for (let row = 0; row < batch.rows; row++) {
      this.#starts[row] = placeAt(intendedNs[row]!, seq[row]!);
      this.#answers[row] = batch.isResponse(row) ? placeAt(endNs[row]!, seq[row]!) : -1;
      this.#failed[row] = hasFailed(batch, row, this.#context) ? 1 : 0;
    }
  }

  /** Counts rows of the batch that was taken; all of them unless a list is given. */
  count(into: Places, batch: ObservationBatch, list: RowList = this.#groups.all(batch.rows)): void {
    this.#countStarts(into, batch, list);
    this.#countAnswers(into, batch, list);
  }

  #countStarts(into: Places, batch: ObservationBatch, list: RowList): void {
    const { arm } = batch.columns;
    const { keys } = this.#groups;
    const { blocks } = into;
    const keepsService = into.responseTimesOnly !== true;
    const starts = this.#starts;
    for (let next = list.from; next < list.to; next++) {
      const row = list.order[next]!;
      const place = starts[row]!;
      keys[row] = place < 0 ? -1 : arm[row]! * blocks + place;
    }
    this.#groups.each(list, (key, own) => {
      const block = into.block(Math.floor(key / blocks), key % blocks);
      if (block !== undefined) this.#addTo(block, batch, own, keepsService);
    });
  }

  #addTo(
    block: Block,
    batch: ObservationBatch,
    { from, order, to }: RowList,
    keepsService: boolean,
  ): void {
    const { bytesOut } = batch.columns;
    let started = from;
    for (let next = from; next < to; next++) {
      const row = order[next]!;
      block.planned += batch.countAt(row);
      if (batch.isDropped(row)) continue;
      order[started++] = row;
      const isResponse = batch.isResponse(row);
      if (this.#failed[row] === 1) {
        block.failed++;
        if (!isResponse) block.censored++;
      } else {
        this.#countGood(block.good, batch, row);
      }
      if (!isResponse) continue;
      block.responses++;
      block.requestBytes += bytesOut[row]!;
    }
    block.started += started - from;
    const { capNs } = this.#context;
    const own = { order, from, to: started };
    block.responseTime.recordEach(batch.responseBuckets(capNs), own);
    if (keepsService) block.serviceTime.recordEach(batch.serviceBuckets(capNs), own);
  }

  #countAnswers(into: Places, batch: ObservationBatch, { from, order, to }: RowList): void {
    const { arm } = batch.columns;
    const answers = this.#answers;
    for (let next = from; next < to; next++) {
      const row = order[next]!;
      if (answers[row]! < 0) continue;
      const block = into.block(arm[row]!, answers[row]!);
      if (block === undefined) continue;
      block.answered++;
      if (this.#failed[row] === 0) this.#countGood(block.answeredGood, batch, row);
    }
  }

  /** Counts a request that did not fail under each target that it kept. */
  #countGood(counts: number[], batch: ObservationBatch, row: number): void {
    const { targets } = this.#context;
    if (targets.length === 0) return;
    const tookNs = batch.tookNsAt(row);
    for (let place = 0; place < targets.length; place++) {
      if (tookNs <= targets[place]!) counts[place]!++;
    }
  }
}
