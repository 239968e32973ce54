import { formatDurationNs, formatRatio } from "../../core/index.ts";
import type { Block, Plan, StageBlocks } from "../../experiment/index.ts";
import { holm, steadiness } from "../../stats/index.ts";
import { type Check, check, type CheckInput } from "./check.ts";

/** One A/A run in a hundred raises a doubt by chance, over all stages together. */
const DOUBT_BELOW = 0.01;
/** So many values must lie beyond a quantile in a block, or the block's median is taken. */
const MIN_BEYOND = 5;

interface Series {
  readonly stage: StageBlocks["stage"];
  /** Logarithms, by block. */
  readonly values: readonly number[];
}

/** The quantile whose steadiness is looked at: the primary metric's where blocks can tell it. */
function quantileOf(plan: Plan, stages: readonly StageBlocks[]): number {
  const percentile = /_time_p([\d.]+)$/.exec(plan.primary?.metric ?? "")?.[1];
  if (percentile === undefined) return 0.5;
  const p = Number(percentile) / 100;
  const sizes = stages.flatMap(({ blocks }) =>
    blocks.flat().map((block) => block.responseTime.count),
  );
  const typical = sizes.toSorted((a, b) => a - b)[Math.floor(sizes.length / 2)] ?? 0;
  return typical * Math.min(p, 1 - p) >= MIN_BEYOND ? p : 0.5;
}

const level = (block: Block | undefined, p: number): number =>
  Math.log(
    block === undefined || block.responseTime.count === 0 ? NaN : block.responseTime.quantile(p),
  );

function seriesOf(
  stages: readonly StageBlocks[],
  of: (blocks: StageBlocks["blocks"], b: number) => number,
) {
  return stages.map(({ blocks, stage }): Series => {
    const values = (blocks[0] ?? []).map((_, b) => of(blocks, b));
    return { stage, values: values.filter(Number.isFinite) };
  });
}

interface Drift {
  readonly stage: StageBlocks["stage"];
  readonly pValue: number;
  /** The change of level where it changed most, on the log scale. */
  readonly by: number;
  readonly atNs: number;
}

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** The stages in which a level changed, chance set aside over all of them together. */
function drifts(all: readonly Series[]): readonly Drift[] {
  const told = all.flatMap(({ stage, values }) => {
    const found = steadiness(values);
    return found === null ? [] : [{ stage, values, found }];
  });
  const pValues = holm(told.map(({ found }) => found.pValue));
  return told.flatMap(({ found, stage, values }, index): Drift[] => {
    const pValue = pValues[index] ?? 1;
    if (pValue >= DOUBT_BELOW) return [];
    const { changeAt } = found;
    const by = meanOf(values.slice(changeAt)) - meanOf(values.slice(0, changeAt));
    return [{ stage, pValue, by, atNs: changeAt * stage.blockNs }];
  });
}

const pWords = (pValue: number): string =>
  pValue < 0.001 ? "p < 0.001" : `p = ${pValue.toFixed(3)}`;

const describe = ({ atNs, by, pValue, stage }: Drift): string =>
  `by ${formatRatio(Math.expm1(by), { signed: true })} about ${formatDurationNs(atNs)} into the judged time of ${stage.name} (${pWords(pValue)})`;

/**
 * Whether the difference between the arms stays what it is while it is measured. Where it drifts,
 * its average says little of what comes next: harm may be shown, the want of harm may not. A level
 * that moves in both arms alike is taken out by pairing, and told.
 */
export function drift({ plan, stages }: CheckInput): Check[] {
  if (plan.arms.length < 2 || plan.primary === null) return [];
  const p = quantileOf(plan, stages);
  const moving = drifts(
    seriesOf(stages, (blocks, b) => level(blocks[1]?.[b], p) - level(blocks[0]?.[b], p)),
  );
  const alike = drifts(seriesOf(stages, (blocks, b) => level(blocks[0]?.[b], p)));
  const what = `p${Number((100 * p).toFixed(3))} of the blocks`;
  if (moving.length > 0) {
    const summary = `the difference between the arms (${what}) moved ${moving.map(describe).join("; ")}`;
    return [check("drift", false, summary, "doubt")];
  }
  const both =
    alike.length === 0
      ? ""
      : `; both moved together, ${alike.map(describe).join("; ")}: a stage may want a longer settle`;
  return [check("drift", true, `the difference between the arms (${what}) kept its level${both}`)];
}
