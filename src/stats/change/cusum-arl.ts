import { normalCdf } from "../distributions.ts";

/** States of the chain: with 200 the run length is right to about 1 in 10,000. */
const STATES = 200;

/** Solves Ax = b by elimination with pivots, in place. */
function solve(rows: Float64Array[], right: Float64Array): Float64Array {
  const size = right.length;
  for (let column = 0; column < size; column++) {
    let pivot = column;
    for (let i = column + 1; i < size; i++) {
      if (Math.abs(rows[i]![column]!) > Math.abs(rows[pivot]![column]!)) pivot = i;
    }
    [rows[column], rows[pivot]] = [rows[pivot]!, rows[column]!];
    [right[column], right[pivot]] = [right[pivot]!, right[column]!];
    const head = rows[column]!;
    for (let i = column + 1; i < size; i++) {
      const row = rows[i]!;
      const factor = row[column]! / head[column]!;
      if (factor === 0) continue;
      for (let j = column; j < size; j++) row[j]! -= factor * head[j]!;
      right[i]! -= factor * right[column]!;
    }
  }
  for (let i = size - 1; i >= 0; i--) {
    let rest = right[i]!;
    for (let j = i + 1; j < size; j++) rest -= rows[i]![j]! * right[j]!;
    right[i] = rest / rows[i]![i]!;
  }
  return right;
}

/** Mean run length of one side from 0, by a Markov chain over its height. */
function oneSided(k: number, h: number, shift: number): number {
  const width = (2 * h) / (2 * STATES - 1);
  const transition = Array.from({ length: STATES }, (_, from) =>
    Float64Array.from({ length: STATES }, (__, to) => {
      const move = (to - from) * width + k - shift;
      const upper = normalCdf(move + width / 2);
      const stay = to === 0 ? upper : upper - normalCdf(move - width / 2);
      return (from === to ? 1 : 0) - stay;
    }),
  );
  return solve(transition, new Float64Array(STATES).fill(1))[0]!;
}

/**
 * How many independent normal values pass, on average, until a CUSUM with allowance `k` and decision
 * interval `h` alarms, where the level lies `shift` above its target (all in standard deviations;
 * 0 for the time between false alarms). Two-sided unless `sides` is 1.
 * Source: Brook & Evans 1972 (the chain); Montgomery 2013, eq. 9.7 (two sides).
 */
export function cusumArl(input: {
  readonly k: number;
  readonly h: number;
  readonly shift: number;
  readonly sides?: 1 | 2;
}): number {
  const { h, k, shift, sides = 2 } = input;
  const high = oneSided(k, h, shift);
  if (sides === 1) return high;
  return 1 / (1 / high + 1 / oneSided(k, h, -shift));
}
