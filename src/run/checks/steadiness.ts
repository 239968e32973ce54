import { formatDurationNs, formatRatio } from "../../core/index.ts";
import { blockLevel, type StageBlocks } from "../../experiment/index.ts";
import { holm, steadiness } from "../../stats/index.ts";
import { type Check, check, type CheckInput } from "./check.ts";

/** One A/A run in a hundred raises a doubt by chance, over all stages together. */
const DOUBT_BELOW = 0.01;

interface Series {
  readonly stage: StageBlocks["stage"];
  /** Logarithms, by block. */
  readonly values: readonly number[];
}

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
  const level = blockLevel(plan, stages);
  const moving = drifts(
    seriesOf(stages, (blocks, b) => level.of(blocks[1]?.[b]) - level.of(blocks[0]?.[b])),
  );
  const alike = drifts(seriesOf(stages, (blocks, b) => level.of(blocks[0]?.[b])));
  if (moving.length > 0) {
    const summary = `the difference between the arms (${level.name}) moved ${moving.map(describe).join("; ")}`;
    return [check("drift", false, summary, "doubt")];
  }
  const both =
    alike.length === 0
      ? ""
      : `; both moved together, ${alike.map(describe).join("; ")}: a stage may want a longer settle`;
  return [
    check("drift", true, `the difference between the arms (${level.name}) kept its level${both}`),
  ];
}
