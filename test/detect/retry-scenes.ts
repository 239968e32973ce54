import { seededPrng } from "../../src/core/index.ts";
import type { Scenes } from "./scenes.ts";
import type { World } from "./service.ts";
import { evidenceOf, MS, S, startsOf, TRAFFIC } from "./simulate.ts";
import { type FlakyDependency, type RetryTarget, withRetries } from "./targets.ts";

/* Retries of a dependency that fails now and then, for the bench. */

const LENGTH_NS = 12 * S;
const FLAKY: FlakyDependency = { failing: 0.5 };

/** A control and a variant in front of it; what each does itself takes it another time. */
const retrying =
  (arms: readonly [RetryTarget, RetryTarget], dependency: FlakyDependency = FLAKY) =>
  ({ identity, rate, seed }: World) => {
    const ratePerSec = 40 * rate;
    const starts = startsOf({ ...TRAFFIC, ratePerSec, lengthNs: LENGTH_NS }, seed);
    const [control, variant] = arms.map((target, arm) => {
      const noise = seededPrng(`noise ${seed}/${arm}`);
      const noisy = starts.map((start) => ({ ...start, thinkNs: (0.2 + noise()) * MS }));
      return withRetries(noisy, target, dependency);
    });
    return evidenceOf([control!, variant!], { lengthNs: LENGTH_NS, ratePerSec, identity });
  };

const ONCE: RetryTarget = { attempts: 1 };
const STORM: RetryTarget = { attempts: 4, delayNs: 50 * MS };

export const retryScenes: Scenes = {
  healthy: retrying([ONCE, ONCE]),
  sick: retrying([ONCE, STORM]),
  both: retrying([STORM, STORM]),
  lookAlikes: {
    "more calls for each request": retrying([ONCE, { ...ONCE, callsPerRequest: 2 }]),
    "retries of a dependency that is well": retrying([ONCE, STORM], { failing: 0.005 }),
  },
  cause: /retry storm/,
  size: { value: 4, within: 0 },
  byRates: true,
};
