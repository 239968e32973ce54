import { chiSquareTail } from "./distributions.ts";

/** One segment's or study's effect. */
export interface EffectWithVariance {
  readonly estimate: number;
  /** Above 0. */
  readonly variance: number;
}

export interface Pooled {
  readonly estimate: number;
  readonly se: number;
}

export interface Heterogeneity {
  /** Cochran's: χ² with `df` degrees of freedom where all effects are the same. */
  readonly q: number;
  readonly df: number;
  readonly pValue: number;
  /** The share of the spread that chance does not explain, 0 to 1. */
  readonly i2: number;
  /** Variance between the effects, at least 0, on the square of their scale. */
  readonly tau2: number;
  /** Weighted by 1/variance: as if all effects were the same. */
  readonly fixed: Pooled;
  /** Weighted by 1/(variance + τ²): the mean of effects that differ. */
  readonly random: Pooled;
}

function pool(effects: readonly EffectWithVariance[], tau2: number): Pooled {
  let [weights, weighted] = [0, 0];
  for (const { estimate, variance } of effects) {
    weights += 1 / (variance + tau2);
    weighted += estimate / (variance + tau2);
  }
  return { estimate: weighted / weights, se: Math.sqrt(1 / weights) };
}

/**
 * Whether effects differ by more than chance, and what they are together. One effect, or none, does
 * not differ from itself: Q is 0, p 1.
 * Source: Cochran 1954; Higgins & Thompson 2002 (I²); DerSimonian & Laird 1986 (τ²).
 */
export function cochranQ(effects: readonly EffectWithVariance[]): Heterogeneity {
  const fixed = pool(effects, 0);
  const df = Math.max(0, effects.length - 1);
  const weights = effects.map(({ variance }) => 1 / variance);
  const sum = weights.reduce((total, w) => total + w, 0);
  const squares = weights.reduce((total, w) => total + w ** 2, 0);
  const q = effects.reduce(
    (total, e, i) => total + weights[i]! * (e.estimate - fixed.estimate) ** 2,
    0,
  );
  const excess = Math.max(0, q - df);
  const tau2 = df === 0 ? 0 : excess / (sum - squares / sum);
  return {
    q,
    df,
    pValue: df === 0 ? 1 : chiSquareTail(q, df),
    i2: excess === 0 ? 0 : excess / q,
    tau2,
    fixed,
    random: pool(effects, tau2),
  };
}
