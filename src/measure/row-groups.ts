import { BATCH_ROWS } from "./spool-batch.ts";

/** Some rows of a batch: their places stand in `order`, from `from` to before `to`. */
export interface RowList {
  readonly order: Uint16Array;
  readonly from: number;
  readonly to: number;
}

type VisitGroup = (key: number, list: RowList) => void;

/** Keys are counted where all are less than this apart, and compared where they are not. */
const SPAN_MAX = 1 << 20;
const SPAN_AT_FIRST = 1 << 10;

/**
 * A batch's rows by what they belong to. Each histogram then gets its values together: to go to another
 * one for each row takes several times as long.
 */
export class RowGroups {
  /** For each row, a number below 2^31 that says what it belongs to; −1: to nothing. To be filled first. */
  readonly keys = new Int32Array(BATCH_ROWS);
  readonly #order = new Uint16Array(BATCH_ROWS);
  /** By key, from the least on, where its rows end in `#order`. */
  #ends = new Uint32Array(SPAN_AT_FIRST);
  readonly #all = Uint16Array.from({ length: BATCH_ROWS }, (_, row) => row);

  /** The first rows of a batch, so many. */
  all(rows: number): RowList {
    return { order: this.#all, from: 0, to: rows };
  }

  /**
   * Visits the rows of each key, of those in a list, keys ascending; within a key rows stand as they do
   * there. What is visited may be put in another order.
   */
  each(list: RowList, visit: VisitGroup): void {
    const { keys } = this;
    let [least, most] = [Infinity, -1];
    for (let next = list.from; next < list.to; next++) {
      const key = keys[list.order[next]!]!;
      if (key > most) most = key;
      if (key >= 0 && key < least) least = key;
    }
    if (most < 0) return;
    const span = most - least + 1;
    if (span > SPAN_MAX) this.#eachFarApart(list, visit);
    else this.#eachNear(list, least, span, visit);
  }

  #eachNear(list: RowList, least: number, span: number, visit: VisitGroup): void {
    this.#sort(list, least, span);
    const order = this.#order;
    let from = 0;
    for (let place = 0; place < span; place++) {
      const to = this.#ends[place]!;
      if (to > from) visit(place + least, { order, from, to });
      from = to;
    }
  }

  #eachFarApart({ from: first, order: given, to: end }: RowList, visit: VisitGroup): void {
    const { keys } = this;
    const rows = [...given.subarray(first, end)].filter((row) => keys[row]! >= 0);
    this.#order.set(rows.toSorted((a, b) => keys[a]! - keys[b]!));
    const order = this.#order;
    for (let [from, to] = [0, 0]; from < rows.length; from = to) {
      const key = keys[order[from]!]!;
      while (to < rows.length && keys[order[to]!] === key) to++;
      visit(key, { order, from, to });
    }
  }

  /** Counting sort. */
  #sort(list: RowList, least: number, span: number): void {
    if (span > this.#ends.length) this.#ends = new Uint32Array(2 * span);
    const { keys } = this;
    const [ends, order] = [this.#ends, this.#order];
    ends.fill(0, 0, span);
    for (let next = list.from; next < list.to; next++) {
      const key = keys[list.order[next]!]!;
      if (key >= 0) ends[key - least]!++;
    }
    let begin = 0;
    for (let place = 0; place < span; place++) {
      const count = ends[place]!;
      ends[place] = begin;
      begin += count;
    }
    for (let next = list.from; next < list.to; next++) {
      const row = list.order[next]!;
      const key = keys[row]!;
      if (key >= 0) order[ends[key - least]!++] = row;
    }
  }
}
