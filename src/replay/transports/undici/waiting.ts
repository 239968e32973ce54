import type { Carrier } from "./carrier.ts";

const COMPACT_FROM = 1_024;

/** Who waits for a connection, first come, first served. Those given up are passed over. */
export class Waiting {
  #queue: Carrier[] = [];
  #head = 0;

  push(carrier: Carrier): void {
    this.#queue.push(carrier);
  }

  first(): Carrier | undefined {
    while (this.#queue[this.#head]?.exchange === null) this.removeFirst();
    return this.#queue[this.#head];
  }

  // `shift` moves all that follow, which for tens of thousands takes long.
  removeFirst(): void {
    this.#head++;
    if (this.#head < COMPACT_FROM || this.#head * 2 < this.#queue.length) return;
    this.#queue = this.#queue.slice(this.#head);
    this.#head = 0;
  }
}
