/**
 * Why a run, or one variant of several, ends before its time, by a rule of its own; `gone`: of several
 * variants, one whose process ended or that took no connections any more; `person`: no rule, but somebody
 * who watched and rolled it back.
 */
export interface RuleStop {
  readonly rule: "harm" | "gate" | "futility" | "gone" | "person" | "throttle" | "sample-ratio";
  readonly decision: "roll-back" | "hold";
  readonly because: string;
  /** The end of the last block that was looked at: what came after is no evidence. */
  readonly untilNs: number;
}

/** Of several variants, one whose load is cut while the others go on. */
export interface ArmStop extends RuleStop {
  readonly arm: string;
}

/** What ends the run once every variant is out: harm only where it was shown of each. */
export function stopOfAll(cuts: readonly ArmStop[]): RuleStop {
  const [last] = cuts.slice(-1);
  const harmed = cuts.every(({ decision }) => decision === "roll-back");
  return {
    rule: last!.rule,
    decision: harmed ? "roll-back" : "hold",
    because: `every variant is out: ${cuts.map(({ arm, because }) => `${arm}: ${because}`).join("; ")}`,
    untilNs: last!.untilNs,
  };
}
