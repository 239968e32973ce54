import { seededPrng } from "../../../src/core/index.ts";
import { selfNormalisedBound, tQuantile } from "../../../src/stats/index.ts";
import { gaussians } from "../simulate.ts";

/** One effect of a block, symmetric about 0. */
export type Noise = () => number;

/** Seeded noise of a shape: `normal`, `t3` (heavy tails), else `laplace` (double-exponential). */
export function noiseOf(name: string, seed: string): Noise {
  const [normal, uniform] = [gaussians(seed), seededPrng(seed)];
  if (name === "normal") return normal;
  if (name === "t3")
    return () => (normal() * Math.sqrt(3)) / Math.hypot(normal(), normal(), normal());
  return () => Math.log((1 - uniform()) / (1 - uniform()));
}

/** Blocks that the repeated t test waits for: with six it errs as often as was published of three noises. */
const NAIVE_FROM = 6;

/**
 * The share of series with no effect that are ever called different, two-sided at 5 %, by the
 * e-process and by a t test of all blocks so far, from `NAIVE_FROM` on.
 */
export function everRejecting(name: string, reps: number, looks: number, rho: number) {
  const noise = noiseOf(name, `ever ${name}`);
  const critical = Array.from({ length: looks + 1 }, (_, n) =>
    n < NAIVE_FROM ? Infinity : tQuantile(0.975, n - 1),
  );
  let [process, naive] = [0, 0];
  for (let rep = 0; rep < reps; rep++) {
    let [sum, squares, called, fooled] = [0, 0, false, false];
    for (let n = 1; n <= looks; n++) {
      const effect = noise();
      sum += effect;
      squares += effect ** 2;
      called ||= Math.abs(sum) >= selfNormalisedBound(squares, rho, 0.05);
      const variance = (squares - sum ** 2 / n) / (n - 1);
      fooled ||= Math.abs(sum / n) > critical[n]! * Math.sqrt(variance / n);
    }
    if (called) process++;
    if (fooled) naive++;
  }
  return { process: process / reps, naive: naive / reps };
}
