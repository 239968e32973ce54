import type { MetricFamily } from "./model.ts";

/**
 * What the calls to all dependencies, or to one, cost per 1,000 started requests, by the price of a
 * call to each, in whatever currency the prices are in.
 *
 * The numerator counts in calls of the dearest kind, so that it is the same in every currency and
 * says how much was seen: a count whose events weigh at most 1 is known no better than its size says.
 */
export const cost: MetricFamily = {
  title: "cost",
  unit: "per 1,000 requests",
  better: "lower",
  effect: "relative",
  dependency: "optional",
  target: "none",
  named: (name) => name === "cost",
  evidence: ({ dependency }, { dependencies, prices }) => {
    const counted = dependencies.map((name, place) =>
      dependency === undefined || dependency === name ? (prices[place] ?? 0) : 0,
    );
    // Without a price there is no cost: a ratio of 0, which is not judged.
    const dearest = Math.max(0, ...counted) || 1;
    return {
      kind: "sums",
      of: ({ calls, started }) => ({
        numerator: counted.reduce(
          (sum, price, place) => sum + (calls[place] ?? 0) * (price / dearest),
          0,
        ),
        denominator: started / 1_000 / dearest,
      }),
    };
  },
};
