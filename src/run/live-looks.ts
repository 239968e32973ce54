import type { MonotonicClock } from "../core/index.ts";
import type { EmulatorSnapshot } from "../emulator/index.ts";
import type { RunEmulator } from "./load-maker.ts";
import {
  type ArmStop,
  type Breach,
  type KeyGroupsUntil,
  LiveBlocks,
  LiveJudge,
  type Plan,
  type RuleStop,
  Throttle,
  type Throttling,
  type WholeBlock,
} from "../experiment/index.ts";
import type { BlocksMessage } from "../replay/index.ts";
import { exposuresOf } from "./exposures.ts";
import { keysSoFar, noKeys, readIfPossible } from "./keys-so-far.ts";
import type { RunEvent } from "./live.ts";
import { RatioWatch } from "./ratio-watch.ts";
import type { RunDirectory } from "./run-directory.ts";

/** How soon after a block's end the emulator's counts are read; workers tell blocks as often. */
const LOOK_MS = 50;

interface LooksInput {
  readonly plan: Plan;
  readonly workers: number;
  readonly dependencies: readonly string[];
  readonly directory: RunDirectory;
  /** From when the emulator's clock counts. */
  readonly emulatorOriginNs: bigint;
  readonly emulator: RunEmulator | null;
  readonly onEvent: (event: RunEvent) => void;
  /** Variants that an earlier run of the experiment has cut. */
  readonly out: readonly ArmStop[];
}

interface LooksHooks {
  readonly note: (event: string, detail: Readonly<Record<string, unknown>>) => void;
  /** One variant of several is out; the others go on. */
  readonly cut: (cut: ArmStop) => void;
  readonly stop: (rule: RuleStop) => void;
  /** A share of the load is sent from now on; tells from when. */
  readonly thin: (breach: Breach, share: number) => Throttling;
}

/**
 * Lets a run be judged while it goes on: blocks from the generators, calls from the emulator's
 * counters at the blocks' ends, each look and gate into the audit trail, and a stop as soon as a
 * rule says so. A call counts in the block in which it came, for both arms alike.
 */
export class LiveLooks {
  readonly #input: LooksInput;
  readonly #hooks: LooksHooks;
  readonly #blocks: LiveBlocks;
  readonly #judge: LiveJudge;
  readonly #throttle: Throttle;
  readonly #ratio: RatioWatch;
  #keys: KeyGroupsUntil = noKeys;
  #over = false;

  constructor(input: LooksInput, hooks: LooksHooks) {
    const { dependencies, directory, emulator, out, plan, workers } = input;
    this.#input = input;
    this.#hooks = hooks;
    this.#blocks = new LiveBlocks(plan, workers, emulator === null ? 0 : dependencies.length);
    this.#judge = new LiveJudge(plan, dependencies, out, (stage, untilNs) =>
      this.#keys(stage, untilNs),
    );
    this.#throttle = new Throttle(plan, dependencies);
    this.#ratio = new RatioWatch(plan, () => readIfPossible(() => exposuresOf(directory, plan)));
  }

  /** From the first start; `end` when the last has ended. */
  begin(clock: MonotonicClock): { readonly end: () => void } {
    const { dependencies, directory, emulatorOriginNs, plan } = this.#input;
    if (plan.primary === null) return { end: () => {} };
    const emulatorLeadNs = Number(clock.originNs - emulatorOriginNs);
    this.#keys = keysSoFar(plan, { directory, dependencies, emulatorLeadNs });
    const sampling = setInterval(() => void this.#sample(clock), LOOK_MS);
    return { end: () => clearInterval(sampling) };
  }

  /** One of several variants gets no load any more, whatever the looks say of it. */
  leaveOut(cut: ArmStop): void {
    this.#judge.leaveOut(cut);
  }

  hear(worker: number, told: BlocksMessage): void {
    this.#blocks.hear(worker, told);
    this.#look();
  }

  async #sample(clock: MonotonicClock): Promise<void> {
    const { emulator } = this.#input;
    const due = this.#blocks.unsampled(clock.nowNs());
    if (emulator === null || due.length === 0) return;
    const snapshot = await emulator.snapshot();
    this.#blocks.sampled(due, this.#callsIn(snapshot));
    this.#look();
  }

  #callsIn(snapshot: EmulatorSnapshot): number[][] {
    const { dependencies, plan } = this.#input;
    return dependencies.map((name) => plan.arms.map((arm) => snapshot[name]?.[arm]?.calls ?? 0));
  }

  #look(): void {
    if (this.#over) return;
    for (const whole of this.#blocks.take()) {
      const { cuts, gates, look, stop } = this.#judge.see(whole);
      this.#hooks.note("look", { ...look });
      this.#input.onEvent({ kind: "look", look });
      for (const gate of gates) {
        this.#hooks.note("gate", { ...gate });
        this.#input.onEvent({ kind: "gate", gate });
      }
      for (const cut of cuts) this.#hooks.cut(cut);
      const ended = stop ?? this.#suspect(whole) ?? this.#ratio.see(whole);
      if (ended === null) continue;
      this.#over = true;
      this.#hooks.stop(ended);
      return;
    }
  }

  /** Halves the load where a stage's softer rule says so; what ends the run where there is no less. */
  #suspect(whole: WholeBlock): RuleStop | null {
    const breach = this.#throttle.see(whole);
    if (breach === null) return null;
    const { because, share, stageIndex, untilNs } = breach;
    if (share === null) {
      const least = `${because}, with the load at its floor already`;
      return { rule: "throttle", decision: "hold", because: least, untilNs };
    }
    const { fromNs } = this.#hooks.thin(breach, share);
    this.#throttle.resume(fromNs, share);
    const { blockNs, judgedFromNs } = whole.stage;
    this.#judge.throttled(stageIndex, Math.ceil((fromNs - judgedFromNs!) / blockNs));
    return null;
  }
}
