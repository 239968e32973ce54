import { seededPrng } from "../../src/core/index.ts";
import { type ArmBlocks, sortedDistribution, tQuantile } from "../../src/stats/index.ts";

/** One standard normal from two uniform values (Box and Muller). */
export function normalFrom(uniform: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** Standard normals from a seed (Box and Muller, both of each pair). */
export function gaussians(seed: string): () => number {
  const uniform = seededPrng(seed);
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const kept = spare;
      spare = undefined;
      return kept;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}

/** A stationary AR(1) series of standard deviation 1. */
export function autoregressive(normal: () => number, length: number, phi: number): number[] {
  const series = [normal()];
  while (series.length < length) {
    series.push(phi * series.at(-1)! + Math.sqrt(1 - phi ** 2) * normal());
  }
  return series;
}

export interface Design {
  readonly blocks: number;
  readonly perBlock: number;
  /** Standard deviations of ln latency: what both arms share, what each block of an arm adds, requests. */
  readonly sharedSd: number;
  readonly armSd: number;
  readonly requestSd: number;
  /** Lag-1 of the arms' block effects; 0 when left out. */
  readonly phi?: number;
}

export interface Simulated {
  readonly control: Float64Array[];
  readonly variant: Float64Array[];
}

/** Two arms of equal medians: log-normal latencies around 20 ms, in µs, block by block. */
export function simulateArms(design: Design, normal: () => number): Simulated {
  const shared = Array.from({ length: design.blocks }, () => design.sharedSd * normal());
  const arm = (): Float64Array[] =>
    autoregressive(normal, design.blocks, design.phi ?? 0).map((effect, b) => {
      const centre = Math.log(20_000) + shared[b]! + design.armSd * effect;
      const values = new Float64Array(design.perBlock);
      for (let i = 0; i < values.length; i++) {
        values[i] = Math.exp(centre + design.requestSd * normal());
      }
      return values;
    });
  return { control: arm(), variant: arm() };
}

export function armBlocks(blocks: readonly (readonly number[] | Float64Array)[]): ArmBlocks {
  return {
    pooled: sortedDistribution(blocks.flatMap((values) => Array.from(values))),
    blocks: blocks.map((values) => ({
      count: values.length,
      countAtOrBelow(value) {
        let below = 0;
        for (const x of values) if (x <= value) below++;
        return below;
      },
    })),
  };
}

/** The largest share of `reps` that a true rate still gives in 99 of 100 simulations. */
export function upperBound99(rate: number, reps: number): number {
  return rate + 2.326 * Math.sqrt((rate * (1 - rate)) / reps);
}

/** The t interval's verdict "worse" on a plain sample, blind to its order. */
export function naiveHarm(series: readonly number[]): boolean {
  const mean = series.reduce((sum, x) => sum + x, 0) / series.length;
  const squares = series.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  const se = Math.sqrt(squares / (series.length - 1) / series.length);
  return mean > tQuantile(0.975, series.length - 1) * se;
}
