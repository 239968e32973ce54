import { formatDurationNs, formatRatio } from "../../core/index.ts";
import {
  type ArmPair,
  armPairs,
  type Block,
  blockLevel,
  pairedBlocks,
  reaches,
  type StageBlocks,
} from "../../experiment/index.ts";
import { holm, steadiness } from "../../stats/index.ts";
import { type Check, check, type CheckInput, ofArm } from "./check.ts";

/** One A/A run in a hundred raises a doubt by chance, over all stages together. */
const DOUBT_BELOW = 0.01;

interface Series {
  /** The variant. */
  readonly arm: string;
  readonly stage: StageBlocks["stage"];
  /** Logarithms, by block. */
  readonly values: readonly number[];
}

/** The control's level, or what the variant's is above it, block by block. */
function seriesOf(
  stages: readonly StageBlocks[],
  pair: ArmPair,
  of: (control: Block, variant: Block | undefined) => number,
): Series[] {
  const judged = stages.filter((stage) => reaches(stage, pair));
  return judged.map((stage): Series => {
    const { control, variant } = pairedBlocks(stage, pair);
    const values = control.map((block, b) => of(block, variant[b]));
    return { arm: pair.arm, stage: stage.stage, values: values.filter(Number.isFinite) };
  });
}

interface Drift {
  readonly arm: string;
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
  const told = all.flatMap(({ arm, stage, values }) => {
    const found = steadiness(values);
    return found === null ? [] : [{ arm, stage, values, found }];
  });
  const pValues = holm(told.map(({ found }) => found.pValue));
  return told.flatMap(({ arm, found, stage, values }, index): Drift[] => {
    const pValue = pValues[index] ?? 1;
    if (pValue >= DOUBT_BELOW) return [];
    const { changeAt } = found;
    const by = meanOf(values.slice(changeAt)) - meanOf(values.slice(0, changeAt));
    return [{ arm, stage, pValue, by, atNs: changeAt * stage.blockNs }];
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
export function drift({ ends, plan, stages }: CheckInput): Check[] {
  if (plan.arms.length < 2 || plan.primary === null) return [];
  const level = blockLevel(plan, stages);
  const pairs = armPairs(plan, ends);
  // In a soak a drift has a margin: it is a guardrail.
  const unsoaked = stages.filter(({ stage }) => stage.soak === undefined);
  const moving = drifts(
    pairs.flatMap((pair) =>
      seriesOf(unsoaked, pair, (control, variant) => level.of(variant) - level.of(control)),
    ),
  );
  const what = `the difference between the arms (${level.name})`;
  // The control's own, up to the end, whoever was cut.
  const [whole] = armPairs(plan);
  const alike = drifts(seriesOf(stages, whole!, (control) => level.of(control)));
  const both =
    alike.length === 0
      ? ""
      : `; both moved together, ${alike.map(describe).join("; ")}: a stage may want a longer settle`;
  const kept =
    unsoaked.length > 0 ? "kept its level" : "is held to its margin over the soak, as a guardrail";
  return pairs.map(({ arm }) => {
    const own = moving.filter((each) => each.arm === arm);
    const row =
      own.length > 0
        ? check("drift", false, `${what} moved ${own.map(describe).join("; ")}`, "doubt")
        : check("drift", true, `${what} ${kept}${both}`);
    return { ...row, ...ofArm(plan, arm) };
  });
}
