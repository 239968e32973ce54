import type { AuditEntry } from "../experiment/index.ts";
import type { Result } from "../report/index.ts";

/** Events of the trail: an action begins, it has its outcome, and the verdict gave no reason for it. */
export const ACTION_BEGINS = "roll-back action begins";
export const ACTION = "roll-back action";
export const ACTION_IN_VAIN = "roll-back action not borne out";

/** A roll-back action that was done while the run went on, and what the verdict said then. */
export interface FiredInVain {
  /** Of several variants, the one that it was done for. */
  readonly arm?: string;
  readonly at: string;
  readonly decision: Result["decision"];
}

/** Actions that began before the verdict, and whose verdict then is none to roll back. */
export function firedInVain(
  entries: readonly AuditEntry[],
  { decision, verdicts = {} }: Pick<Result, "decision" | "verdicts">,
): FiredInVain[] {
  const judgedAt = entries.findIndex(({ event }) => event === "verdict");
  const before = judgedAt === -1 ? entries : entries.slice(0, judgedAt);
  return before
    .filter(({ event }) => event === ACTION_BEGINS)
    .map(({ at, detail }) => {
      const arm = detail["arm"];
      if (typeof arm !== "string") return { at, decision };
      return { at, arm, decision: verdicts[arm]?.decision ?? decision };
    })
    .filter((each) => each.decision !== "roll-back");
}

/** For those who read the result. */
export const inVainWords = (fired: readonly FiredInVain[]): string[] =>
  fired.map(({ arm, at, decision }) => {
    const whose = arm === undefined ? "" : ` for ${arm}`;
    return `the roll-back action was done${whose} at ${at}, when a look showed harm; the verdict is ${decision ?? "none"}: what it did may have to be undone`;
  });
