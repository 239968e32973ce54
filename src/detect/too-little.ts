import { formatCount, formatDurationNs } from "../core/index.ts";
import type { Evidence, Finding, StageWindow } from "./detector.ts";

/* A run too short to judge is no run that is well: its finding says what there is, and what it would take. */

type Unjudged = Required<Pick<Finding, "status" | "summary" | "needs">>;

/** Something of which a run has too little. */
export interface Little {
  /** In the plural, as in `calls to payments`. */
  readonly what: string;
  readonly have: number;
  readonly need: number;
  /** What it would tell, after "to tell": `of leaks`, `whether they pile up`. */
  readonly toTell: string;
  /** The stage that has most of it. */
  readonly stage: Pick<StageWindow, "fromNs" | "toNs">;
}

/** `calls to payments: 12 in 5 s; it takes 100 to tell of leaks, 42 s at this rate`. */
export function tooLittle({ have, need, stage, toTell, what }: Little): Unjudged {
  const spanNs = stage.toNs - stage.fromNs;
  const longer = have === 0 ? "" : `, ${formatDurationNs((spanNs * need) / have)} at this rate`;
  return {
    status: "inconclusive",
    needs: { what, have, need },
    summary:
      `${what}: ${formatCount(have)} in ${formatDurationNs(spanNs)}; ` +
      `it takes ${formatCount(need)} to tell ${toTell}${longer}`,
  };
}

/** Of what takes identity to tell, where the target passes none on. */
export const noIdentity = (toTell: string): Unjudged => ({
  status: "inconclusive",
  needs: { what: "calls that name their request", have: 0, need: 1 },
  summary:
    `to tell ${toTell} takes calls that name their request: control and the variant have to pass on ` +
    "traceparent or x-request-id",
});

/**
 * Whether an arm, or the control that it is compared with, calls a dependency, and its calls cannot be
 * joined to their requests.
 */
export const lacksIdentity = (evidence: Evidence, arm: number, dependency: number): boolean =>
  [0, arm].some(
    (side) =>
      evidence.calls(side, dependency).length > 0 &&
      evidence.joinedBy(side, dependency) !== "identity",
  );
