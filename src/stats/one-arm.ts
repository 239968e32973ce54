import { type ArmBlocks, armQuantile, quantileName } from "./block-quantile.ts";
import { armRatio, type RatioBlock } from "./block-ratio.ts";
import { blockVariance } from "./block-variance.ts";
import { normalQuantile } from "./distributions.ts";
import { blockShortage, type EffectWarning } from "./effect.ts";

/** What one arm alone shows of a metric, with what its own blocks leave open. */
export interface OneArm {
  /** Whether the data suffice; `warnings` says what is missing where they do not. */
  readonly judged: boolean;
  /** The quantile or ratio, in its unit; NaN where there is none. */
  readonly value: number;
  /** On the scale of inference: its logarithm, or, of a share, itself. */
  readonly estimate: number;
  readonly se: number;
  readonly df: number;
  /** Of a share: what was counted, and among how many. */
  readonly counts: { readonly events: number; readonly trials: number } | null;
  readonly warnings: readonly EffectWarning[];
}

/** How sure the terms are that stand for what blocks do not show: half-widths of this confidence. */
const CONFIDENCE = 0.95;
/** A share of the independent values' variance that only rounding leaves. */
const NOTHING = 1e-9;

function notJudged(value: number, warnings: readonly EffectWarning[]): OneArm {
  const none = { estimate: Number.NaN, se: Infinity, df: 0, counts: null };
  return { judged: false, value, ...none, warnings };
}

/**
 * An arm's quantile, on the log scale, with the standard error that its own blocks leave: each arm of
 * `pairedBlockQuantile` by itself, under the same conditions.
 *
 * Source: as of `pairedBlockQuantile`.
 */
export function oneArmQuantile(arm: ArmBlocks, p: number, name: string): OneArm {
  const blocks = arm.blocks.filter(({ count }) => count > 0);
  const asked = { p, confidence: CONFIDENCE, name: quantileName(p) };
  const found = armQuantile({ ...arm, blocks }, name, asked);
  const missing = [...blockShortage(blocks.length), ...found.missing];
  if (missing.length > 0) return notJudged(found.value, missing);
  const spread = blockVariance(found.influence);
  const { independentVariance } = found;
  const varied = spread.variance > NOTHING * independentVariance;
  return {
    judged: true,
    value: found.value,
    estimate: Math.log(found.value),
    se: Math.sqrt(varied ? spread.variance : independentVariance),
    df: spread.df,
    counts: null,
    warnings: spread.warnings,
  };
}

interface OneArmRatioInput {
  readonly blocks: readonly RatioBlock[];
  /** `log`: calls per request, bytes; `share`: events among trials. */
  readonly scale: "log" | "share";
  /** Numerators in some unit, whose size says nothing of chance. */
  readonly amounts?: boolean;
  /** The arm, for messages. */
  readonly name: string;
}

/**
 * An arm's pooled ratio of two sums with the standard error that its own blocks leave: each arm of
 * `pairedBlockLogRatio` or `pairedBlockDifference` by itself. A share keeps its counts: where they are
 * few, blocks tell too little (`unpairedEffect`).
 *
 * Source: as of these.
 */
export function oneArmRatio({ amounts = false, blocks, name, scale }: OneArmRatioInput): OneArm {
  const used = blocks.filter(({ denominator }) => denominator > 0);
  const { denominator, influence, numerator, ratio } = armRatio(used);
  const missing: EffectWarning[] = blockShortage(used.length);
  if (!(denominator > 0)) missing.push({ code: "empty-arm", message: `${name}: no requests` });
  if (scale === "log" && ratio <= 0) {
    const message = `${name}: the ratio is 0 and has no logarithm`;
    missing.push({ code: "zero-ratio", message });
  }
  if (missing.length > 0) return notJudged(ratio, missing);
  const per = scale === "log" ? ratio : 1;
  const spread = blockVariance(influence.map((psi) => psi / per));
  if (spread.variance === 0 && scale === "log" && amounts) {
    const message = `${name}: every block is the same, so chance has no size`;
    return notJudged(ratio, [{ code: "no-spread", message }]);
  }
  const z = normalQuantile((1 + CONFIDENCE) / 2);
  const unseen = scale === "log" ? Math.log1p(z ** 2 / numerator) / z : 0;
  return {
    judged: true,
    value: ratio,
    estimate: scale === "log" ? Math.log(ratio) : ratio,
    se: spread.variance > 0 ? Math.sqrt(spread.variance) : unseen,
    df: spread.df,
    counts: scale === "share" ? { events: numerator, trials: denominator } : null,
    warnings: spread.warnings,
  };
}
