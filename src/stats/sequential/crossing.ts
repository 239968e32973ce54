import { normalCdf } from "../distributions.ts";

/** Density of the grid; 6r − 1 points and the middles between them. Source: J & T 2000 ch. 19. */
const R = 18;
const SQRT_2PI = Math.sqrt(2 * Math.PI);

const density = (x: number): number => Math.exp((-x * x) / 2) / SQRT_2PI;

/** Jennison & Turnbull's points for a standard normal, from far below to far above. */
const POINTS: readonly number[] = Array.from({ length: 6 * R - 1 }, (_, at) => {
  const i = at + 1;
  if (i < R) return -3 - 4 * Math.log(R / i);
  if (i <= 5 * R) return -3 + (3 * (i - R)) / (2 * R);
  return 3 + 4 * Math.log(R / (6 * R - i));
});

/** Where the statistic is, and with what weight, among those who have not crossed. */
export interface Continuing {
  readonly information: number;
  readonly z: readonly number[];
  readonly weight: readonly number[];
}

/** Before the first look: at 0 for certain. */
export const START: Continuing = { information: 0, z: [0], weight: [1] };

export interface Look {
  /** In the unit in which `drift` × √information is the mean of z. */
  readonly information: number;
  readonly lower: number;
  readonly upper: number;
}

/** The points of Simpson's rule within [lower, upper], and their weights. */
function simpson(look: Look, mean: number): { readonly z: number[]; readonly weight: number[] } {
  const inner = POINTS.map((x) => x + mean).filter((x) => x > look.lower && x < look.upper);
  if (Number.isFinite(look.lower)) inner.unshift(look.lower);
  if (Number.isFinite(look.upper)) inner.push(look.upper);
  const z: number[] = [];
  const weight: number[] = [];
  for (const [i, x] of inner.entries()) {
    const [before, after] = [inner[i - 1] ?? x, inner[i + 1] ?? x];
    z.push(x);
    weight.push((after - before) / 6);
    if (i + 1 < inner.length) {
      z.push((x + after) / 2);
      weight.push((4 * (after - x)) / 6);
    }
  }
  return { z, weight };
}

/** The chance that z is above `bound` at `information`, having gone on until then. */
export function chanceAbove(
  before: Continuing,
  look: { readonly information: number; readonly bound: number },
  drift: number,
): number {
  if (look.bound === Infinity) return 0;
  const gained = look.information - before.information;
  const [scale, root] = [Math.sqrt(gained), Math.sqrt(before.information)];
  const target = look.bound * Math.sqrt(look.information) - drift * gained;
  let chance = 0;
  for (const [i, z] of before.z.entries()) {
    chance += before.weight[i]! * normalCdf((z * root - target) / scale);
  }
  return chance;
}

/** Mirrored: the chance that z is below `bound`. */
export function chanceBelow(
  before: Continuing,
  look: { readonly information: number; readonly bound: number },
  drift: number,
): number {
  const mirrored = { ...before, z: before.z.map((z) => -z) };
  return chanceAbove(mirrored, { ...look, bound: -look.bound }, -drift);
}

/** Those who go on after a look: neither above its upper bound nor below its lower one. */
export function goOn(before: Continuing, look: Look, drift: number): Continuing {
  const gained = look.information - before.information;
  const [scale, root] = [Math.sqrt(gained), Math.sqrt(before.information)];
  const wide = Math.sqrt(look.information);
  const { z, weight } = simpson(look, drift * wide);
  const came = before.z.map((u) => (u * root + drift * gained) / scale);
  const mass = z.map((x, j) => {
    const to = (x * wide) / scale;
    let sum = 0;
    for (let i = 0; i < came.length; i++) sum += before.weight[i]! * density(to - came[i]!);
    return (weight[j]! * sum * wide) / scale;
  });
  return { information: look.information, z, weight: mass };
}

export interface Crossing {
  /** The chance to cross first at each look. */
  readonly upper: readonly number[];
  readonly lower: readonly number[];
}

/**
 * The chance that a statistic of independent increments first crosses a bound at each of `looks`
 * (information rising), when its mean is `drift` × √information.
 * Source: Armitage, McPherson & Rowe 1969; Jennison & Turnbull 2000 ch. 19 (the grid).
 */
export function crossing(looks: readonly Look[], drift: number): Crossing {
  const [upper, lower]: [number[], number[]] = [[], []];
  let state = START;
  for (const [i, look] of looks.entries()) {
    const { information } = look;
    upper.push(chanceAbove(state, { information, bound: look.upper }, drift));
    lower.push(chanceBelow(state, { information, bound: look.lower }, drift));
    if (i + 1 < looks.length) state = goOn(state, look, drift);
  }
  return { upper, lower };
}
