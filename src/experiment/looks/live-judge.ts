import { NS_PER_S } from "../../core/index.ts";
import { MIN_BLOCKS } from "../../stats/index.ts";
import { blockLists } from "../blocks.ts";
import { metricLabel } from "../metric.ts";
import type { BlockLists, MetricSpec } from "../metrics/index.ts";
import type { Plan } from "../plan.ts";
import { conditionalPower, FUTILE_BELOW } from "./futility.ts";
import { type Gate, gateOf } from "./gate.ts";
import { harmEvidence, harmScale } from "./harm-look.ts";
import type { WholeBlock } from "./live-blocks.ts";
import { LiveMetric } from "./live-metric.ts";
import type { RuleStop } from "./rule-stop.ts";
import { gateAlphas, liveMetrics, lookAlpha } from "./shares.ts";

/** What one look saw of one metric. */
export interface LookedMetric {
  readonly metric: string;
  readonly blocks: number;
  /** How many times as much they vary as unrelated ones would, since neighbours resemble each other. */
  readonly widening: number;
  /** Harm so far on the margin's scale, above 0 for worse; null when there is none to speak of. */
  readonly harm: number | null;
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
  /** The chance that the stage will show what is claimed; null where no rule asks for it. */
  readonly conditionalPower: number | null;
}

/** What came of a block. */
export interface Looked {
  readonly look: Look;
  readonly gate: Gate | null;
  readonly stop: RuleStop | null;
}

const percent = (value: number): string =>
  `${value < 0 ? "−" : "+"}${(Math.abs(value) * 100).toPrecision(3)} %`;

/** Every so many blocks: what is left changes little from one to the next. */
const FUTILITY_EVERY = 5;

/**
 * Judges a run while it goes on, by the plan's own rules: harm at every block (it stops the run once
 * the stage has as many as a verdict needs), futility at every
 * fifth, a gate after each judged stage but the last. Pure: the same blocks give the same looks.
 */
export class LiveJudge {
  readonly #plan: Plan;
  readonly #lists: BlockLists;
  readonly #specs: readonly MetricSpec[];
  readonly #alpha: number;
  readonly #gateAlphas: ReadonlyMap<string, number>;
  readonly #metrics = new Map<number, readonly LiveMetric[]>();

  constructor(plan: Plan, dependencies: readonly string[]) {
    this.#plan = plan;
    this.#lists = blockLists(plan, dependencies);
    this.#specs = liveMetrics(plan);
    this.#alpha = lookAlpha(plan);
    this.#gateAlphas = gateAlphas(plan);
  }

  /** Looks at one more block; they must come in order, each once. */
  see(whole: WholeBlock): Looked {
    const look = this.#look(whole);
    // Sooner, neither the verdict nor a detector could say what the stop was for.
    const harmed = look.metrics.find(({ blocks, reached }) => reached && blocks >= MIN_BLOCKS);
    const gate = this.#gate(whole);
    const stop =
      harmed !== undefined && this.#plan.stop.harm
        ? this.#harmStop(harmed, whole)
        : (gateStop(gate, whole) ?? this.#futilityStop(look, whole));
    return { look, gate, stop };
  }

  #look(whole: WholeBlock): Look {
    const { block, blocks, endNs, stage, stageIndex } = whole;
    let metrics = this.#metrics.get(stageIndex);
    if (metrics === undefined) {
      metrics = this.#specs.map((spec) => new LiveMetric(spec, this.#lists));
      this.#metrics.set(stageIndex, metrics);
    }
    const planned = Math.floor((stage.endNs - stage.judgedFromNs!) / stage.blockNs);
    const lnBoundary = Math.log(1 / this.#alpha);
    const rows = metrics.map((metric, index): LookedMetric => {
      const spec = this.#specs[index]!;
      metric.add(blocks[0]![block]!, blocks[1]![block]!);
      const rho = harmScale(spec.margin, planned, this.#alpha);
      const { lnE, widening } = harmEvidence(metric.effects, rho);
      const { harm } = metric;
      return {
        metric: metricLabel(spec),
        blocks: metric.effects.length,
        widening,
        harm,
        margin: spec.margin,
        lnE,
        lnBoundary,
        reached: lnE >= lnBoundary && harm !== null && harm >= spec.margin,
      };
    });
    const power = this.#conditionalPower(whole, planned);
    return {
      stage: stage.name,
      block,
      atS: endNs / NS_PER_S,
      metrics: rows,
      conditionalPower: power,
    };
  }

  #conditionalPower({ block, blocks }: WholeBlock, planned: number): number | null {
    const { alpha, primary, stop } = this.#plan;
    if (!stop.futility || primary === null || (block + 1) % FUTILITY_EVERY !== 0) return null;
    if (this.#specs[0] !== primary) return null;
    const arms = { control: blocks[0]!, variant: blocks[1]! };
    return conditionalPower(primary, arms, { blocks: planned, alpha, lists: this.#lists });
  }

  #gate({ blocks, lastOfStage, stage }: WholeBlock): Gate | null {
    const alpha = this.#gateAlphas.get(stage.name);
    if (alpha === undefined || !lastOfStage) return null;
    const { dependencies } = this.#lists;
    return gateOf(this.#plan, { stage, blocks }, { alpha, dependencies });
  }

  #harmStop(harmed: LookedMetric, { endNs, stage }: WholeBlock): RuleStop {
    const { blocks, harm, lnBoundary, lnE, margin, metric } = harmed;
    const because =
      `${metric} is worse by ${percent(harm ?? 0)} in stage ${stage.name} (margin ${percent(margin)}), ` +
      `shown after ${blocks} blocks: ln e ${lnE.toFixed(1)}, boundary ${lnBoundary.toFixed(1)}`;
    return { rule: "harm", decision: "roll-back", because, untilNs: endNs };
  }

  #futilityStop({ conditionalPower: power }: Look, { endNs, stage }: WholeBlock): RuleStop | null {
    if (power === null || power >= FUTILE_BELOW) return null;
    const because =
      `what is left of stage ${stage.name} has a chance of ${percent(power).slice(1)} to show what ` +
      "is claimed, should the effect go on as it was";
    return { rule: "futility", decision: "hold", because, untilNs: endNs };
  }
}

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
