import { formatRatio, NS_PER_S } from "../../core/index.ts";
import { MIN_BLOCKS } from "../../stats/index.ts";
import { amount } from "../amount.ts";
import { type ArmPair, armPairs, familyConfidence, pairedBlocks } from "../arm-pairs.ts";
import { blockLists } from "../blocks.ts";
import { metricLabel } from "../metric.ts";
import { type BlockLists, familyOf, type MetricSpec } from "../metrics/index.ts";
import type { Plan, PlannedStage } from "../plan.ts";
import { conditionalPower, FUTILE_BELOW } from "./futility.ts";
import { type Gate, gateOf } from "./gate.ts";
import { harmEvidence, harmScale } from "./harm-look.ts";
import { type LiveBand, liveBand } from "./live-band.ts";
import type { WholeBlock } from "./live-blocks.ts";
import { LiveMetric } from "./live-metric.ts";
import { type KeyGroupsUntil, KeyLooks, splitsByKey } from "./key-looks.ts";
import { type ArmStop, type RuleStop, stopOfAll } from "./rule-stop.ts";
import { gateAlphas, liveMetrics, lookAlpha } from "./shares.ts";

/** What one look saw of one metric of one variant. */
export interface LookedMetric {
  readonly arm: string;
  readonly metric: string;
  readonly blocks: number;
  /** How many times as much they vary as unrelated ones would, since neighbours resemble each other. */
  readonly widening: number;
  /** Harm so far on the margin's scale, above 0 for worse; null when there is none to speak of. */
  readonly harm: number | null;
  /** Around it, for those who watch; null where there are too few blocks. */
  readonly band: LiveBand | null;
  readonly margin: number;
  /** ln of the e-process against "no harm", and what it must reach. */
  readonly lnE: number;
  readonly lnBoundary: number;
  readonly reached: boolean;
}

/** One look, at the end of one block. */
export interface Look {
  readonly stage: string;
  readonly block: number;
  /** The end of the block, in seconds of the run. */
  readonly atS: number;
  readonly metrics: readonly LookedMetric[];
  /** By variant, the chance that the stage will show what is claimed; null where no rule asks for it. */
  readonly conditionalPower: Readonly<Record<string, number>> | null;
}

/** What came of a block. */
export interface Looked {
  readonly look: Look;
  /** Of each variant that is still in, after the last block of a stage. */
  readonly gates: readonly Gate[];
  /** Of several variants, those that are out from here on. */
  readonly cuts: readonly ArmStop[];
  /** The run's end: the only variant is out, or the last of several. */
  readonly stop: RuleStop | null;
}

/** Every so many blocks: what is left changes little from one to the next. */
const FUTILITY_EVERY = 5;

/**
 * Judges a run while it goes on, by the plan's own rules: harm at every block (it stops the run once
 * the stage has as many as a verdict needs), futility at every
 * fifth, a gate after each judged stage but the last. Each variant by itself; one that is out is not
 * looked at any more. Pure: the same blocks give the same looks.
 */
export class LiveJudge {
  readonly #plan: Plan;
  readonly #lists: BlockLists;
  readonly #specs: readonly MetricSpec[];
  readonly #alpha: number;
  readonly #gateAlphas: ReadonlyMap<string, number>;
  /** By stage and variant. */
  readonly #metrics = new Map<string, readonly LiveMetric[]>();
  /** By stage, the first block of a load that was halved. */
  readonly #fromBlock = new Map<number, number>();
  /** Variants that are out, in the order in which they went. */
  readonly #out: ArmStop[];
  /** Null of a design in which keys have no say. */
  readonly #keys: KeyLooks | null;

  /**
   * `out`: variants that an earlier run of the experiment has cut already. `groups`: what a split by
   * key needs; without them nothing is decided in one.
   */
  constructor(
    plan: Plan,
    dependencies: readonly string[],
    out: readonly ArmStop[] = [],
    groups: KeyGroupsUntil = () => ({ stages: [], holdCalls: false }),
  ) {
    this.#plan = plan;
    this.#keys = splitsByKey(plan) ? new KeyLooks(plan, groups) : null;
    this.#out = [...out];
    this.#lists = blockLists(plan, dependencies);
    this.#specs = liveMetrics(plan);
    this.#alpha = lookAlpha(plan);
    this.#gateAlphas = gateAlphas(plan);
  }

  /** A variant that is out for another reason is not looked at any more. */
  leaveOut(cut: ArmStop): void {
    this.#out.push(cut);
  }

  /** A stage's load was halved: its gate sees the blocks from here on. */
  throttled(stageIndex: number, fromBlock: number): void {
    this.#fromBlock.set(stageIndex, fromBlock);
  }

  /** Looks at one more block; they must come in order, each once. */
  see(whole: WholeBlock): Looked {
    const pairs = armPairs(this.#plan);
    const isIn = pairs.filter(({ arm }) => !this.#out.some((out) => out.arm === arm));
    const { block, endNs, stage } = whole;
    const seen = isIn.map((pair) => this.#seePair(whole, pair));
    const powers = seen.flatMap(({ pair, power }) => (power === null ? [] : [[pair.arm, power]]));
    const look = {
      stage: stage.name,
      block,
      atS: endNs / NS_PER_S,
      metrics: seen.flatMap(({ metrics }) => metrics),
      conditionalPower: powers.length === 0 ? null : Object.fromEntries(powers),
    };
    const gates = seen.flatMap(({ gate }) => gate ?? []);
    const cuts = seen.flatMap(({ pair: { arm }, stop }) =>
      stop === null ? [] : [{ ...stop, arm }],
    );
    this.#out.push(...cuts);
    const all = cuts.length > 0 && this.#out.length === pairs.length;
    if (pairs.length === 1) return { look, gates, cuts: [], stop: seen[0]?.stop ?? null };
    return { look, gates, cuts, stop: all ? stopOfAll(this.#out) : null };
  }

  #seePair(whole: WholeBlock, pair: ArmPair) {
    const metrics = this.#lookAt(whole, pair);
    // Sooner, neither the verdict nor a detector could say what the stop was for.
    const harmed = metrics.findIndex(
      ({ blocks, reached }, index) =>
        reached && blocks >= MIN_BLOCKS && this.#isBorneOut(this.#specs[index]!, whole, pair),
    );
    const gate = this.#gate(whole, pair);
    const power = this.#conditionalPower(whole, pair);
    const stop =
      harmed >= 0 && this.#plan.stop.harm
        ? this.#harmStop(this.#specs[harmed]!, metrics[harmed]!, whole)
        : (gateStop(gate, whole) ?? this.#futilityStop(power, whole));
    return { pair, metrics, gate, power, stop };
  }

  /** Where users stay, what blocks of time show has to be shown by the keys, too. */
  #isBorneOut(spec: MetricSpec, whole: WholeBlock, pair: ArmPair): boolean {
    if (this.#keys === null || !this.#plan.stop.harm) return true;
    const { dependencies } = this.#lists;
    return this.#keys.bearsOut(spec, whole, { pair, alpha: this.#alpha, dependencies });
  }

  #lookAt({ block, blocks, stage, stageIndex }: WholeBlock, pair: ArmPair): LookedMetric[] {
    const key = `${stageIndex} ${pair.arm}`;
    let metrics = this.#metrics.get(key);
    if (metrics === undefined) {
      metrics = this.#specs.map((spec) => new LiveMetric(spec, this.#lists));
      this.#metrics.set(key, metrics);
    }
    const lnBoundary = Math.log(1 / this.#alpha);
    return metrics.map((metric, index): LookedMetric => {
      const spec = this.#specs[index]!;
      metric.add(blocks[pair.control]![block]!, blocks[pair.variant]![block]!);
      const rho = harmScale(spec.margin, blocksIn(stage), this.#alpha);
      const { lnE, widening } = harmEvidence(metric.effects, rho, this.#alpha);
      const { harm } = metric;
      return {
        arm: pair.arm,
        metric: metricLabel(spec),
        blocks: metric.effects.length,
        widening,
        harm,
        band: liveBand(harm, metric.effects, {
          relative: metric.relative,
          widening,
          plannedN: blocksIn(stage),
          alpha: 1 - familyConfidence(this.#plan),
        }),
        margin: spec.margin,
        lnE,
        lnBoundary,
        reached: lnE >= lnBoundary && harm !== null && harm >= spec.margin,
      };
    });
  }

  #conditionalPower(whole: WholeBlock, pair: ArmPair): number | null {
    const { alpha, primary, stop } = this.#plan;
    if (!stop.futility || primary === null || (whole.block + 1) % FUTILITY_EVERY !== 0) return null;
    if (this.#specs[0] !== primary || this.#fromBlock.has(whole.stageIndex)) return null;
    const ofOne = alpha / armPairs(this.#plan).length;
    const given = { blocks: blocksIn(whole.stage), alpha: ofOne, lists: this.#lists };
    return conditionalPower(primary, pairedBlocks(whole, pair), given);
  }

  #gate(whole: WholeBlock, pair: ArmPair): Gate | null {
    const alpha = this.#gateAlphas.get(whole.stage.name);
    if (alpha === undefined || !whole.lastOfStage) return null;
    const { dependencies } = this.#lists;
    const from = this.#fromBlock.get(whole.stageIndex) ?? 0;
    const { blockNs, judgedFromNs } = whole.stage;
    const stage = { ...whole.stage, judgedFromNs: judgedFromNs! + from * blockNs };
    const blocks = whole.blocks.map((own) => own.slice(from));
    const byKeys = this.#keys?.groups({ ...whole, stage }) ?? null;
    return gateOf(this.#plan, { stage, blocks }, { alpha, dependencies, pair, byKeys });
  }

  #harmStop(spec: MetricSpec, harmed: LookedMetric, { endNs, stage }: WholeBlock): RuleStop {
    const { blocks, harm, lnBoundary, lnE, margin, metric } = harmed;
    const { effect: kind } = familyOf(spec);
    const because =
      `${metric} is worse by ${amount(harm ?? 0, kind)} in stage ${stage.name} ` +
      `(margin ${amount(margin, kind, false)}), ` +
      `shown after ${blocks} blocks: ln e ${lnE.toFixed(1)}, boundary ${lnBoundary.toFixed(1)}`;
    return { rule: "harm", decision: "roll-back", because, untilNs: endNs };
  }

  #futilityStop(power: number | null, { endNs, stage }: WholeBlock): RuleStop | null {
    if (power === null || power >= FUTILE_BELOW) return null;
    const because =
      `what is left of stage ${stage.name} has a chance of ${formatRatio(power)} to show what ` +
      "is claimed, should the effect go on as it was";
    return { rule: "futility", decision: "hold", because, untilNs: endNs };
  }
}

const blocksIn = ({ blockNs, endNs, judgedFromNs }: PlannedStage): number =>
  Math.floor((endNs - judgedFromNs!) / blockNs);

function gateStop(gate: Gate | null, { endNs, stage }: WholeBlock): RuleStop | null {
  if (gate === null || gate.decision === "go-on") return null;
  const having = (...statuses: string[]): string =>
    gate.metrics
      .filter(({ status }) => statuses.includes(status))
      .map(({ metric }) => metric)
      .join(", ");
  if (gate.decision === "roll-back") {
    const because = `the gate after stage ${gate.stage} shows harm to ${having("harm")}`;
    return { rule: "gate", decision: "roll-back", because, untilNs: endNs };
  }
  if (stage.onHold !== "stop") return null;
  const because = `the gate after stage ${gate.stage} holds: ${having("inconclusive", "no-gain")} not shown to be well`;
  return { rule: "gate", decision: "hold", because, untilNs: endNs };
}
