import { describe, expect, it } from "vitest";
import { NS_PER_MS, seededPrng } from "../../src/core/index.ts";
import {
  compareResponses,
  cutIntoBlocks,
  metricEffect,
  type StageBlocks,
} from "../../src/experiment/index.ts";
import type { ResponsePair } from "../../src/measure/index.ts";
import { observationTable } from "./blocks-fixture.ts";

const BLOCK_NS = 250 * NS_PER_MS;
const BLOCKS = 40;
const ROUTES = ["GET /", "GET /product"];
const NAMES = { arms: ["control", "variant"], routes: ROUTES };

/** The chance that a field differs between two answers of one build, and what the variant adds. */
type Fields = Readonly<Record<string, { readonly noise: number; readonly changed?: number }>>;

const pairsOf = (
  fields: Fields,
  seed: string,
  { each = 20, repeated = 0.25 } = {},
): ResponsePair[] => {
  const uniform = seededPrng(seed);
  const pairs: ResponsePair[] = [];
  for (let start = 0; start < BLOCKS * each; start++) {
    const atNs = (start * BLOCK_NS) / each;
    const pair = { seq: 2 * start, atNs, route: start % 2 };
    const differing = (changes: boolean): string[] =>
      Object.entries(fields).flatMap(([field, { changed = 0, noise }]) => {
        const chance = changes ? 1 - (1 - noise) * (1 - changed) : noise;
        return uniform() < chance ? field : [];
      });
    pairs.push({ ...pair, arm: 1, fields: differing(true) });
    if (uniform() < repeated) pairs.push({ ...pair, arm: 0, fields: differing(false) });
  }
  return pairs;
};

const stage = {
  name: "all",
  ratePerSec: 80,
  fromPerSec: 80,
  startNs: 0,
  endNs: BLOCKS * BLOCK_NS,
  judgedFromNs: 0,
  blockNs: BLOCK_NS,
};

const cut = (responses: readonly ResponsePair[]): StageBlocks =>
  cutIntoBlocks({
    observations: observationTable([]),
    calls: null,
    dependencies: [],
    stages: [stage],
    capNs: 1e9,
    responses,
  })[0]!;

function effectOf(responses: readonly ResponsePair[]) {
  const { blocks } = cut(responses);
  const [control = [], variant = []] = blocks;
  const arms = { control, variant, confidence: 0.95, betweenRunSd: null };
  return metricEffect({ metric: "response_equality" }, arms, {
    dependencies: [],
    prices: [],
    targets: [],
  });
}

describe("response_equality", () => {
  it("builds that answer alike are seldom found to differ, whatever differs by itself", () => {
    const runs = 300;
    const fields = {
      "$.id": { noise: 1 },
      "$.at": { noise: 0.6 },
      "$.cached": { noise: 0.06 },
      "$.rare": { noise: 0.02 },
    };
    const shown = Array.from({ length: runs }, (_, run) =>
      effectOf(pairsOf(fields, `null ${run}`)),
    );
    const harmful = shown.filter(({ pHarm }) => pHarm < 0.025).length;
    // 2.5 % of 300 is 7.5; 15 and more come about in one of a hundred such simulations.
    expect(harmful).toBeLessThan(15);
    expect(shown.every(({ judged }) => judged)).toBe(true);
  });

  it("a field that a variant changes in one answer of ten is found beside all that noise", () => {
    const fields = { "$.id": { noise: 1 }, "$.rare": { noise: 0.02 } };
    const changed = { ...fields, "$.price": { noise: 0, changed: 0.1 } };
    const effects = Array.from({ length: 40 }, (_, run) => effectOf(pairsOf(changed, `1 ${run}`)));
    expect(effects.filter(({ pHarm }) => pHarm < 0.025).length).toBeGreaterThanOrEqual(38);
    for (const { estimate } of effects) expect(Math.abs(estimate - 0.1)).toBeLessThan(0.06);
  });

  it("nothing compared, or nothing repeated, is never within any margin", () => {
    for (const pairs of [[], pairsOf({}, "once", { repeated: 0 })]) {
      expect(effectOf(pairs).judged).toBe(false);
    }
    const skipped = pairsOf({}, "skipped").map((pair) => ({
      ...pair,
      skipped: "too-large" as const,
    }));
    expect(effectOf(skipped).judged).toBe(false);
  });

  it("a field that is noise on a route that is asked often is compared on another, if it is none there", () => {
    const moved = pairsOf({ "$.price": { noise: 0, changed: 1 } }, "route").map((pair) =>
      pair.route === 0 && pair.seq % 8 === 0 ? { ...pair, fields: ["$.price"] } : pair,
    );
    const [row] = compareResponses([moved], NAMES).fields;
    expect(row).toMatchObject({ route: "GET /product", field: "$.price", status: "differs" });
    expect(effectOf(moved).estimate).toBeGreaterThan(0.3);
  });
});

describe("fields that differ", () => {
  it("of a hundred that differ by chance, few are shown: as many as the rate of false ones allows", () => {
    const fields = Object.fromEntries(
      Array.from({ length: 100 }, (_, i) => [`$.f${i}`, { noise: 0.03 }]),
    );
    const runs = 60;
    let falsely = 0;
    for (let run = 0; run < runs; run++) {
      const found = compareResponses([pairsOf(fields, `fdr ${run}`)], NAMES);
      if (found.fields.some(({ status }) => status === "differs")) falsely++;
    }
    // With nothing to be found, the false discovery rate is the chance of any at all: 10 % of 60.
    expect(falsely).toBeLessThan(13);
  });

  it("what differs is told first, what is noise as such, and what nobody repeated as unknown", () => {
    const pairs = pairsOf(
      { "$.id": { noise: 1 }, "$.price": { noise: 0, changed: 0.5 }, "$.rare": { noise: 0.01 } },
      "rows",
    );
    const { fields, repeats } = compareResponses([pairs], NAMES);
    const statuses = fields.map(({ field, status }) => `${field} ${status}`);
    expect(new Set(statuses)).toEqual(
      new Set(["$.price differs", "$.rare not-shown", "$.id noise"]),
    );
    expect(fields[0]).toMatchObject({ field: "$.price", status: "differs", repeatsDiffering: 0 });
    expect(repeats).toBe(pairs.filter(({ arm }) => arm === 0).length);
    const once = compareResponses([pairs.filter(({ arm }) => arm === 1)], NAMES);
    expect(once.fields.every(({ status }) => status === "unknown")).toBe(true);
  });

  it("starts of different runs have nothing to do with each other", () => {
    const between = pairsOf({ "$.a": { noise: 0, changed: 1 } }, "1", { repeated: 0 });
    const again = pairsOf({}, "2", { repeated: 1 }).filter(({ arm }) => arm === 0);
    const together = compareResponses([[...between, ...again]], NAMES).fields;
    const apart = compareResponses([between, again], NAMES).fields;
    expect(together.map(({ status }) => status)).toEqual(["differs", "differs"]);
    expect(apart.map(({ status }) => status)).toEqual(["not-shown", "not-shown"]);
  });
});
