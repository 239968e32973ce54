import type { Ledger } from "../profile/index.ts";

/** One record that was not usable: where it stands, and why. */
export interface RejectedRecord {
  readonly place: string;
  readonly reason: string;
}

const SHOWN_MAX = 5;

/** Counts what became of every record, and remembers the first few that were rejected. */
export class LedgerBook {
  keptCount = 0;
  filteredCount = 0;
  readonly #rejected = new Map<string, number>();
  readonly #shown: RejectedRecord[] = [];

  reject(place: string, reason: string): void {
    this.#rejected.set(reason, (this.#rejected.get(reason) ?? 0) + 1);
    if (this.#shown.length < SHOWN_MAX) this.#shown.push({ place, reason });
  }

  /** The first rejected records, in file order. */
  get shown(): readonly RejectedRecord[] {
    return this.#shown;
  }

  get rejectedCount(): number {
    return [...this.#rejected.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Reasons with the highest count first, equal ones by name. */
  get ledger(): Ledger {
    return {
      records: this.keptCount + this.filteredCount + this.rejectedCount,
      kept: this.keptCount,
      filtered: this.filteredCount,
      rejected: [...this.#rejected]
        .map(([reason, count]) => ({ reason, count }))
        .toSorted((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1)),
    };
  }
}
