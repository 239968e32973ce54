import { amount } from "../amount.ts";
import { armPairs } from "../arm-pairs.ts";
import { blockLists } from "../blocks.ts";
import { metricLabel } from "../metric.ts";
import { type BlockLists, familyOf, type MetricSpec } from "../metrics/index.ts";
import type { Plan } from "../plan.ts";
import { harmEvidence, harmScale } from "./harm-look.ts";
import type { WholeBlock } from "./live-blocks.ts";
import { LiveMetric } from "./live-metric.ts";
import { liveMetrics } from "./shares.ts";

/** What a stage does, short of ending the run, when harm is suspected. */
export interface ThrottleRule {
  /** The chance that the load of an arm that is no worse is halved, each time. */
  readonly chance: number;
  /** The share of the load that is not halved any more: the next breach cuts it. */
  readonly floor: number;
}

/** A breach of a stage's softer rule. */
export interface Breach {
  readonly stage: string;
  readonly stageIndex: number;
  readonly because: string;
  /** The end of the block that showed it. */
  readonly untilNs: number;
  /** What share of the planned load is kept from now on; null where it is at its floor. */
  readonly share: number | null;
}

/** The halving of a run's load, as a run's files have it. */
export interface Throttling {
  readonly stage: string;
  /** Of the planned load, from `fromNs` on. */
  readonly share: number;
  readonly because: string;
  /** The end of the block that showed the breach, and the boundary of blocks from which fewer are sent. */
  readonly untilNs: number;
  readonly fromNs: number;
}

/**
 * Looks for suspected harm in stages that say `onBreach`, with an e-process of its own for each metric
 * and variant: a softer rule than the one that stops a run. After each breach it begins anew, with the
 * first block of the smaller load. It spends nothing of alpha, since nothing is concluded from it: looks
 * that roll back go on beside it, and what had been measured up to a breach is not tested at the end,
 * for it ended when it looked bad.
 */
export class Throttle {
  readonly #plan: Plan;
  readonly #lists: BlockLists;
  readonly #specs: readonly MetricSpec[];
  readonly #tests: number;
  #metrics = new Map<string, readonly LiveMetric[]>();
  #share = 1;
  #resumesNs = 0;

  constructor(plan: Plan, dependencies: readonly string[]) {
    this.#plan = plan;
    this.#lists = blockLists(plan, dependencies);
    this.#specs = liveMetrics(plan);
    this.#tests = Math.max(this.#specs.length * armPairs(plan).length, 1);
  }

  /** Of the planned load. */
  get share(): number {
    return this.#share;
  }

  /** Fewer are sent from a boundary of blocks on: what came before is looked at no more. */
  resume(fromNs: number, share: number): void {
    [this.#resumesNs, this.#share] = [fromNs, share];
    this.#metrics = new Map();
  }

  /** Looks at one more block; they must come in order, each once. */
  see(whole: WholeBlock): Breach | null {
    const { endNs, stage, stageIndex } = whole;
    const rule = stage.onBreach;
    if (rule === undefined || endNs - stage.blockNs < this.#resumesNs) return null;
    const because = this.#breachIn(whole, rule.chance / this.#tests);
    if (because === null) return null;
    // Until it is told from when on fewer are sent.
    this.#resumesNs = Number.POSITIVE_INFINITY;
    const half = this.#share / 2;
    const share = half < rule.floor ? null : half;
    return { stage: stage.name, stageIndex, because, untilNs: endNs, share };
  }

  #breachIn({ block, blocks, stage, stageIndex }: WholeBlock, chance: number): string | null {
    const planned = Math.floor((stage.endNs - stage.judgedFromNs!) / stage.blockNs);
    let because: string | null = null;
    for (const pair of armPairs(this.#plan)) {
      const key = `${stageIndex} ${pair.arm}`;
      const metrics =
        this.#metrics.get(key) ?? this.#specs.map((spec) => new LiveMetric(spec, this.#lists));
      this.#metrics.set(key, metrics);
      for (const [index, metric] of metrics.entries()) {
        metric.add(blocks[pair.control]![block]!, blocks[pair.variant]![block]!);
        const spec = this.#specs[index]!;
        const { effect: kind } = familyOf(spec);
        const rho = harmScale(spec.margin, planned, chance);
        const { lnE } = harmEvidence(metric.effects, rho, chance);
        const { harm } = metric;
        if (lnE < Math.log(1 / chance) || harm === null || harm < spec.margin) continue;
        because ??=
          `${metricLabel(spec)} of ${pair.arm} looks worse by ${amount(harm, kind)} in stage ${stage.name} ` +
          `(margin ${amount(spec.margin, kind, false)}), after ${metric.effects.length} blocks`;
      }
    }
    return because;
  }
}

/** What comes after a halving is a stage of its own: what it is called. */
export const throttledName = (stage: string, share: number): string =>
  `${stage} at ${Number((100 * share).toPrecision(3))} %`;

/**
 * The stages of a run as they are judged: one whose load was halved is cut at the end of the block that
 * showed the breach, and what came from the smaller load on is a stage of its own.
 */
export function stagesThrottled(
  stages: Plan["stages"],
  throttlings: readonly Throttling[],
): Plan["stages"] {
  return stages.flatMap((stage): Plan["stages"] => {
    const own = throttlings.filter((each) => each.stage === stage.name);
    const parts: Plan["stages"][number][] = [];
    let rest = stage;
    for (const { fromNs, share, untilNs } of own) {
      parts.push({ ...rest, endNs: Math.min(untilNs, stage.endNs), breached: true });
      if (fromNs >= stage.endNs) return parts;
      const name = throttledName(stage.name, share);
      const judgedFromNs = Math.max(fromNs, stage.judgedFromNs ?? 0);
      rest = { ...stage, name, startNs: fromNs, judgedFromNs };
    }
    return [...parts, rest];
  });
}
