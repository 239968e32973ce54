import { describe, expect, it } from "vitest";
import {
  benjaminiHochberg,
  benjaminiYekutieli,
  blocksNeeded,
  bonferroni,
  hochberg,
  holm,
  moverRatio,
  normalCdf,
  poissonQuantile,
  sortedDistribution,
  tCdf,
  tQuantile,
  twoProportionZ,
  wilson,
} from "../../src/stats/index.ts";
import { deviations } from "./vectors/deviation.ts";
import { runVector, runners, type VectorResult, vectors } from "./vectors/index.ts";
import { ourVerdicts } from "./vectors/unit-dependence.ts";
import { unmet } from "./vectors/unmet.ts";

const distance = (actual: number, expected: number): number => Math.abs(actual - expected);
const ids = vectors.map(({ id }) => id);

const results = new Map<string, VectorResult>();

/** What we say to a vector, asked once. */
function resultOf(id: string): VectorResult {
  const result = results.get(id) ?? runVector(vectors.find((vector) => vector.id === id)!);
  results.set(id, result);
  return result;
}

describe("the published vectors", () => {
  it.each(vectors)("$id ($topic)", ({ id }) => {
    const fields = unmet[id]?.fields ?? [];
    const { differences } = resultOf(id);
    const unknown = differences.filter((said) => !fields.some((field) => said.startsWith(field)));
    expect(unknown).toEqual([]);
    // What has come to be met is to be taken off the list.
    for (const field of fields) {
      expect(differences.some((said) => said.startsWith(field))).toBe(true);
    }
  });

  it("are all run", () => {
    expect(new Set(ids)).toHaveLength(135);
    expect(Object.keys(runners).toSorted()).toEqual(ids.toSorted());
    expect(Object.keys(unmet).filter((id) => !ids.includes(id))).toEqual([]);
  });

  it("a difference is told by its place, and nothing passes for want of a value", () => {
    expect(deviations({ ci: [1, 2.2], p: 3 }, { ci: [1, 2], p: 4 }, 0.1)).toEqual([
      "ci[1]: 2.2 is not 2",
      "p: 3 is not 4",
    ]);
    expect(deviations({ ci: [1, 2.05], more: 1 }, { ci: [1, 2] }, 0.1)).toEqual([]);
    expect(deviations({}, { p: 0 }, 1)).toHaveLength(1);
    expect(deviations({ p: Number.NaN }, { p: 1 }, 9)).toHaveLength(1);
    expect(deviations({ p: Number.NaN }, { p: "NaN" }, 0)).toEqual([]);
    expect(deviations([1], [1, 2], 9)).toHaveLength(1);
    expect(deviations(null, 0, 0)).toHaveLength(1);
  });
});

describe("what is held of the vectors that are not met", () => {
  it("cs-selfnorm-paired-blocks: the lower end mirrors the upper, which is met", () => {
    const { ours, vector } = resultOf("cs-selfnorm-paired-blocks");
    const { ci_component_containing_mean: found } = ours as Record<string, readonly number[]>;
    const { ci_component_containing_mean: ends, mean } = vector.expected as {
      readonly ci_component_containing_mean: readonly number[];
      readonly mean: number;
    };
    expect(distance(found![0]!, 2 * mean - ends[1]!)).toBeLessThanOrEqual(vector.tolerance);
    expect(distance(found![0]!, ends[0]!)).toBeLessThanOrEqual(1 / 8_000);
  });

  it("kayenta-unit-dependence: Kayenta's counts are as published, up to chance", () => {
    const { ours, vector } = resultOf("kayenta-unit-dependence");
    const { us_High, ...counts } = ours as Record<string, readonly number[]>;
    expect(us_High).toEqual(counts.ms_or_us_High);
    expect(counts.seconds_High).not.toEqual(counts.ms_or_us_High);
    const trials = (vector.input as { readonly reps: number }).reps;
    for (const [name, all] of Object.entries(vector.expected as typeof counts)) {
      for (const [i, published] of all.entries()) {
        const [a, b] = [counts[name]![i]!, published].map((events) => ({ events, trials }));
        expect(twoProportionZ(a!, b!).pValue).toBeGreaterThan(0.001);
      }
    }
  });

  it("kayenta-unit-dependence: our verdict is the same in every unit", () => {
    const verdicts = ourVerdicts(resultOf("kayenta-unit-dependence").vector.input);
    expect(verdicts.length).toBeGreaterThan(0);
    for (const [first, ...others] of verdicts) {
      for (const other of others) expect(other).toBe(first);
    }
  });
});

describe("intervals and sizes", () => {
  it("wilson: no trial tells nothing, and the ends are exact", () => {
    expect(wilson({ events: 0, trials: 0 }, 0.95)).toEqual({ low: 0, high: 1 });
    expect(wilson({ events: 0, trials: 7 }, 0.95).low).toBe(0);
    expect(wilson({ events: 7, trials: 7 }, 0.95).high).toBe(1);
  });

  it.each(Object.entries({ benjaminiHochberg, benjaminiYekutieli, bonferroni, hochberg, holm }))(
    "%s keeps order and never lowers a p-value, nor raises one beyond Bonferroni's, or 1",
    (name, adjust) => {
      expect(adjust([])).toEqual([]);
      expect(adjust([0.3])).toEqual([0.3]);
      const given = [0.04, 0.9, 0.001, 0.04, 0.5];
      const adjusted = adjust(given);
      const most = name === "benjaminiYekutieli" ? given.map(() => 1) : bonferroni(given);
      for (const [i, p] of given.entries()) {
        expect(adjusted[i]).toBeGreaterThanOrEqual(p);
        expect(adjusted[i]).toBeLessThanOrEqual(most[i]!);
        const smaller = adjusted.filter((_, j) => given[j]! <= p);
        expect(Math.max(...smaller)).toBe(adjusted[i]);
      }
    },
  );

  it("moverRatio: swapped arms mirror it", () => {
    const [a, b] = [
      { estimate: 100, low: 96, high: 105 },
      { estimate: 108, low: 103, high: 114 },
    ];
    const there = moverRatio({ control: a, variant: b, correlation: 0.3 });
    const back = moverRatio({ control: b, variant: a, correlation: 0.3 });
    expect(distance(there.estimate * back.estimate, 1)).toBeLessThan(1e-12);
    expect(distance(there.low * back.high, 1)).toBeLessThan(1e-12);
  });

  it("blocksNeeded: 10 blocks at a margin of one SD, as in R; none are enough beyond it", () => {
    const sized = { blockSd: 0.02, margin: 0.05, assumed: 0.03, alpha: 0.025, power: 0.8 };
    expect(blocksNeeded(sized)).toBe(10);
    expect(blocksNeeded({ ...sized, blockSd: 0.04 })).toBe(34);
    expect(blocksNeeded({ ...sized, assumed: 0.05 })).toBe(Infinity);
  });
});

describe("distributions", () => {
  it("normal, t and Poisson are the standard ones", () => {
    expect(distance(normalCdf(1.959963984540054), 0.975)).toBeLessThanOrEqual(1e-12);
    expect(distance(tCdf(tQuantile(0.975, 3), 3), 0.975)).toBeLessThanOrEqual(1e-9);
    expect([poissonQuantile(0.5, 2), poissonQuantile(0.9, 4)]).toEqual([2, 7]);
  });

  it("sortedDistribution: the ⌈Np⌉-th value, free of the rounding of N × p", () => {
    const hundred = sortedDistribution(Array.from({ length: 100 }, (_, i) => 100 - i));
    const ranks = Array.from({ length: 100 }, (_, i) => hundred.quantile((i + 1) / 100));
    expect(ranks).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    expect(hundred.quantile(0.901)).toBe(91);
    expect([0, 1, 50.5, 100].map((x) => hundred.countAtOrBelow(x))).toEqual([0, 1, 50, 100]);
    expect(sortedDistribution([]).quantile(0.5)).toBeNaN();
  });
});
