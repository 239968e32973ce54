import { keyedDraw } from "../../core/index.ts";
import type { IntendedStart } from "../../schedule/index.ts";
import type { Assignment } from "./assignment.ts";
import type { CrossoverSpec } from "./spec.ts";

/**
 * The arm of each period of a cycle, in which every arm has one: A B, then B A, then B A, then A B,
 * and so on from a beginning that the seed draws, so that neither a trend nor a bend in it is one
 * arm's alone. Of more than two arms every other cycle is the one before it backwards.
 * Source: Jones & Kenward 2014 (balance in crossover designs).
 */
export function periodOrder(seed: string, cycle: number, arms: number): number[] {
  const first = Math.floor(keyedDraw(seed, "crossover").uniform("first") * arms);
  const turn = first + Math.floor(cycle / 2);
  const order = Array.from({ length: arms }, (_, place) => (turn + place) % arms);
  return cycle % 2 === 0 ? order : order.toReversed();
}

/** One arm at a time: the arm of the period in which a start is intended. */
export function crossover(spec: CrossoverSpec, seed: string, arms: number): Assignment {
  let [known, order]: [number, readonly number[]] = [-1, []];
  return {
    armsOf({ intendedNs }) {
      const period = Math.floor(intendedNs / spec.periodNs);
      const cycle = Math.floor(period / arms);
      if (cycle !== known) [known, order] = [cycle, periodOrder(seed, cycle, arms)];
      return 1 << order[period % arms]!;
    },
  };
}

/**
 * Starts of a plan that takes an `arms`-th of the time, stretched: each period of them is gone
 * through once for every arm, one after another, with the same numbers, records and gaps. One
 * period of starts is held in memory.
 */
export function* repeatedStarts(
  starts: Iterable<IntendedStart>,
  periodNs: number,
  arms: number,
): Generator<IntendedStart, void> {
  let [cycle, held]: [number, IntendedStart[]] = [0, []];
  function* told(): Generator<IntendedStart, void> {
    for (let turn = 0; turn < arms; turn++) {
      // From the period's own place among those before it to its turn in the cycle.
      const laterNs = (cycle * (arms - 1) + turn) * periodNs;
      for (const start of held) yield { ...start, intendedNs: start.intendedNs + laterNs };
    }
  }
  for (const start of starts) {
    const own = Math.floor(start.intendedNs / periodNs);
    if (own !== cycle) {
      yield* told();
      [cycle, held] = [own, []];
    }
    held.push(start);
  }
  yield* told();
}
