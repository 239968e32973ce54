import { seededPrng } from "../../../src/core/index.ts";
import { selfNormalisedBound, tQuantile } from "../../../src/stats/index.ts";
import { gaussians } from "../simulate.ts";

/** One effect of a block, symmetric about 0. */
export type Noise = () => number;

/** Seeded noise of three shapes: light, heavy and double-exponential tails. */
export function noiseOf(name: "normal" | "t3" | "laplace" | (string & {}), seed: string): Noise {
  const [normal, uniform] = [gaussians(seed), seededPrng(seed)];
  if (name === "normal") return normal;
  if (name === "t3")
    return () => (normal() * Math.sqrt(3)) / Math.hypot(normal(), normal(), normal());
  return () => Math.log((1 - uniform()) / (1 - uniform()));
}

/** |t| beyond which a t test of n values rejects at two-sided 5 %. */
const CRITICAL = Array.from({ length: 1_001 }, (_, n) =>
  n < 2 ? Infinity : tQuantile(0.975, n - 1),
);

/** The share of series with no effect that are ever called different, two-sided at 5 %. */
export function everRejecting(name: string, reps: number, looks: number, rho: number) {
  const noise = noiseOf(name, `ever ${name}`);
  let [process, naive] = [0, 0];
  for (let rep = 0; rep < reps; rep++) {
    let [sum, squares, called, fooled] = [0, 0, false, false];
    for (let n = 1; n <= looks; n++) {
      const effect = noise();
      sum += effect;
      squares += effect ** 2;
      called ||= Math.abs(sum) >= selfNormalisedBound(squares, rho, 0.05);
      const variance = (squares - sum ** 2 / n) / (n - 1);
      // From the seventh block on: a t test of two or three is not what anybody would do.
      fooled ||= n >= 7 && Math.abs(sum / n) > CRITICAL[n]! * Math.sqrt(variance / n);
    }
    if (called) process++;
    if (fooled) naive++;
  }
  return { process: process / reps, naive: naive / reps };
}
