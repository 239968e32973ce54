import { Histogram } from "../../measure/index.ts";
import type { Block } from "../blocks.ts";
import { type BlockLists, type Evidence, familyOf, type MetricSpec } from "../metrics/index.ts";

/** Families that need what is known only when a run has ended. */
const ONLY_AFTERWARDS = new Set([
  "throughput",
  "goodput",
  "cpu_seconds",
  "peak_rss",
  "request_bytes",
  "response_equality",
]);

/** Whether a metric can be looked at while a run goes on. */
export const isLive = (spec: MetricSpec): boolean => !ONLY_AFTERWARDS.has(familyOf(spec).title);

/** A block without a call must not have an effect of minus infinity; half a call is added to each. */
const HALF = 0.5;

interface Sum {
  numerator: number;
  denominator: number;
}

/**
 * One metric of one stage while it goes on: what each block's pair adds, and the pooled effect so
 * far. Both are turned so that more is worse.
 */
export class LiveMetric {
  /** A log-ratio or a difference for each block, in order; 0 for one that is empty in an arm. */
  readonly effects: number[] = [];
  readonly #evidence: Evidence;
  /** Whether the margin is a share of control's level. */
  readonly relative: boolean;
  readonly #sign: 1 | -1;
  readonly #pooled = [new Histogram(), new Histogram()] as const;
  readonly #sums: readonly [Sum, Sum] = [
    { numerator: 0, denominator: 0 },
    { numerator: 0, denominator: 0 },
  ];

  constructor(spec: MetricSpec, lists: BlockLists) {
    const family = familyOf(spec);
    this.#evidence = family.evidence(spec, lists);
    this.relative = family.effect === "relative";
    this.#sign = family.better === "higher" ? -1 : 1;
  }

  add(control: Block, variant: Block): void {
    const effect = this.#sign * this.#effectOf(control, variant);
    this.effects.push(Number.isFinite(effect) ? effect : 0);
  }

  /** Harm over all blocks so far, on the margin's scale; null when there is none to speak of. */
  get harm(): number | null {
    const [control, variant] = this.#levels();
    const effect = this.relative ? variant / control - 1 : variant - control;
    const harm = this.#sign * effect;
    return Number.isFinite(harm) ? harm : null;
  }

  #levels(): readonly [number, number] {
    const evidence = this.#evidence;
    if (evidence.kind === "sums") {
      const [control, variant] = this.#sums;
      return [control.numerator / control.denominator, variant.numerator / variant.denominator];
    }
    const { p } = evidence;
    return [this.#pooled[0].quantile(p), this.#pooled[1].quantile(p)];
  }

  #effectOf(control: Block, variant: Block): number {
    const evidence = this.#evidence;
    if (evidence.kind === "quantile") {
      const times = [evidence.of(control), evidence.of(variant)] as const;
      for (const [arm, histogram] of times.entries()) this.#pooled[arm]!.add(histogram);
      return Math.log(times[1].quantile(evidence.p) / times[0].quantile(evidence.p));
    }
    const rows = [evidence.of(control), evidence.of(variant)] as const;
    for (const [arm, { denominator, numerator }] of rows.entries()) {
      const sum = this.#sums[arm]!;
      sum.numerator += numerator;
      sum.denominator += denominator;
    }
    const [c, v] = rows;
    if (!this.relative) return v.numerator / v.denominator - c.numerator / c.denominator;
    const level = (row: typeof c): number => Math.log((row.numerator + HALF) / row.denominator);
    return level(v) - level(c);
  }
}
