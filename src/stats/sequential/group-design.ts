import { ShakedownError } from "../../core/index.ts";
import { normalQuantile } from "../distributions.ts";
import { rootBetween } from "../root.ts";
import { looksOf, type Schedule } from "./boundaries.ts";
import { type Crossing, crossing } from "./crossing.ts";

/** What a design with several looks costs and gains beside one with a single look at the end. */
export interface GroupDesign {
  /** The mean of z at full information under the effect planned for. */
  readonly drift: number;
  /** The same for a single look: z_{1−α} + z_{power}. */
  readonly fixedDrift: number;
  /** Largest sample over that of a single look. */
  readonly inflation: number;
  /** Where it ends when the effect is `ratio` × the planned one: chances at each look. */
  crossingAt(ratio: number): Crossing;
  /** The chance to cross the upper bound at any look. */
  powerAt(ratio: number): number;
  /** Expected sample over that of a single look. */
  expectedAt(ratio: number): number;
}

const total = (chances: readonly number[]): number => chances.reduce((sum, c) => sum + c, 0);

/**
 * A design with bounds `upper` on z at its looks (the last with all information), large enough for
 * `power`. Every crossing ends it; a two-sided one may also end below.
 * Source: Jennison & Turnbull 2000 ch. 2 and 19.
 * @throws INTERNAL when no bound is finite, or the power is not below 1
 */
export function groupDesign(
  input: Schedule & { readonly upper: readonly number[]; readonly power: number },
): GroupDesign {
  const { alpha, fractions, power, sides, upper } = input;
  const looks = looksOf(fractions, upper, sides);
  const fixedDrift = normalQuantile(1 - alpha / sides) + normalQuantile(power);
  const powerOf = (drift: number): number => total(crossing(looks, drift).upper);
  let high = 2 * Math.max(1, fixedDrift);
  if (!upper.some((bound) => bound < Infinity) || !(power < 1)) {
    throw new ShakedownError("INTERNAL", `no sample has power ${power} with these bounds`);
  }
  while (powerOf(high) < power) high *= 2;
  const drift = rootBetween((at) => powerOf(at) - power, 0, high, 1e-9);
  const inflation = (drift / fixedDrift) ** 2;
  const crossingAt = (ratio: number): Crossing => crossing(looks, ratio * drift);
  return {
    drift,
    fixedDrift,
    inflation,
    crossingAt,
    powerAt: (ratio) => total(crossingAt(ratio).upper),
    expectedAt(ratio) {
      const found = crossingAt(ratio);
      const stops = found.upper.map((chance, i) => chance + found.lower[i]!);
      const early = fractions.map((t, i) => stops[i]! * (fractions.at(-1)! - t));
      return inflation * (fractions.at(-1)! - total(early));
    },
  };
}

/**
 * The chance to cross an upper bound at any look to come, when z stands at `z` with `information` in,
 * and the mean of z at information 1 is `drift`: z/√information for what is seen so far (the current
 * trend), `GroupDesign.drift` for what was planned. Below 0.1 under the planned effect is the usual
 * reason to give up; doing so never adds false alarms. `looks` are those to come.
 * Source: Lan, Simon & Halperin 1982; Jennison & Turnbull 2000 ch. 10.
 */
export function conditionalPower(input: {
  readonly z: number;
  readonly information: number;
  readonly looks: readonly { readonly fraction: number; readonly upper: number }[];
  readonly drift: number;
}): number {
  const { drift, information } = input;
  const reached = input.z * Math.sqrt(information);
  const ahead = input.looks.map(({ fraction, upper }) => {
    const gained = fraction - information;
    const bound = (upper * Math.sqrt(fraction) - reached) / Math.sqrt(gained);
    return { information: gained, upper: bound, lower: -Infinity };
  });
  return total(crossing(ahead, drift).upper);
}
