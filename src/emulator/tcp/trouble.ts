import type { Clock, DeadlineHandle, Deadlines } from "../../core/index.ts";

/**
 * What is done to the dependency behind a proxy for a while, whatever its toxics are:
 * - `slowed`: what comes back takes so many times as long as it took, its toxics included;
 * - `hung`: a connection on which something is asked, or that is opened, is never answered again, and is
 *   closed when the trouble is over; others are as they were;
 * - `away`: connections are refused, and one that is open is reset when something is asked on it.
 */
export type Trouble =
  | { readonly kind: "slowed"; readonly factor: number }
  | { readonly kind: "hung" }
  | { readonly kind: "away" };

/** A trouble with when it holds, in nanoseconds since traffic began. */
export interface TroubleWindow {
  readonly trouble: Trouble;
  readonly fromNs: number;
  readonly toNs: number;
}

/** Says at each moment at which the trouble changes what it is from then on; null: none. */
export class TroubleTimes {
  readonly #around: { readonly clock: Clock; readonly deadlines: Deadlines };
  readonly #tell: (trouble: Trouble | null) => void;
  readonly #due: DeadlineHandle[];

  /** Traffic begins when the clock shows `leadNs`. Where windows meet, the later one holds. */
  constructor(
    windows: readonly TroubleWindow[],
    leadNs: number,
    around: { readonly clock: Clock; readonly deadlines: Deadlines },
    tell: (trouble: Trouble | null) => void,
  ) {
    this.#around = around;
    this.#tell = tell;
    const troubleAt = (atNs: number): Trouble | null =>
      windows.find(({ fromNs, toNs }) => fromNs <= atNs && atNs < toNs)?.trouble ?? null;
    const edges = new Set(windows.flatMap(({ fromNs, toNs }) => [fromNs, toNs]));
    this.#due = [...edges].map((atNs) =>
      this.#around.deadlines.at(leadNs + atNs, () => this.#tell(troubleAt(atNs))),
    );
  }

  stop(): void {
    for (const due of this.#due.splice(0)) this.#around.deadlines.cancel(due);
  }
}
