/** How long orders take until the last worker has done what they say. */
export class OrderTimes {
  readonly #sentMs: number[] = [];
  #longestMs: number | null = null;

  /** The order's number. */
  sent(nowMs: number): number {
    return this.#sentMs.push(nowMs) - 1;
  }

  obeyed(order: number, nowMs: number): void {
    const sentMs = this.#sentMs[order];
    if (sentMs === undefined) return;
    this.#longestMs = Math.max(this.#longestMs ?? 0, nowMs - sentMs);
  }

  /** From sending one until hearing that it was done, both ways included; null: none was. */
  get longestMs(): number | null {
    return this.#longestMs;
  }
}
