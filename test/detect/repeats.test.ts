import { describe, expect, it } from "vitest";
import { seededPrng } from "../../src/core/index.ts";
import { repeatsOf, type Repeats } from "../../src/detect/repeats.ts";
import { attemptsIn, attemptsOf } from "../../src/detect/retries.ts";
import { seedsOf } from "./seeds.ts";
import { MS, S, startsOf, TRAFFIC } from "./simulate.ts";
import { type RetryTarget, withRetries } from "./targets.ts";

const LENGTH_NS = 12 * S;
const STAGE = { name: "all", ratePerSec: 40, fromNs: 2 * S, toNs: LENGTH_NS, judged: true };
const ITEMS = 120;
const SEEDS = seedsOf(20);

/** Items as they are asked for by Zipf's law, so that the same is asked for by chance again and again. */
function popular(seed: string): (seq: number) => number {
  const uniform = seededPrng(`items ${seed}`);
  const weights = Array.from({ length: ITEMS }, (_, item) => 1 / (item + 1) ** 0.8);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const drawn = Array.from({ length: LENGTH_NS / S / 0.025 + 200 }, () => {
    let left = uniform() * total;
    return weights.findIndex((weight) => (left -= weight) < 0);
  });
  return (seq) => drawn[seq % drawn.length]!;
}

/** What is read without identity, and what was the case. */
function read(seed: string, target: RetryTarget, failing = 0.5) {
  const starts = startsOf(
    { ...TRAFFIC, ratePerSec: STAGE.ratePerSec, lengthNs: LENGTH_NS, holdMedianNs: 40 * MS },
    seed,
  );
  const { calls } = withRetries(starts, { ...target, keyOf: popular(seed) }, { failing });
  calls.sort((a, b) => a.arriveNs - b.arriveNs);
  const known = attemptsIn(attemptsOf(calls), [STAGE]);
  const all = attemptsOf(calls.map((each) => ({ ...each, seq: -1, attempt: 1 })));
  const found: Repeats = repeatsOf(all, attemptsIn(all, [STAGE]));
  const failures = known.filter(({ call }) => call.outcome !== "ok").length;
  const retries = known.filter(({ before }) => before !== null).length;
  return { found, failures, retries };
}

const POLICIES: Readonly<Record<string, RetryTarget>> = {
  "four attempts at once": { attempts: 4 },
  "four, 50 ms apart": { attempts: 4, delayNs: 50 * MS },
  "three, 30 and 60 ms apart": { attempts: 3, delayNs: 30 * MS, backoff: 2 },
  "two, 200 ms apart": { attempts: 2, delayNs: 200 * MS },
  "four with full jitter": { attempts: 4, delayNs: 100 * MS, jitter: "full" },
  "four within a budget of 20 %": { attempts: 4, delayNs: 50 * MS, budgetRatio: 0.2 },
  "one alone": { attempts: 1 },
};
/** Which of them make so many attempts whenever they fail, soon and at one time. */
const TOLD = new Set(["four attempts at once", "four, 50 ms apart", "three, 30 and 60 ms apart"]);

describe("without identity", () => {
  it.each(Object.entries(POLICIES))(
    "%s: repeats are as many as retries, attempts exact or not told",
    (name, target) => {
      const runs = SEEDS.map((seed) => read(seed, target));
      const told = runs.flatMap(({ found }) => found.attemptsMax ?? []);
      expect(new Set(told)).toEqual(new Set(told.length === 0 ? [] : [target.attempts]));
      expect(told.length).toBeGreaterThanOrEqual(TOLD.has(name) ? 19 : 0);
      // Who makes one attempt alone repeats nothing that could be counted.
      expect(told).not.toContain(1);
      const offs = runs.map(({ failures, found, retries }) => (found.repeats - retries) / failures);
      // The window is the one that shows most, and so a little too much where there is nothing to show.
      expect(Math.abs(offs.reduce((sum, off) => sum + off, 0) / offs.length)).toBeLessThan(0.07);
      expect(Math.max(...offs.map(Math.abs))).toBeLessThan(0.25);
    },
  );

  it("nothing failed, or everything: no number that is not one", () => {
    for (const failing of [0, 1]) {
      const { failures, found } = read("one", { attempts: 3, delayNs: 20 * MS }, failing);
      expect(found.repeats).toBeGreaterThanOrEqual(0);
      expect(found.repeats).toBeLessThanOrEqual(failures);
    }
  });
});
