import { ShakedownError } from "../../core/index.ts";
import { normalCdf, normalQuantile, tQuantile } from "../distributions.ts";
import type { Interval } from "../effect.ts";
import { rootBetween } from "../root.ts";
import { chanceAbove, crossing, goOn, type Look, START } from "./crossing.ts";
import { type Spending, spentAlpha } from "./spending.ts";

export interface Schedule {
  /** Share of the planned information (blocks, or runs) at each look: rising, above 0, at most 1. */
  readonly fractions: readonly number[];
  /** In all: two-sided, each tail has half of it. */
  readonly alpha: number;
  readonly sides: 1 | 2;
}

/** No bound is looked for beyond this: less than 1e-300 is left above it. */
const Z_MAX = 37;

function check({ alpha, fractions, sides }: Schedule): void {
  const rising = fractions.every((t, i) => t > (fractions[i - 1] ?? 0) && t <= 1 + 1e-9);
  if (fractions.length === 0 || !rising) {
    const given = fractions.join(", ") || "none";
    throw new ShakedownError("INTERNAL", `looks have to rise from above 0 to at most 1: ${given}`);
  }
  if (!(alpha > 0 && alpha / sides < 0.5)) {
    throw new ShakedownError("INTERNAL", `alpha of ${alpha} cannot be spent on ${sides} tails`);
  }
}

/** Looks with `upper` as their bounds: mirrored below when two-sided, else open. */
export function looksOf(
  fractions: readonly number[],
  upper: readonly number[],
  sides: 1 | 2,
): Look[] {
  return fractions.map((information, i) => {
    const bound = upper[i]!;
    return { information, upper: bound, lower: sides === 2 ? -bound : -Infinity };
  });
}

/**
 * The bound on z at each look, so that by the k-th a true null was rejected with the chance that
 * `spending` allows by then. The looks need not be evenly spaced, nor planned: a bound depends on the
 * looks up to its own only. Infinite where nothing worth the name may be spent.
 * Source: Lan & DeMets 1983; Jennison & Turnbull 2000 ch. 7 and 19. Agrees with gsDesign to 4 places.
 * @throws INTERNAL when the looks do not rise, or α is out of range
 */
export function spendingBoundaries(input: Schedule & { readonly spending: Spending }): number[] {
  check(input);
  const { fractions, sides, spending } = input;
  const tail = input.alpha / sides;
  const upper: number[] = [];
  let [state, spent] = [START, 0];
  for (const [i, information] of fractions.entries()) {
    const allowed = spentAlpha(spending, tail, information);
    const excess = (bound: number): number =>
      chanceAbove(state, { information, bound }, 0) - (allowed - spent);
    const worth = allowed > spent && excess(Z_MAX) < 0;
    upper.push(worth ? rootBetween(excess, -Z_MAX, Z_MAX) : Infinity);
    spent = allowed;
    if (i + 1 < fractions.length) state = goOn(state, looksOf(fractions, upper, sides)[i]!, 0);
  }
  return upper;
}

/**
 * The classical bounds `C·(t_k/t_K)^(Δ−½)`: Pocock's at `delta` 0.5, O'Brien & Fleming's at 0, Wang
 * and Tsiatis' between. The last one is C. They need the looks as planned, all of them.
 * Source: Pocock 1977; O'Brien & Fleming 1979; Wang & Tsiatis 1987.
 * @throws INTERNAL when the looks do not rise, or α is out of range
 */
export function wangTsiatisBoundaries(input: Schedule & { readonly delta: number }): number[] {
  check(input);
  const { alpha, delta, fractions, sides } = input;
  const last = fractions.at(-1)!;
  const shape = fractions.map((t) => (t / last) ** (delta - 0.5));
  const scaled = (constant: number): number[] => shape.map((factor) => constant * factor);
  const excess = (constant: number): number => {
    const { upper } = crossing(looksOf(fractions, scaled(constant), sides), 0);
    return upper.reduce((sum, chance) => sum + chance, 0) - alpha / sides;
  };
  return scaled(rootBetween(excess, 0, normalQuantile(1 - alpha / sides / fractions.length) + 1));
}

/**
 * The bound on Student's t with `df` degrees of freedom that has the same nominal p-value as `z`: for a
 * statistic over few blocks (below about 50), or runs. An approximation, in the usual way.
 * Source: Jennison & Turnbull 2000 §3.8.
 */
export function tBound(z: number, df: number): number {
  return Number.isFinite(z) ? -tQuantile(normalCdf(-z), df) : z;
}

/**
 * The repeated confidence interval at a look: `estimate ± bound·se`, with `tBound` of the look's two-sided
 * bound where degrees of freedom are given. Over all looks together it holds the effect with the
 * confidence 1 − α, stopped or not, for whatever reason.
 * Source: Jennison & Turnbull 1989.
 */
export function repeatedInterval(input: {
  readonly estimate: number;
  readonly se: number;
  readonly z: number;
  readonly df?: number;
}): Interval {
  const critical = input.df === undefined ? input.z : tBound(input.z, input.df);
  const half = input.se === 0 ? 0 : critical * input.se;
  return { low: input.estimate - half, high: input.estimate + half };
}
