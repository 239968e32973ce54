const SIZE_AT_FIRST = 1 << 10;
const NOBODY = -1;

/**
 * Starts of which one arm's row has come and the other's has not, by their number. Numbers that wait at
 * the same time are near each other, so each has the place of its last bits, and there are as many
 * places as it takes for no two to have the same: memory is what is in flight, and not the run.
 */
export class WaitingStarts {
  #seqs = new Float64Array(SIZE_AT_FIRST).fill(NOBODY);
  #arms = new Uint8Array(SIZE_AT_FIRST);
  #startNs = new Float64Array(SIZE_AT_FIRST);
  #tookNs = new Float64Array(SIZE_AT_FIRST);
  /** Of the row that the last `meet` found. */
  metStartNs = NaN;
  metTookNs = NaN;

  /** Whether another arm's row of this start has waited, which then waits no more; else this one waits. */
  meet(seq: number, arm: number, startNs: number, tookNs: number): boolean {
    const place = seq & (this.#seqs.length - 1);
    if (this.#seqs[place] === seq && this.#arms[place] !== arm) {
      this.#seqs[place] = NOBODY;
      this.metStartNs = this.#startNs[place]!;
      this.metTookNs = this.#tookNs[place]!;
      return true;
    }
    this.#put(seq, arm, startNs, tookNs);
    return false;
  }

  #put(seq: number, arm: number, startNs: number, tookNs: number): void {
    let place = seq & (this.#seqs.length - 1);
    while (this.#seqs[place] !== NOBODY && this.#seqs[place] !== seq) {
      this.#grow();
      place = seq & (this.#seqs.length - 1);
    }
    this.#seqs[place] = seq;
    this.#arms[place] = arm;
    this.#startNs[place] = startNs;
    this.#tookNs[place] = tookNs;
  }

  /** No two that have had places of their own have the same in twice as many. */
  #grow(): void {
    const [seqs, arms, startNs, tookNs] = [this.#seqs, this.#arms, this.#startNs, this.#tookNs];
    const size = 2 * seqs.length;
    this.#seqs = new Float64Array(size).fill(NOBODY);
    this.#arms = new Uint8Array(size);
    this.#startNs = new Float64Array(size);
    this.#tookNs = new Float64Array(size);
    for (let from = 0; from < seqs.length; from++) {
      if (seqs[from] !== NOBODY) this.#put(seqs[from]!, arms[from]!, startNs[from]!, tookNs[from]!);
    }
  }
}
