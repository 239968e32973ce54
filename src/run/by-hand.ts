import { EXIT, type ExitCode } from "../core/index.ts";
import type { Plan, RuleStop } from "../experiment/index.ts";
import type { Steered } from "./controls.ts";

interface ByHandHooks {
  /** The stage that is sent; -1 before the first. */
  readonly stage: () => number;
  /** Since the run's start; null where nothing is sent any more, or yet. */
  readonly nowNs: () => number | null;
  /** Whether a variant's load has been cut. */
  readonly isOut: (arm: string) => boolean;
  readonly stop: (because: string, exitCode: ExitCode | null, rule?: RuleStop) => void;
}

const STOPPING = "it is stopping already";

/** Ends one run's traffic before its time, as whoever watches it asks. */
export class ByHand implements Steered {
  readonly #plan: Plan;
  readonly #onRollBack: (reason: string, arm?: string) => void;
  readonly #hooks: ByHandHooks;
  #endsAfter: { readonly stage: number; readonly because: string } | null = null;

  constructor(
    input: {
      readonly plan: Plan;
      readonly onRollBack: (reason: string, arm?: string) => void;
    },
    hooks: ByHandHooks,
  ) {
    this.#plan = input.plan;
    this.#onRollBack = input.onRollBack;
    this.#hooks = hooks;
  }

  /** Why it ends as this stage begins; null where it goes on. */
  endsBefore(stage: number): string | null {
    const ends = this.#endsAfter;
    return ends !== null && stage > ends.stage ? ends.because : null;
  }

  stop(because: string): string | null {
    if (this.#hooks.nowNs() === null) return STOPPING;
    this.#hooks.stop(because, EXIT.interrupted);
    return null;
  }

  /** What comes after it is not sent: the run is not the plan's any more, and its verdict says so. */
  stopAfterStage(because: string): string | null {
    const { stages } = this.#plan;
    const stage = Math.max(this.#hooks.stage(), 0);
    if (this.#hooks.nowNs() === null) return STOPPING;
    if (stage >= stages.length - 1) return "this is its last stage";
    this.#endsAfter = { stage, because: `${because} (after stage ${stages[stage]!.name})` };
    return null;
  }

  /** A person has decided; whether the instrument is sound does not matter to that. */
  rollBack(because: string): string | null {
    const { arms, hypothesis } = this.#plan;
    const nowNs = this.#hooks.nowNs();
    if (nowNs === null) return STOPPING;
    if (hypothesis === null) return "one arm alone: there is nothing to roll back to";
    const untilNs = Math.max(nowNs, 1);
    this.#hooks.stop(because, null, { rule: "person", decision: "roll-back", because, untilNs });
    const isIn = arms.slice(1).filter((arm) => !this.#hooks.isOut(arm));
    for (const arm of isIn) this.#onRollBack(because, arms.length > 2 ? arm : undefined);
    return null;
  }
}
