/** The published numbers that `src/stats` has to reproduce, and what it says to each. */
import all from "../vectors.json" with { type: "json" };
import { change } from "./change.ts";
import { factorial } from "./factorial.ts";
import { interval } from "./interval.ts";
import { deviations } from "./deviation.ts";
import { kayenta } from "./kayenta.ts";
import { pairedCoverage } from "./paired-coverage.ts";
import { power } from "./power.ts";
import { proportion } from "./proportion.ts";
import { rank } from "./rank.ts";
import type { Runners } from "./runner.ts";
import { sequential } from "./sequential.ts";

export interface Vector {
  readonly id: string;
  readonly topic: string;
  /** Where the expected numbers were published, or how they were computed. */
  readonly source: string;
  readonly input: unknown;
  readonly expected: unknown;
  /** The largest absolute difference from an expected number. */
  readonly tolerance: number;
  readonly note?: string;
}

export const vectors: readonly Vector[] = all;
export const runners: Runners = {
  ...change,
  ...factorial,
  ...interval,
  ...kayenta,
  ...pairedCoverage,
  ...rank,
  ...proportion,
  ...sequential,
  ...power,
};

export interface VectorResult {
  readonly vector: Vector;
  /** Undefined when nothing runs the vector. */
  readonly ours: unknown;
  /** Each beyond the tolerance, as `path: ours is not expected`. */
  readonly differences: readonly string[];
}

export function runVector(vector: Vector): VectorResult {
  const runner = runners[vector.id];
  if (runner === undefined) return { vector, ours: undefined, differences: ["nothing runs it"] };
  const ours = runner(structuredClone(vector.input));
  return { vector, ours, differences: deviations(ours, vector.expected, vector.tolerance) };
}
