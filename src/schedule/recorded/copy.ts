import { keyedDraw } from "../../core/index.ts";

/** A capture's arrivals as they are played: sped up, and repeated after a period. */
export interface Played {
  /** The capture's own arrivals: non-decreasing, the first at 0. */
  readonly offsetsNs: ArrayLike<number>;
  readonly speed: number;
  /** From one repetition's first arrival to the next one's, as played. */
  readonly periodNs: number;
  /** Nothing is played from here on. */
  readonly endNs: number;
}

/** Arrival `index` of a capture that is repeated for ever, from the first one. */
export function placeNs({ offsetsNs, periodNs, speed }: Played, index: number): number {
  const records = offsetsNs.length;
  return Math.floor(index / records) * periodNs + (offsetsNs[index % records] ?? 0) / speed;
}

/** How a copy that is not wanted whole is thinned. */
export interface Thinning {
  /** Whole, below 2^53. Draws are keyed with it: none depends on how the starts are walked. */
  readonly seed: number;
  /** Mean number of consecutive arrivals that are kept or left out together; at least 1. */
  readonly clump: number;
  /**
   * How many times the capture is wanted for a clump that begins then: copy j keeps it with chance
   * `multiple − j`, held between 0 and 1.
   */
  readonly multiple: (startNs: number) => number;
}

/** Which part of the capture a copy plays. */
export interface CopyPart {
  readonly copy: number;
  /** Its first arrival's index, and how much later than in the capture it comes (may be below 0). */
  readonly first: number;
  readonly shiftNs: number;
  /** How many arrivals it plays at most. */
  readonly count: number;
  /** Null keeps all. */
  readonly thinning: Thinning | null;
}

/**
 * One pass through the capture that may begin anywhere in it. Stands at one arrival; `advance`
 * moves on, past what is left of a clump that is left out. A clump that is left out is stood at
 * once, so that copies can be merged in time without one of them running far ahead.
 */
export class CaptureCopy {
  readonly copy: number;
  /** Infinity past the end. */
  startNs = Infinity;
  record = 0;
  /** Whether the arrival is to be sent. */
  kept = true;
  readonly #played: Played;
  readonly #part: CopyPart;
  readonly #records: number;
  #done = 0;
  #clump = -1;
  #clumpEnd = 0;

  constructor(played: Played, part: CopyPart) {
    this.copy = part.copy;
    this.#played = played;
    this.#part = part;
    this.#records = played.offsetsNs.length;
    this.#stand();
  }

  advance(): void {
    this.#done = this.kept ? this.#done + 1 : this.#clumpEnd;
    this.#stand();
  }

  #stand(): void {
    const { count, first, shiftNs, thinning } = this.#part;
    const index = first + this.#done;
    const startNs = this.#done < count ? placeNs(this.#played, index) + shiftNs : Infinity;
    this.startNs = startNs < this.#played.endNs ? startNs : Infinity;
    this.record = index % this.#records;
    if (thinning !== null && this.startNs < Infinity && this.#done >= this.#clumpEnd) {
      this.#beginClump(thinning);
    }
  }

  /** Clumps are numbered from 0 in each repetition, and none reaches from one into the next. */
  #beginClump({ clump, multiple, seed }: Thinning): void {
    const repetition = Math.floor(this.#done / this.#records);
    const repetitionBegin = repetition * this.#records;
    this.#clump = this.#done === repetitionBegin ? 0 : this.#clump + 1;
    const share = multiple(this.startNs) - this.copy;
    const certain = share <= 0 || share >= 1;
    const whole = Math.floor(clump);
    if (certain && whole === clump) {
      this.kept = share >= 1;
      this.#clumpEnd = this.#done + whole;
    } else {
      const draw = keyedDraw(seed, this.copy, repetition, this.#clump);
      this.kept = certain ? share >= 1 : draw.uniform("keep") < share;
      const longer = whole < clump && draw.uniform("length") < clump - whole;
      this.#clumpEnd = this.#done + whole + (longer ? 1 : 0);
    }
    this.#clumpEnd = Math.min(this.#clumpEnd, repetitionBegin + this.#records);
  }
}
