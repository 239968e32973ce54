import { formatCount } from "../../core/index.ts";
import type { ArmEnds, Plan } from "../../experiment/index.ts";
import type { ObservationBatch } from "../../measure/index.ts";
import { sampleRatio } from "../../stats/index.ts";
import { type Check, check, type CheckInput } from "./check.ts";

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

const MISMATCH_BELOW = 0.001;

/**
 * Sample ratio mismatch, in judged time: in either arm as much was started as in the other, or of a
 * split, as its share of what was planned. What the instrument lost on one side only would be missing
 * from one side only. As much should be answered, too: what one arm alone leaves unanswered is the
 * target's doing and counts as failed, so that harm may be shown; but what is left of that arm is no
 * longer the same requests, and the want of harm is not.
 */
export function sampleRatios({ observed, plan }: CheckInput): Check[] {
  if (plan.arms.length < 2) return [];
  const { answered, planned, started } = observed.counts;
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

/** What was planned, started and answered in each arm: of rows in judged time, before any load was cut. */
export class JudgedCounts {
  readonly planned: number[];
  readonly started: number[];
  readonly answered: number[];
  readonly #cutNs: number;

  constructor({ arms }: Plan, ends: ArmEnds) {
    [this.planned, this.started, this.answered] = [
      arms.map(() => 0),
      arms.map(() => 0),
      arms.map(() => 0),
    ];
    // Once the load of one variant is cut, it gets fewer on purpose.
    this.#cutNs = Math.min(...ends.values());
  }

  /** `judged`: 1 for each row that is in judged time. */
  add(batch: ObservationBatch, judged: Uint8Array): void {
    const { arm, intendedNs } = batch.columns;
    const { answered, planned, started } = this;
    for (let row = 0; row < batch.rows; row++) {
      if (judged[row] === 0 || intendedNs[row]! >= this.#cutNs) continue;
      const own = arm[row]!;
      planned[own]! += batch.countAt(row);
      if (!batch.isDropped(row)) started[own]!++;
      if (batch.isResponse(row)) answered[own]!++;
    }
  }
}
