import type { Histogram } from "../../measure/index.ts";
import type { RatioBlock } from "../../stats/index.ts";
import type { Block } from "../blocks.ts";
import type { ToldSpec } from "./told-spec.ts";

/** What a scenario says of a metric. */
export interface MetricSpec extends ToldSpec {
  readonly metric: string;
  readonly dependency?: string | undefined;
  /** The response time that an answer must keep, in ns. */
  readonly target?: number | undefined;
  /** The harm tolerated, on the effect's scale: a share for relative effects, else a difference. */
  readonly margin: number;
  /** The gain that is claimed, on the effect's scale; without it, no harm is. */
  readonly minimumEffect?: number | undefined;
}

/** A metric's name with its parameters. */
export type MetricName = Omit<MetricSpec, "margin" | "minimumEffect">;

/** In what one arm's value is given: `us` are microseconds. */
export const METRIC_UNITS = [
  "us",
  "ratio",
  "calls per request",
  "per second",
  "bytes per request",
  "per 1,000 requests",
  "CPU s per 1,000 requests",
  "MB",
  "as told",
  "MB per hour",
  "per hour",
] as const;
export type MetricUnit = (typeof METRIC_UNITS)[number];

/** What the numbers in a block's lists stand for: `calls[i]` are those to `dependencies[i]`. */
export interface BlockLists {
  readonly dependencies: readonly string[];
  /** Of one call to each of `dependencies`; 0 for one that has none. */
  readonly prices: readonly number[];
  /** In ns. */
  readonly targets: readonly number[];
  /** Of metrics that targets tell of themselves, as `toldLabel` names them; none unless given. */
  readonly told?: readonly string[];
}

/**
 * What a metric is made of in one arm's block. `quantile`: of the pooled values. `sums`: the pooled
 * ratio of two sums; a share where the effect is a difference. `amounts`: the numerator is in some
 * unit and no count, so that its size says nothing of how exact it is.
 */
export type Evidence =
  | { readonly kind: "quantile"; readonly p: number; readonly of: (block: Block) => Histogram }
  | {
      readonly kind: "sums";
      readonly of: (block: Block) => RatioBlock;
      readonly amounts?: boolean;
    };

/**
 * One kind of metric. To add one: a file that exports one of these, a line in `index.ts`, and the
 * contract suite takes it up.
 */
export interface MetricFamily {
  /** As scenarios write it: `error_ratio`, `response_time_pNN`. */
  readonly title: string;
  readonly unit: MetricUnit;
  readonly better: "lower" | "higher";
  /** `relative`: variant/control − 1; `difference`: variant − control, of shares. */
  readonly effect: "relative" | "difference";
  readonly dependency: "needed" | "optional" | "none";
  readonly target: "needed" | "none";
  /** Known of an arm as a whole alone, and when a run has ended: of no route and no segment. */
  readonly wholeArm?: true;
  /**
   * A run has one value of it, its largest block: runs are compared with each other, and one alone
   * shows nothing.
   */
  readonly onePerRun?: true;
  /** Whether a name is one of this family's. */
  named(name: string): boolean;
  /** What is looked at in each block, given what the numbers in its lists stand for. */
  evidence(name: MetricName, lists: BlockLists): Evidence;
}
