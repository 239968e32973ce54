import { CALL_COLUMNS, outcomeOf, putCall } from "./call-row.ts";
import { bucketOf } from "./hdr-layout.ts";
import { CALL_OUTCOMES, type CallOutcome, type EmulatedCall } from "./emulated-call.ts";
import { BATCH_ROWS, SpoolBatch, type UnreadBlock } from "./spool-batch.ts";

/** Outcomes of an answer that was to wait, which come first in their list. */
const WAITED_BELOW = CALL_OUTCOMES.indexOf("limited");

/** A column that is made of others, when it is first asked for. */
class Made<Values extends Float64Array | Uint16Array> {
  readonly column: Values;
  isMade = false;

  constructor(column: Values) {
    this.column = column;
  }
}

/** Emulated calls column by column; times are those of the run. */
export class CallBatch extends SpoolBatch<typeof CALL_COLUMNS> {
  readonly #leadNs: number;
  readonly #outcome: Uint8Array;
  readonly #arrive = new Made(new Float64Array(BATCH_ROWS));
  readonly #end = new Made(new Float64Array(BATCH_ROWS));
  readonly #meant = new Made(new Uint16Array(BATCH_ROWS));
  readonly #given = new Made(new Uint16Array(BATCH_ROWS));
  readonly #error = new Made(new Uint16Array(BATCH_ROWS));

  /** `leadNs` is taken off all times. */
  constructor(leadNs: number) {
    super(CALL_COLUMNS, ["outcome"]);
    this.#leadNs = leadNs;
    this.#outcome = this.memory.outcome;
  }

  override append(block: UnreadBlock): void {
    super.append(block);
    this.#forget();
  }

  /** Takes another call. */
  push(call: EmulatedCall): void {
    putCall(this.memory, this.rows++, call);
    this.#forget();
  }

  override clear(): void {
    super.clear();
    this.#forget();
  }

  get arriveNs(): Float64Array {
    return this.#times(this.#arrive, "arriveNs");
  }

  get endNs(): Float64Array {
    return this.#times(this.#end, "endNs");
  }

  outcomeAt(row: number): CallOutcome {
    return outcomeOf(this.#outcome[row]!);
  }

  /** Whether a call was given a delay and an answer: a limited one is answered at once, none was meant. */
  hasWaited(row: number): boolean {
    return this.#outcome[row]! < WAITED_BELOW;
  }

  /** In which histogram buckets delays are that were meant. */
  get meantBuckets(): Uint16Array {
    return this.#buckets(this.#meant, "meantDelayUs");
  }

  get givenBuckets(): Uint16Array {
    return this.#buckets(this.#given, "givenDelayUs");
  }

  /** In which buckets it is by how much the one was off from the other. */
  get errorBuckets(): Uint16Array {
    const { column, isMade } = this.#error;
    if (isMade) return column;
    const { givenDelayUs, meantDelayUs } = this.columns;
    for (let row = 0; row < this.rows; row++) {
      column[row] = bucketOf(Math.abs(givenDelayUs[row]! - meantDelayUs[row]!));
    }
    this.#error.isMade = true;
    return column;
  }

  #times(made: Made<Float64Array>, name: "arriveNs" | "endNs"): Float64Array {
    if (!made.isMade) {
      const spooled = this.columns[name];
      const leadNs = this.#leadNs;
      for (let row = 0; row < this.rows; row++) made.column[row] = spooled[row]! - leadNs;
      made.isMade = true;
    }
    return made.column;
  }

  #buckets(made: Made<Uint16Array>, name: "givenDelayUs" | "meantDelayUs"): Uint16Array {
    if (!made.isMade) {
      const delays = this.columns[name];
      for (let row = 0; row < this.rows; row++) made.column[row] = bucketOf(delays[row]!);
      made.isMade = true;
    }
    return made.column;
  }

  #forget(): void {
    for (const made of [this.#arrive, this.#end, this.#meant, this.#given, this.#error]) {
      made.isMade = false;
    }
  }
}
