import { keyedDraw } from "../core/index.ts";
import type { IntendedStart } from "../schedule/index.ts";

/** From some moment on only a share of the starts is sent, the same in all arms. */
export interface Thinning {
  readonly share: number;
  /** Of intended time, in ns of the run. */
  readonly fromNs: number;
}

/**
 * Which starts are left out once a run's load was made smaller: by a draw that is keyed by the start, so
 * that all arms and all workers leave out the same, and a smaller share is a part of a larger one.
 */
export class Thinner {
  readonly #seed: string;
  /** A start and its repeat, numbered 2n and 2n + 1, go together. */
  readonly #perDraw: 1 | 2;
  readonly #thinnings: Thinning[] = [];
  #firstNs = Number.POSITIVE_INFINITY;

  constructor(seed: string, repeats: boolean) {
    this.#seed = seed;
    this.#perDraw = repeats ? 2 : 1;
  }

  add(thinning: Thinning): void {
    this.#thinnings.push(thinning);
    this.#firstNs = Math.min(this.#firstNs, thinning.fromNs);
  }

  leavesOut({ intendedNs, seq }: IntendedStart): boolean {
    if (intendedNs < this.#firstNs) return false;
    const at = Math.floor(seq / this.#perDraw);
    const drawn = keyedDraw(this.#seed, "thinning", at).uniform("kept");
    return this.#thinnings.some(({ fromNs, share }) => intendedNs >= fromNs && drawn >= share);
  }
}
