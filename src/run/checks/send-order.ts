import { formatCount, formatRatio } from "../../core/index.ts";
import type { Plan } from "../../experiment/index.ts";
import type { ObservationBatch } from "../../measure/index.ts";
import { normalCdf } from "../../stats/index.ts";
import { type Check, check, type CheckInput, ofArm } from "./check.ts";
import { WaitingStarts } from "./waiting-starts.ts";

/** A fair order fails this once in a thousand runs. */
const UNFAIR_BELOW = 0.001;

/** Two-sided chance that a fair coin strays so far; normal, exact enough for 30 tosses and more. */
function fairness(heads: number, tosses: number): number {
  const z = (Math.abs(2 * heads - tosses) - 1) / Math.sqrt(tosses);
  return z <= 0 ? 1 : 2 * normalCdf(-z);
}

/** The order of a variant and control in the pairs that both answered. */
interface Order {
  pairs: number;
  variantFirst: number;
  /** Of pairs that took different times, those in which the arm written later took longer. */
  laterSlower: number;
  different: number;
}

/** In which order the arms of each start were written, pair by pair. */
export class SendOrders {
  /** Of each variant with control, in the order of the plan's arms. */
  readonly orders: readonly Order[];
  readonly #waiting: readonly WaitingStarts[];

  constructor({ arms, assignment }: Plan) {
    // Where no two arms are written at once, there is no order.
    const variants = assignment === undefined ? arms.slice(1) : [];
    this.orders = variants.map(() => ({
      pairs: 0,
      variantFirst: 0,
      laterSlower: 0,
      different: 0,
    }));
    this.#waiting = variants.map(() => new WaitingStarts());
  }

  /**
   * `judged`: 1 for each row that is in judged time. What was not answered, in either arm, is no pair.
   */
  add(batch: ObservationBatch, judged: Uint8Array): void {
    if (this.orders.length === 0) return;
    const { columns, endNs, startNs } = batch;
    const { arm: arms, intendedNs, seq } = columns;
    for (let row = 0; row < batch.rows; row++) {
      const arm = arms[row]!;
      const counts = batch.isResponse(row) && (arm !== 0 || judged[row] === 1);
      const began = counts ? startNs[row]! : NaN;
      const tookNs = counts ? endNs[row]! - intendedNs[row]! : NaN;
      if (arm !== 0) this.#meet(arm - 1, seq[row]!, arm, began, tookNs);
      else
        for (const variant of this.orders.keys()) this.#meet(variant, seq[row]!, 0, began, tookNs);
    }
  }

  #meet(variant: number, seq: number, arm: number, startNs: number, tookNs: number): void {
    const waiting = this.#waiting[variant];
    if (waiting?.meet(seq, arm, startNs, tookNs) !== true) return;
    const { metStartNs, metTookNs } = waiting;
    const order = this.orders[variant]!;
    if (arm === 0) countPair(order, metStartNs - startNs, metTookNs - tookNs);
    else countPair(order, startNs - metStartNs, tookNs - metTookNs);
  }
}

/** How much later the variant was written, and how much longer it took: NaN of what is no pair. */
function countPair(order: Order, laterNs: number, slowerNs: number): void {
  if (Number.isNaN(laterNs) || laterNs === 0) return;
  order.pairs++;
  if (laterNs < 0) order.variantFirst++;
  if (slowerNs === 0) return;
  order.different++;
  if (slowerNs > 0 === laterNs > 0) order.laterSlower++;
}

const MIN_PAIRS = 30;

/**
 * Which arm a start is written to first is drawn anew for each, so that neither arm is always the
 * later one. Fails where the order was not even; tells whether the later one took longer, which an
 * even order keeps out of the comparison (sign test over pairs).
 */
export function sendOrder({ manifest, observed, plan }: CheckInput): Check[] {
  return observed.sendOrders.orders.flatMap((order, index): Check[] => {
    const { different, laterSlower, pairs, variantFirst } = order;
    const name = plan.arms[index + 1]!;
    if (manifest.ended === null || pairs < MIN_PAIRS) return [];
    const even = fairness(variantFirst, pairs) >= UNFAIR_BELOW;
    const slower = fairness(laterSlower, Math.max(different, 1)) < UNFAIR_BELOW;
    const summary = `${name} was written first in ${formatRatio(variantFirst / pairs)} of ${formatCount(pairs)} pairs; the later one was the slower in ${formatRatio(laterSlower / Math.max(different, 1))}${slower ? ", which an even order keeps out of the comparison" : ""}`;
    return [{ ...check("send order", even, summary), ...ofArm(plan, name) }];
  });
}
