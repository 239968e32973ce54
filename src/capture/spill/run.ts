import { ViewedBytes } from "../viewed-bytes.ts";
import {
  bytesMaxOf,
  type HeldRecord,
  type HeldShared,
  HeldView,
  type Precision,
  SHARED_RECORD_BYTES,
  writeHeld,
  writeHeldShared,
} from "./held.ts";

const FIRST_BYTES = 2 ** 16;

/** A run's bytes: records of one precision, sorted by arrival, equal ones as they were read. */
export interface Run {
  readonly precision: Precision;
  readonly bytes: Buffer;
}

/** Collects records until they are as many bytes as it takes; then they are put in order. */
export class RunBuilder {
  readonly #bytesMax: number;
  #target = new ViewedBytes(Buffer.allocUnsafe(FIRST_BYTES));
  #end = 0;
  #starts: number[] = [];
  #inOrder = true;
  readonly #last = { sec: Number.NEGATIVE_INFINITY, ns: 0, seq: -1, precision: -1 };

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Whether so many bytes have no place any more in a builder that holds some. */
  isFullFor(bytes: number): boolean {
    return this.#starts.length > 0 && this.#end + bytes > this.#bytesMax;
  }

  add(seq: number, record: HeldRecord): void {
    this.#begin(seq, record, bytesMaxOf(record));
    this.#end = writeHeld(this.#target, this.#end, seq, record);
  }

  addShared(seq: number, record: HeldShared): void {
    this.#begin(seq, record, SHARED_RECORD_BYTES);
    this.#end = writeHeldShared(this.#target, this.#end, seq, record);
  }

  #begin(seq: number, { ns, precision, sec }: HeldRecord | HeldShared, bytes: number): void {
    this.#reserve(bytes);
    this.#starts.push(this.#end);
    const last = this.#last;
    const later =
      sec !== last.sec ? sec > last.sec : ns !== last.ns ? ns > last.ns : seq > last.seq;
    if (!later || precision !== last.precision) this.#inOrder &&= this.#starts.length === 1;
    last.sec = sec;
    last.ns = ns;
    last.seq = seq;
    last.precision = precision;
  }

  /** What was added as runs, one for each precision: good until the builder is cleared. */
  runs(): Run[] {
    const view = new HeldView();
    view.attach(this.#target.bytes.subarray(0, this.#end));
    const runs = this.#inOrder ? this.#whole(view) : sortedRuns(view, this.#starts);
    for (const run of runs) countGroups(run);
    return runs;
  }

  /** Forgets what was added; whether its bytes may be written over. */
  clear(mayReuse: boolean): void {
    if (!mayReuse) this.#target = new ViewedBytes(Buffer.alloc(0));
    [this.#end, this.#starts, this.#inOrder] = [0, [], true];
    this.#last.sec = Number.NEGATIVE_INFINITY;
  }

  #whole(view: HeldView): Run[] {
    if (this.#starts.length === 0) return [];
    view.at = 0;
    return [{ precision: view.precision, bytes: view.bytes }];
  }

  #reserve(bytes: number): void {
    const held = this.#target.bytes;
    const needed = this.#end + bytes;
    if (needed <= held.length) return;
    const wanted = Math.min(held.length * 2, this.#bytesMax);
    const grown = Buffer.allocUnsafe(Math.max(wanted, needed, FIRST_BYTES));
    held.copy(grown, 0, 0, this.#end);
    this.#target = new ViewedBytes(grown);
  }
}

/** Copies the records, which stand where `starts` says, into one sorted run for each precision. */
function sortedRuns(view: HeldView, starts: readonly number[]): Run[] {
  const found = starts.map((at) => {
    view.at = at;
    const { ns, precision, sec, seq, size } = view;
    return { at, sec, ns, seq, precision, size };
  });
  // Who waited for an answer was put in after others that were read later.
  found.sort((a, b) => a.precision - b.precision || a.sec - b.sec || a.ns - b.ns || a.seq - b.seq);
  const runs: Run[] = [];
  for (let from = 0; from < found.length;) {
    const { precision } = found[from]!;
    let to = from;
    let bytes = 0;
    while (found[to]?.precision === precision) bytes += found[to++]!.size;
    const sorted = Buffer.allocUnsafe(bytes);
    let end = 0;
    for (const { at, size } of found.slice(from, to)) {
      end += view.bytes.copy(sorted, end, at, at + size);
    }
    runs.push({ precision, bytes: sorted });
    from = to;
  }
  return runs;
}

/** Writes into the first record of each arrival how many share it. */
function countGroups({ bytes }: Run): void {
  const [first, view] = [new HeldView(), new HeldView()];
  first.attach(bytes);
  view.attach(bytes);
  let count = 0;
  for (; view.at < bytes.length; view.at += view.size) {
    if (count > 0 && (view.sec !== first.sec || view.ns !== first.ns)) {
      first.group = count;
      first.at = view.at;
      count = 0;
    }
    count++;
  }
  if (count > 0) first.group = count;
}
