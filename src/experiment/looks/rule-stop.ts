/** Why a run ends before its time, by a rule of its own. */
export interface RuleStop {
  readonly rule: "harm" | "gate" | "futility";
  readonly decision: "roll-back" | "hold";
  readonly because: string;
  /** The end of the last block that was looked at: what came after is no evidence. */
  readonly untilNs: number;
}
