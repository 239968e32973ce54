import { assert, array, constantFrom, double, property } from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Design,
  aliasesOf,
  definingRelation,
  factorialEffects,
  fractionOf,
  nameOf,
  plackettBurman,
  resolution,
  twoLevelDesign,
} from "../../src/stats/index.ts";
import { gaussians } from "./simulate.ts";

const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, x, i) => sum + x * b[i]!, 0);
const columns = (design: Design): number[][] =>
  design[0]!.map((_, factor) => design.map((row) => row[factor]!));

describe("two-level designs", () => {
  const designs: readonly (readonly [string, Design])[] = [
    ["2^4", twoLevelDesign(4)],
    ["2^(7-4)", twoLevelDesign(7, ["D=AB", "E=AC", "F=BC", "G=ABC"])],
    ["2^(5-1), turned", twoLevelDesign(5, ["E=-ABCD"])],
    ...[8, 12, 16, 20, 24].map((runs) => [`PB ${runs}`, plackettBurman(runs)] as const),
  ];

  it.each(designs)("%s is balanced, its factors orthogonal, its runs distinct", (_, design) => {
    const all = columns(design);
    for (const [i, column] of all.entries()) {
      expect(
        dot(
          column,
          column.map(() => 1),
        ),
      ).toBe(0);
      for (const other of all.slice(0, i)) expect(dot(column, other)).toBe(0);
    }
    expect(new Set(design.map((row) => row.join()))).toHaveLength(design.length);
  });

  it("every word of the defining relation is constant over the fraction, with its sign", () => {
    for (const generators of [["D=AB"], ["D=-AB", "E=AC"], ["E=ABC", "F=-BCD"]]) {
      const factors = generators.length === 1 ? 4 : generators[0]!.startsWith("D") ? 5 : 6;
      const design = twoLevelDesign(factors, generators);
      const relation = definingRelation(generators, factors);
      expect(relation).toHaveLength(2 ** generators.length - 1);
      for (const { sign, word } of relation) {
        const products = design.map((row) =>
          row.reduce<number>((all, level, i) => ((word >>> i) % 2 === 1 ? all * level : all), 1),
        );
        expect(new Set(products)).toEqual(new Set([sign]));
      }
    }
  });

  it("2^(4-1): D=ABC is of resolution IV, pairs of interactions are aliased", () => {
    const relation = definingRelation(["D=ABC"], 4);
    expect(relation.map(({ word }) => nameOf(word))).toEqual(["ABCD"]);
    expect([resolution(relation), resolution([])]).toEqual([4, Infinity]);
    expect(aliasesOf("AB", relation)).toEqual(["CD"]);
    expect(aliasesOf("A", definingRelation(["D=-ABC"], 4))).toEqual(["-BCD"]);
  });

  it("in 12 runs each main effect has a third of every interaction of two others in it", () => {
    const all = columns(plackettBurman(12));
    const interaction = all[0]!.map((level, run) => level * all[1]![run]!);
    const shares = all.slice(2).map((column) => Math.abs(dot(column, interaction)) / 12);
    for (const share of shares) expect(share).toBeCloseTo(1 / 3, 12);
  });

  // Box, Hunter & Hunter 2005, table 6.22: the resolution that so many runs can have.
  it.each([
    [3, 4, 3],
    [4, 8, 4],
    [5, 8, 3],
    [5, 16, 5],
    [6, 8, 3],
    [6, 16, 4],
    [6, 32, 6],
    [7, 8, 3],
    [7, 16, 4],
    [8, 16, 4],
    [8, 64, 5],
  ])("of %i factors the %i runs that are chosen have resolution %i", (factors, runs, best) => {
    const generators = fractionOf(factors, best);
    expect(twoLevelDesign(factors, generators)).toHaveLength(runs);
    expect(resolution(definingRelation(generators, factors))).toBe(best);
  });

  it("takes all combinations where no fraction is as good as is wanted", () => {
    expect([fractionOf(2, 3), fractionOf(3, 4), fractionOf(4, 5)]).toEqual([[], [], []]);
    expect(() => fractionOf(9, 3)).toThrow(/9 factors/);
  });

  it.each([
    [4, ["D=AX"], /X is not a factor/],
    [4, ["D"], /not a generator/],
    [4, ["D=AD"], /by itself/],
    [4, ["D=A"], /AD constant/],
    [5, ["D=AB", "E=AB"], /DE constant/],
    [5, ["D=AB", "E=CD"], /lean on each other/],
    [0, [], /0 factors/],
    [13, [], /13 factors/],
  ] as const)("refuses %d factors with %j", (factors, generators, message) => {
    expect(() => twoLevelDesign(factors, generators)).toThrow(message);
  });

  it("refuses other numbers of runs", () => {
    expect(() => plackettBurman(10)).toThrow(/8, 12, 16, 20, 24|10 runs/);
  });
});

describe("factorialEffects", () => {
  const coefficient = double({ min: -10, max: 10, noNaN: true });

  it("finds in a full factorial exactly the effects that made the responses", () => {
    assert(
      property(array(coefficient, { minLength: 7, maxLength: 7 }), (c) => {
        const runs = twoLevelDesign(3).map((levels) => {
          const [x, y, z] = levels as [number, number, number];
          const terms = [1, x, y, z, x * y, x * z, y * z];
          return { levels, response: dot(c, terms) };
        });
        const { effects, mean } = factorialEffects(runs, { confidence: 0.95 });
        expect(mean).toBeCloseTo(c[0]!, 9);
        expect(effects.map(({ name }) => name)).toEqual(["A", "B", "C", "AB", "AC", "BC"]);
        for (const [i, { estimate }] of effects.entries()) {
          expect(estimate).toBeCloseTo(2 * c[i + 1]!, 9);
        }
      }),
      { numRuns: 30 },
    );
  });

  it("the unit scales estimate, error and interval; the order of the runs does not matter", () => {
    assert(
      property(
        array(coefficient, { minLength: 16, maxLength: 16 }),
        constantFrom(-8, 0.25, 1024),
        (responses, factor) => {
          const design = [...twoLevelDesign(3), ...twoLevelDesign(3)];
          const runs = design.map((levels, i) => ({ levels, response: responses[i]! }));
          const turned = runs
            .map((run) => ({ ...run, response: run.response * factor }))
            .toReversed();
          const plain = factorialEffects(runs, { confidence: 0.9 });
          const scaled = factorialEffects(turned, { confidence: 0.9 });
          for (const [i, { estimate, pValue, se }] of plain.effects.entries()) {
            expect(scaled.effects[i]!.estimate).toBeCloseTo(estimate * factor, 6);
            expect(scaled.effects[i]!.se).toBeCloseTo(se * Math.abs(factor), 6);
            expect(scaled.effects[i]!.pValue).toBeCloseTo(pValue, 6);
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  it("a fraction names what it cannot tell apart", () => {
    const runs = twoLevelDesign(4, ["D=-ABC"]).map((levels, i) => ({ levels, response: i }));
    const { effects } = factorialEffects(runs, { confidence: 0.95 });
    expect(effects.map(({ aliases, name }) => `${name} ${aliases.join()}`.trim())).toEqual([
      "A",
      "B",
      "C",
      "D",
      "AB -CD",
      "AC -BD",
      "AD -BC",
    ]);
  });

  it.each([
    ["replicates", 2, undefined],
    ["variances", 1, 4],
    ["lenth", 1, undefined],
  ] as const)(
    "covers nothing, and finds what there is, with an error from %s",
    (from, copies, variance) => {
      const normal = gaussians(`factorial ${from}`);
      let [covered, total] = [0, 0];
      for (let rep = 0; rep < 400; rep++) {
        const runs = Array.from({ length: copies }, () => twoLevelDesign(4))
          .flat()
          .map((levels) => ({
            levels,
            response: 20 * levels[0]! + 2 * normal(),
            ...(variance === undefined ? {} : { variance }),
          }));
        const { effects, errorFrom } = factorialEffects(runs, { confidence: 0.95, upTo: 4 });
        expect(errorFrom).toBe(from);
        expect(effects[0]!.low).toBeGreaterThan(20);
        for (const { high, low } of effects.slice(1)) {
          total++;
          if (low <= 0 && high >= 0) covered++;
        }
      }
      expect(covered / total).toBeGreaterThan(0.93);
      expect(covered / total).toBeLessThan(0.98);
    },
  );

  it("refuses runs of which one is missing", () => {
    const runs = twoLevelDesign(3).map((levels) => ({ levels, response: 1 }));
    expect(() => factorialEffects(runs.slice(1), { confidence: 0.95 })).toThrow(/not balanced/);
    expect(() => factorialEffects([], { confidence: 0.95 })).toThrow(/without factors/);
  });
});
