/** How long orders take until the last worker has done what they say. */
export class OrderTimes {
  readonly #sentMs: number[] = [];
  readonly #before: number;
  #longestMs: number | null = null;

  /** `before`: so many were given by whoever led before. */
  constructor(before = 0) {
    this.#before = before;
  }

  get count(): number {
    return this.#before + this.#sentMs.length;
  }

  /** The order's number. */
  sent(nowMs: number): number {
    return this.#before + this.#sentMs.push(nowMs) - 1;
  }

  obeyed(order: number, nowMs: number): void {
    const sentMs = this.#sentMs[order - this.#before];
    if (sentMs === undefined) return;
    this.#longestMs = Math.max(this.#longestMs ?? 0, nowMs - sentMs);
  }

  /** From sending one until hearing that it was done, both ways included; null: none was. */
  get longestMs(): number | null {
    return this.#longestMs;
  }
}
