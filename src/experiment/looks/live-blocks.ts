import type { BlocksMessage } from "../../replay/index.ts";
import { type Block, emptyBlock, targetsOf } from "../blocks.ts";
import type { Plan, PlannedStage } from "../plan.ts";

/** Calls so far, `[dependency][arm]`. */
export type CallCounts = readonly (readonly number[])[];

/** A judged stage while it goes on. */
interface Growing {
  readonly stage: PlannedStage;
  readonly index: number;
  readonly count: number;
  /** `[arm][block]`, from the first to the last that was heard of. */
  readonly blocks: Block[][];
  looked: number;
}

/** A block that both arms have ended, and all before it in its stage. */
export interface WholeBlock {
  readonly stage: PlannedStage;
  readonly stageIndex: number;
  readonly block: number;
  readonly endNs: number;
  readonly lastOfStage: boolean;
  /** `[arm][block]`, up to this one. */
  readonly blocks: readonly (readonly Block[])[];
}

/**
 * Puts together what workers tell of blocks while a run goes on, and what the emulator counted, and
 * gives each block once, in order, when nothing in it can change any more.
 */
export class LiveBlocks {
  readonly #plan: Plan;
  readonly #settledNs: number[];
  readonly #lists: { readonly dependencies: number; readonly targets: number };
  readonly #stages: readonly Growing[];
  /** Calls that had come by the end of a block, by that time; empty without dependencies. */
  readonly #callsAt = new Map<number, CallCounts>();

  constructor(plan: Plan, workers: number, dependencies: number) {
    this.#plan = plan;
    this.#settledNs = Array.from({ length: workers }, () => -1);
    this.#lists = { dependencies, targets: targetsOf(plan).length };
    this.#stages = plan.stages.flatMap((stage, index) => {
      if (stage.judgedFromNs === null) return [];
      const count = Math.floor((stage.endNs - stage.judgedFromNs) / stage.blockNs);
      const blocks: Block[][] = plan.arms.map(() => []);
      return [{ stage, index, count, blocks, looked: 0 }];
    });
  }

  hear(worker: number, { blocks, settledNs }: BlocksMessage): void {
    this.#settledNs[worker] = settledNs;
    for (const part of blocks) {
      const growing = this.#stages.find(({ index }) => index === part.stage);
      if (growing === undefined) continue;
      const block = this.#blockOf(growing, part.arm, part.block);
      block.planned += part.planned;
      block.started += part.started;
      block.failed += part.failed;
      block.censored += part.censored;
      for (const [place, count] of part.good.entries()) block.good[place]! += count;
      block.responseTime.addCounts(part.responseTime);
      block.serviceTime.addCounts(part.serviceTime);
    }
  }

  /** Block ends (and beginnings of judged time) up to `nowNs` whose calls are not known yet. */
  unsampled(nowNs: number): number[] {
    if (this.#lists.dependencies === 0) return [];
    return this.#stages.flatMap(({ count, stage }) => {
      const passed = Math.floor((nowNs - stage.judgedFromNs!) / stage.blockNs);
      return Array.from({ length: Math.min(Math.max(passed + 1, 0), count + 1) }, (_, end) =>
        this.#endNs(stage, end),
      ).filter((endNs) => !this.#callsAt.has(endNs));
    });
  }

  /** What the emulator had counted at these times. */
  sampled(timesNs: readonly number[], calls: CallCounts): void {
    for (const endNs of timesNs) this.#callsAt.set(endNs, calls);
  }

  /** The blocks that are whole now and were not given yet. */
  *take(): Generator<WholeBlock> {
    const settledNs = Math.min(...this.#settledNs);
    for (const growing of this.#stages) {
      const { count, index, stage } = growing;
      while (growing.looked < count) {
        const block = growing.looked;
        const endNs = this.#endNs(stage, block + 1);
        if (endNs > settledNs || !this.#addCalls(growing, block)) break;
        growing.looked++;
        const blocks = this.#plan.arms.map((_, arm) => {
          this.#blockOf(growing, arm, block);
          return growing.blocks[arm]!.slice(0, growing.looked);
        });
        const lastOfStage = growing.looked === count;
        yield { stage, stageIndex: index, block, endNs, lastOfStage, blocks };
      }
    }
  }

  #endNs({ blockNs, judgedFromNs }: PlannedStage, blocks: number): number {
    return judgedFromNs! + blocks * blockNs;
  }

  /** False while the emulator's counts are still awaited. */
  #addCalls(growing: Growing, block: number): boolean {
    if (this.#lists.dependencies === 0) return true;
    const before = this.#callsAt.get(this.#endNs(growing.stage, block));
    const after = this.#callsAt.get(this.#endNs(growing.stage, block + 1));
    if (before === undefined || after === undefined) return false;
    for (const arm of this.#plan.arms.keys()) {
      const { calls } = this.#blockOf(growing, arm, block);
      for (const [dependency, counts] of after.entries()) {
        calls[dependency] = counts[arm]! - before[dependency]![arm]!;
      }
    }
    return true;
  }

  #blockOf({ blocks, stage }: Growing, arm: number, block: number): Block {
    const own = blocks[arm]!;
    while (own.length <= block) own.push(emptyBlock(stage.blockNs, this.#lists));
    return own[block]!;
  }
}
