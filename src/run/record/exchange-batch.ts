import type { RecordedExchange } from "../../emulator/record/index.ts";

const OUTCOMES = ["answered", "cut", "unanswered"] as const satisfies RecordedExchange["outcome"][];
/** Numbers of one exchange: see `put`. */
const COLUMNS = 11;
/** Where there is no status, no body, no `retry-after`. */
const NONE = -1;
/** What a batch has room for at first. */
const ROWS = 64;
const BYTES = 64 * 1024;

/** Exchanges on their way to another thread, as two pieces of memory that go there uncopied. */
export interface SentBatch {
  readonly count: number;
  readonly numbers: Float64Array<ArrayBuffer>;
  /** Of each exchange: head, body, `retry-after`. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * Exchanges are put together as rows of numbers and their bytes: as objects, taking them to pieces
 * for the other thread would be half of what the recorder does.
 */
export class ExchangeBatch {
  #count = 0;
  #numbers = new Float64Array(ROWS * COLUMNS);
  #bytes = Buffer.allocUnsafeSlow(BYTES);
  #length = 0;

  get count(): number {
    return this.#count;
  }

  /** `place`: the number of what is recorded. */
  put(place: number, exchange: RecordedExchange): void {
    const { body, head, retryAfter, status } = exchange;
    const retryBytes = retryAfter?.length ?? 0;
    this.#makeRoom(head.length + (body?.length ?? 0) + retryBytes);
    const numbers = this.#numbers;
    let at = this.#count++ * COLUMNS;
    numbers[at++] = place;
    numbers[at++] = exchange.connection;
    numbers[at++] = exchange.startNs;
    numbers[at++] = exchange.endNs;
    numbers[at++] = exchange.requestBytes;
    numbers[at++] = exchange.responseBytes;
    numbers[at++] = status ?? NONE;
    numbers[at++] = OUTCOMES.indexOf(exchange.outcome);
    numbers[at++] = head.length;
    numbers[at++] = body?.length ?? NONE;
    numbers[at] = retryAfter === undefined ? NONE : retryBytes;
    this.#length += head.copy(this.#bytes, this.#length);
    if (body !== null) this.#length += body.copy(this.#bytes, this.#length);
    if (retryBytes > 0) this.#length += this.#bytes.write(retryAfter!, this.#length, "latin1");
  }

  /** All that was put there since, and what of it is to be transferred. */
  take(): { readonly sent: SentBatch; readonly transfer: ArrayBuffer[] } {
    const sent = { count: this.#count, numbers: this.#numbers, bytes: this.#bytes };
    this.#count = 0;
    this.#length = 0;
    this.#numbers = new Float64Array(ROWS * COLUMNS);
    this.#bytes = Buffer.allocUnsafeSlow(BYTES);
    return { sent, transfer: [sent.numbers.buffer, sent.bytes.buffer] };
  }

  #makeRoom(bytes: number): void {
    if ((this.#count + 1) * COLUMNS > this.#numbers.length) {
      const grown = new Float64Array(2 * this.#numbers.length);
      grown.set(this.#numbers);
      this.#numbers = grown;
    }
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}

/** The exchanges of a batch, in their order, each with the place where it was recorded. */
export function* exchangesOf(sent: SentBatch): Generator<[place: number, RecordedExchange]> {
  // From another thread it comes as plain bytes.
  const bytes = Buffer.from(sent.bytes.buffer, sent.bytes.byteOffset, sent.bytes.length);
  let from = 0;
  const next = (length: number): Buffer => bytes.subarray(from, (from += length));
  for (let row = 0; row < sent.count; row++) {
    const numbers = sent.numbers.subarray(row * COLUMNS, (row + 1) * COLUMNS);
    const [place, connection, startNs, endNs, requestBytes, responseBytes] = numbers;
    const [status, outcome, headBytes, bodyBytes, retryBytes] = numbers.subarray(6);
    const head = next(headBytes!);
    const body = bodyBytes === NONE ? null : next(bodyBytes!);
    const retryAfter = retryBytes === NONE ? undefined : next(retryBytes!).toString("latin1");
    const exchange: RecordedExchange = {
      connection: connection!,
      head,
      body,
      requestBytes: requestBytes!,
      startNs: startNs!,
      endNs: endNs!,
      outcome: OUTCOMES[outcome!]!,
      status: status === NONE ? undefined : status,
      retryAfter,
      responseBytes: responseBytes!,
    };
    yield [place!, exchange];
  }
}
