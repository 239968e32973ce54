import { keyedDraw } from "../core/index.ts";
import type { IntendedStart } from "../schedule/index.ts";

/** For some time only a share of the starts is sent, the same in all arms. */
export interface Thinning {
  readonly share: number;
  /** Of intended time, in ns of the run. */
  readonly fromNs: number;
  /** To the end of the run unless given. */
  readonly untilNs?: number;
  /** Whether somebody holds the ramp, and may let it go on before `untilNs`. */
  readonly held?: true;
}

/** Why a start was left out. */
export type ThinnedBecause = "throttled" | "held";

/**
 * Which starts are left out once a run's load was made smaller: by a draw that is keyed by the start, so
 * that all arms and all workers leave out the same, and a smaller share is a part of a larger one.
 */
export class Thinner {
  readonly #seed: string;
  /** A start and its repeat, numbered 2n and 2n + 1, go together. */
  readonly #perDraw: 1 | 2;
  #thinnings: Thinning[] = [];
  #firstNs = Number.POSITIVE_INFINITY;

  constructor(seed: string, repeats: boolean) {
    this.#seed = seed;
    this.#perDraw = repeats ? 2 : 1;
  }

  add(thinning: Thinning): void {
    this.#thinnings.push(thinning);
    this.#firstNs = Math.min(this.#firstNs, thinning.fromNs);
  }

  /** What was held is sent again from some moment of intended time on. */
  release(fromNs: number): void {
    this.#thinnings = this.#thinnings.flatMap((each) => {
      if (each.held !== true) return [each];
      // What begins later is never held.
      const untilNs = Math.min(each.untilNs ?? Infinity, fromNs);
      return each.fromNs < untilNs ? [{ ...each, untilNs }] : [];
    });
  }

  /** Null where it is sent. What is left out for two reasons is so for the one that came first. */
  leavesOut({ intendedNs, seq }: IntendedStart): ThinnedBecause | null {
    if (intendedNs < this.#firstNs) return null;
    const at = Math.floor(seq / this.#perDraw);
    const drawn = keyedDraw(this.#seed, "thinning", at).uniform("kept");
    const why = this.#thinnings.find(
      ({ fromNs, share, untilNs = Infinity }) =>
        intendedNs >= fromNs && intendedNs < untilNs && drawn >= share,
    );
    return why === undefined ? null : why.held === true ? "held" : "throttled";
  }
}
