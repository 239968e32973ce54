const BUCKETS = 20;

/** How often something happened in the time just before, to a twentieth of it, at no cost. */
export class RecentRate {
  readonly #counts = new Uint32Array(BUCKETS);
  readonly #bucketNs: number;
  readonly #perCount: number;
  #bucket = 0;
  #total = 0;

  constructor(windowNs: number) {
    this.#bucketNs = windowNs / BUCKETS;
    this.#perCount = 1e9 / windowNs;
  }

  add(nowNs: number): void {
    this.#moveTo(nowNs);
    this.#counts[this.#bucket % BUCKETS]!++;
    this.#total++;
  }

  /** Per second, over the window before. */
  before(nowNs: number): number {
    this.#moveTo(nowNs);
    return this.#total * this.#perCount;
  }

  #moveTo(nowNs: number): void {
    const bucket = Math.floor(nowNs / this.#bucketNs);
    const passed = bucket - this.#bucket;
    if (passed <= 0) return;
    for (let i = 1; i <= Math.min(passed, BUCKETS); i++) {
      const slot = (this.#bucket + i) % BUCKETS;
      this.#total -= this.#counts[slot]!;
      this.#counts[slot] = 0;
    }
    this.#bucket = bucket;
  }
}
