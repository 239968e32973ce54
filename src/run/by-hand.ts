import { EXIT, type ExitCode } from "../core/index.ts";
import type { Plan, RuleStop } from "../experiment/index.ts";
import type { Steered } from "./controls.ts";
import { heardByNs, type HeldRamp, heldPieces, plannedRateAt } from "./held-ramp.ts";
import type { Ramp } from "./less-load.ts";

interface ByHandHooks {
  /** The stage that is sent; -1 before the first. */
  readonly stage: () => number;
  /** Since the run's start; null where nothing is sent any more, or yet. */
  readonly nowNs: () => number | null;
  /** Whether a variant's load has been cut. */
  readonly isOut: (arm: string) => boolean;
  /** Null where whoever sends the load cannot send less of it. */
  readonly ramp: () => Ramp | null;
  readonly stop: (because: string, exitCode: ExitCode | null, rule?: RuleStop) => void;
}

const STOPPING = "it is stopping already";
const OTHER_DESIGN =
  "only a duet's ramp can be held: where arms take turns, or share users, others would be compared";

/** Holds one run's traffic, or ends it before its time, as whoever watches it asks. */
export class ByHand implements Steered {
  readonly #plan: Plan;
  readonly #onRollBack: (reason: string, arm?: string) => void;
  readonly #hooks: ByHandHooks;
  #held: HeldRamp | null = null;
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

  /** The load stays what it is, though the plan goes on to more. */
  pause(because: string): string | null {
    const { assignment, runs, runsInAll = runs.length, stages } = this.#plan;
    const nowNs = this.#hooks.nowNs();
    if (nowNs === null) return STOPPING;
    if (this.#held !== null) return "it is held already";
    if (assignment !== undefined) return OTHER_DESIGN;
    if (runsInAll > 1) return "one run of several cannot be held: it would repeat none of them";
    const ramp = this.#hooks.ramp();
    if (ramp === null) return "a load that other machines send cannot be held";
    const fromNs = heardByNs(nowNs);
    const ratePerSec = plannedRateAt(this.#plan, fromNs);
    const pieces = heldPieces(this.#plan, { fromNs, ratePerSec });
    if (pieces.length === 0) return "nothing that is still to come sends more than this";
    const { name: stage } = stages[Math.max(this.#hooks.stage(), 0)]!;
    this.#held = { stage, ratePerSec, fromNs, untilNs: null, because };
    ramp.hold(this.#held, pieces);
    return null;
  }

  /** What was held is sent as it is planned, from now on; what was not sent is not sent later. */
  goOn(): string | null {
    const nowNs = this.#hooks.nowNs();
    if (nowNs === null) return STOPPING;
    if (this.#held === null) return "it is not held";
    this.#hooks.ramp()!.release({ ...this.#held, untilNs: heardByNs(nowNs) });
    this.#held = null;
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
