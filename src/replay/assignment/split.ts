import { keyedDraw } from "../../core/index.ts";
import type { IntendedStart } from "../../schedule/index.ts";
import type { Assignment, Exposure } from "./assignment.ts";
import type { SplitSpec } from "./spec.ts";

/** Of each record, whose it is. */
export interface RecordKeys {
  /** A number of the key's own; 0 where the record has none. */
  readonly keys: Float64Array;
  /** 1 where the key is reserved. */
  readonly reserved: Uint8Array;
}

/** What each arm is to have of the keys that are compared, in one stage, control first. */
export function plannedShares({ shares, weights }: SplitSpec, stage: number): number[] {
  const share = shares[stage] ?? 0;
  const [, ...variants] = weights;
  const total = variants.reduce((sum, weight) => sum + weight, 0);
  return [1 - share, ...variants.map((weight) => (share * weight) / total)];
}

/**
 * Assigns by key: its bucket, a hash of the seed and the key, says whether a variant gets it (below
 * the stage's share) and a second hash which of them, by weight. Buckets do not change, so that a
 * larger share only ever adds keys, and who is held out, at the other end, stays there.
 *
 * A clone of the capture, and each time that the capture is gone through in order, is another user
 * with sessions of its own; a header's value is the same user wherever it comes. A start without a
 * key is assigned by itself.
 *
 * Source: hash-based bucketing, Kohavi, Tang & Xu 2020 ch. 15 (ramping) and ch. 14 (the unit).
 */
export class SplitAssignment implements Assignment {
  readonly #spec: SplitSpec;
  readonly #seed: string;
  readonly #known: RecordKeys;
  /** Ends of the variants' parts of 1, from the first variant on. */
  readonly #ends: readonly number[];

  constructor(spec: SplitSpec, seed: string, known: RecordKeys) {
    this.#spec = spec;
    this.#seed = seed;
    this.#known = known;
    const weights = spec.weights.slice(1);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    let end = 0;
    this.#ends = weights.map((weight) => (end += weight / total));
  }

  armsOf(start: IntendedStart): number {
    return 1 << this.exposureOf(start).arm;
  }

  exposureOf(start: IntendedStart): Exposure {
    const { holdout, shares } = this.#spec;
    const draw = keyedDraw(this.#seed, "assignment", ...this.#keyOf(start));
    const bucket = draw.uniform("bucket");
    if (this.#known.reserved[start.record] === 1) return { arm: 0, part: "reserved", bucket };
    if (bucket >= 1 - holdout) return { arm: 0, part: "holdout", bucket };
    if (bucket >= (shares[start.stage] ?? 0)) return { arm: 0, part: "compared", bucket };
    return { arm: this.#variant(draw.uniform("variant")), part: "compared", bucket };
  }

  #variant(place: number): number {
    const found = this.#ends.findIndex((end) => place < end);
    return 1 + (found === -1 ? this.#ends.length - 1 : found);
  }

  #keyOf({ copy, record, seq }: IntendedStart): readonly (string | number)[] {
    const key = this.#known.keys[record] ?? 0;
    if (key === 0) return ["start", seq];
    if (this.#spec.by.kind === "header") return ["header", key];
    return ["session", key, copy, Math.floor(seq / this.#known.keys.length)];
  }
}
