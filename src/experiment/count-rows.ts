import { type ObservationBatch, RowGroups, type RowList, type StartSet } from "../measure/index.ts";
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
  /** No metric is made of service times, and none are kept; they are unless given. */
  readonly responseTimesOnly?: boolean;
}

/** Whether every refusal (4xx) counts: where no other arm gets the same start, none says if it was due. */
export const refusalsFail = ({ assignment }: Pick<Plan, "assignment">): boolean =>
  assignment?.kind === "split";

/** Of a row that was started: no answer, a server's fault, or a refusal of what another arm answered. */
export function hasFailed(
  batch: ObservationBatch,
  row: number,
  context: Pick<Context, "answered" | "refusalsFail">,
): boolean {
  if (batch.isFailure(row)) return true;
  const { seq, status } = batch.columns;
  return status[row]! >= 400 && (context.refusalsFail || context.answered.has(seq[row]!));
}

/** Where rows are counted: blocks by number, the same in every arm. */
interface Places {
  readonly blocks: number;
  /** The number of the block of a moment of a start; -1 where there is none. */
  readonly placeAt: (atNs: number, seq: number) => number;
  readonly block: (arm: number, place: number) => Block | undefined;
}

/** Credits requests to the blocks of their intended starts, and answers to those that they came in. */
export class RowCounter {
  readonly #context: Context;
  readonly #groups = new RowGroups();

  constructor(context: Context) {
    this.#context = context;
  }

  /** Counts the rows of a list; all rows of the batch unless it is given. */
  count(into: Places, batch: ObservationBatch, list: RowList = this.#groups.all(batch.rows)): void {
    this.#countStarts(into, batch, list);
    this.#countAnswers(into, batch, list);
  }

  #countStarts(into: Places, batch: ObservationBatch, list: RowList): void {
    const { arm, intendedNs, seq } = batch.columns;
    const { keys } = this.#groups;
    const { blocks } = into;
    for (let next = list.from; next < list.to; next++) {
      const row = list.order[next]!;
      const place = into.placeAt(intendedNs[row]!, seq[row]!);
      keys[row] = place < 0 ? -1 : arm[row]! * blocks + place;
    }
    this.#groups.each(list, (key, own) => {
      const block = into.block(Math.floor(key / blocks), key % blocks);
      if (block !== undefined) this.#addTo(block, batch, own);
    });
  }

  #addTo(block: Block, batch: ObservationBatch, { from, order, to }: RowList): void {
    const { bytesOut } = batch.columns;
    let started = from;
    for (let next = from; next < to; next++) {
      const row = order[next]!;
      block.planned += batch.countAt(row);
      if (batch.isDropped(row)) continue;
      order[started++] = row;
      this.#countOutcome(block, batch, row);
      if (!batch.isResponse(row)) continue;
      block.responses++;
      block.requestBytes += bytesOut[row]!;
    }
    block.started += started - from;
    const { capNs, responseTimesOnly } = this.#context;
    const own = { order, from, to: started };
    block.responseTime.recordEach(batch.responseBuckets(capNs), own);
    if (responseTimesOnly !== true) block.serviceTime.recordEach(batch.serviceBuckets(capNs), own);
  }

  #countOutcome(block: Block, batch: ObservationBatch, row: number): void {
    if (hasFailed(batch, row, this.#context)) {
      block.failed++;
      if (!batch.isResponse(row)) block.censored++;
    } else {
      this.#countGood(block.good, batch, row);
    }
  }

  #countAnswers(into: Places, batch: ObservationBatch, { from, order, to }: RowList): void {
    const { arm, seq } = batch.columns;
    const { endNs } = batch;
    for (let next = from; next < to; next++) {
      const row = order[next]!;
      if (!batch.isResponse(row)) continue;
      const block = into.block(arm[row]!, into.placeAt(endNs[row]!, seq[row]!));
      if (block === undefined) continue;
      block.answered++;
      if (!hasFailed(batch, row, this.#context)) this.#countGood(block.answeredGood, batch, row);
    }
  }

  /** Counts a request that did not fail under each target that it kept. */
  #countGood(counts: number[], batch: ObservationBatch, row: number): void {
    const { targets } = this.#context;
    const tookNs = batch.endNs[row]! - batch.columns.intendedNs[row]!;
    for (let place = 0; place < targets.length; place++) {
      if (tookNs <= targets[place]!) counts[place]!++;
    }
  }
}
