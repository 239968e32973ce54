import { formatCount, formatRatio } from "../../core/index.ts";
import { responseTimeUs, visitRows } from "../../measure/index.ts";
import { normalCdf, sampleRatio } from "../../stats/index.ts";
import { type Check, check, type CheckInput, inJudgedTime, ofArm } from "./check.ts";

/** Both arms get every start of the plan, at once or in turn; the ledger of each is exact. */
export function pairing({ manifest, plan, tallies }: CheckInput): Check[] {
  // The tail of a run that was killed is cut somewhere, and not at the same start for both.
  if (manifest.ended === null || plan.assignment?.kind === "split") return [];
  const planned = tallies.arms.map((arm) => arm.planned);
  const same = planned.every((count) => count === planned[0]);
  const list = planned
    .map((count, index) => `${plan.arms[index]} ${formatCount(count)}`)
    .join(", ");
  const row = check(
    "pairing",
    same,
    same ? `every start went to every arm: ${list}` : `the arms got different starts: ${list}`,
  );
  return [row];
}

/** Whether anything was answered at all. */
export function measured({ plan, tallies }: CheckInput): Check {
  const first = plan.arms[0] ?? "";
  const responses = tallies.arms[0]?.responses ?? 0;
  if (tallies.arms.every(({ planned }) => planned === 0)) {
    return check("answers", false, "no start was planned: the rate is too low for so short a time");
  }
  const nothing = plan.arms.length > 1 ? ": there is nothing to compare with" : "";
  return check(
    "answers",
    responses > 0,
    responses > 0
      ? `${first} answered ${formatCount(responses)} requests`
      : `${first} answered nothing${nothing}`,
  );
}

/** A fair order fails this once in a thousand runs. */
const UNFAIR_BELOW = 0.001;

/** Two-sided chance that a fair coin strays so far; normal, exact enough for 30 tosses and more. */
function fairness(heads: number, tosses: number): number {
  const z = (Math.abs(2 * heads - tosses) - 1) / Math.sqrt(tosses);
  return z <= 0 ? 1 : 2 * normalCdf(-z);
}

interface Order {
  pairs: number;
  variantFirst: number;
  /** Of pairs that took different times, those in which the arm written later took longer. */
  laterSlower: number;
  different: number;
}

function orderOf({ observations, plan }: CheckInput, arm: number): Order {
  const counts = inJudgedTime(plan);
  let last = -1;
  visitRows(observations, ({ seq }) => (last = Math.max(last, seq)));
  const startNs = new Float64Array(last + 1).fill(NaN);
  const tookUs = new Float64Array(last + 1);
  visitRows(observations, (row) => {
    if (row.arm !== 0 || row.kind !== "response" || !counts(row.intendedNs)) return;
    startNs[row.seq] = row.startNs;
    tookUs[row.seq] = responseTimeUs(row, plan.timeoutNs);
  });
  const order: Order = { pairs: 0, variantFirst: 0, laterSlower: 0, different: 0 };
  visitRows(observations, (row) => {
    if (row.arm !== arm || row.kind !== "response") return;
    const beforeNs = startNs[row.seq]!;
    if (Number.isNaN(beforeNs) || beforeNs === row.startNs) return;
    const first = row.startNs < beforeNs;
    order.pairs++;
    if (first) order.variantFirst++;
    const slowerUs = responseTimeUs(row, plan.timeoutNs) - tookUs[row.seq]!;
    if (slowerUs === 0) return;
    order.different++;
    if (slowerUs > 0 !== first) order.laterSlower++;
  });
  return order;
}

const MIN_PAIRS = 30;

/**
 * Which arm a start is written to first is drawn anew for each, so that neither arm is always the
 * later one. Fails where the order was not even; tells whether the later one took longer, which an
 * even order keeps out of the comparison (sign test over pairs).
 */
export function sendOrder(input: CheckInput): Check[] {
  const { manifest, plan } = input;
  // Where no two arms are written at once, there is no order.
  if (plan.assignment !== undefined) return [];
  return plan.arms.slice(1).flatMap((name, index): Check[] => {
    const { different, laterSlower, pairs, variantFirst } = orderOf(input, index + 1);
    if (manifest.ended === null || pairs < MIN_PAIRS) return [];
    const even = fairness(variantFirst, pairs) >= UNFAIR_BELOW;
    const slower = fairness(laterSlower, Math.max(different, 1)) < UNFAIR_BELOW;
    const summary = `${name} was written first in ${formatRatio(variantFirst / pairs)} of ${formatCount(pairs)} pairs; the later one was the slower in ${formatRatio(laterSlower / Math.max(different, 1))}${slower ? ", which an even order keeps out of the comparison" : ""}`;
    return [{ ...check("send order", even, summary), ...ofArm(plan, name) }];
  });
}

const MISMATCH_BELOW = 0.001;

/**
 * Sample ratio mismatch, in judged time: in either arm as much was started as in the other, or of a
 * split, as its share of what was planned. What the instrument lost on one side only would be missing
 * from one side only. As much should be answered, too: what one arm alone leaves unanswered is the
 * target's doing and counts as failed, so that harm may be shown; but what is left of that arm is no
 * longer the same requests, and the want of harm is not.
 */
export function sampleRatios({ ends, observations, plan }: CheckInput): Check[] {
  if (plan.arms.length < 2) return [];
  const judged = inJudgedTime(plan);
  // Once the load of one variant is cut, it gets fewer on purpose.
  const cutNs = Math.min(...ends.values());
  const counts = (atNs: number): boolean => judged(atNs) && atNs < cutNs;
  const started = plan.arms.map(() => 0);
  const answered = plan.arms.map(() => 0);
  const planned = plan.arms.map(() => 0);
  visitRows(observations, (row) => {
    if (!counts(row.intendedNs)) return;
    planned[row.arm]! += row.kind === "dropped" ? row.count : 1;
    if (row.kind !== "dropped") started[row.arm]!++;
    if (row.kind === "response") answered[row.arm]!++;
  });
  const shares = plan.assignment?.kind === "split" ? planned : plan.arms.map(() => 1);
  const even = (found: readonly number[]): boolean =>
    sampleRatio(found, shares).pValue >= MISMATCH_BELOW;
  const list = (found: readonly number[]): string =>
    found.map((count, arm) => `${plan.arms[arm]} ${formatCount(count)}`).join(", ");
  return [
    check("sample ratio", even(started), `started in judged time: ${list(started)}`),
    check("answered ratio", even(answered), `answered in judged time: ${list(answered)}`, "doubt"),
  ];
}
