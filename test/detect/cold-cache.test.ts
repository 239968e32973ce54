import { describe, expect, it } from "vitest";
import { cacheThrash } from "../../src/detect/cache-thrash.ts";
import { detectAll, type Evidence, type Finding, resilienceOf } from "../../src/detect/index.ts";
import { metastable } from "../../src/detect/metastable.ts";
import { stampede } from "../../src/detect/stampede.ts";
import { resilienceMarkdown, resilienceSchema } from "../../src/report/index.ts";
import { type ColdTarget, emptiedCaches, FLUSH_NS } from "./cold-scenes.ts";
import { evidenceOfProbes, windowsOf } from "./probe-target.ts";
import { type ArmLog, call, MS, S } from "./simulate.ts";

const SEEDS = Array.from({ length: 5 }, (_, seed) => `seed ${seed}`);
const WELL: ColdTarget = { keys: 60 };
/** Two servers of 40 ms answer some 45 calls a second, of 120 that a cold cache makes. */
const PATIENT: ColdTarget = { keys: 200, exponent: 0.3, servers: 2, timeoutNs: 6 * S };
/** What waits for longer is given up, and fills nothing. */
const HASTY: ColdTarget = { ...PATIENT, singleFlight: false, timeoutNs: 0.5 * S };

const cardsOf = (evidence: Evidence) => resilienceOf(evidence)?.cards ?? [];
const coldOf = (evidence: Evidence, arm = 0) => cardsOf(evidence)[arm]?.cold;
const findingOf = (evidence: Evidence, detector: Parameters<typeof detectAll>[1]): Finding =>
  detectAll(evidence, detector)[0]!;

describe("an emptied cache", () => {
  it.each([
    ["with", true],
    ["without", false],
  ])("shows how far calls rise, and that they are back (%s identity)", (_, identity) => {
    for (const seed of SEEDS) {
      const cold = coldOf(emptiedCaches([WELL, WELL], { seed, identity }))!;
      expect(cold.mostCallsPerRequest).toBeGreaterThan(3 * cold.usualCallsPerRequest);
      expect(cold.backAfterS).toBeGreaterThan(0);
      expect(cold.backAfterS).toBeLessThan(8);
      expect(cold.filling).toMatchObject({ dogpiles: 0, mostAtOnce: 1, failedRatio: 0 });
      expect(cold.filling?.fetches).toBeLessThanOrEqual(60);
    }
  });

  it("is seen among waves of answers that run out together, and these are not taken for it", () => {
    const waves: ColdTarget = { keys: 60, ttlNs: 5 * S, inWaves: true };
    for (const seed of SEEDS) {
      const cold = coldOf(emptiedCaches([waves, waves], { seed, ratePerSec: 40 }))!;
      expect(cold.filling, seed).not.toBeNull();
      const keeps = { ...waves, keeps: true };
      const evidence = emptiedCaches([keeps, keeps], { seed, ratePerSec: 40 });
      expect(coldOf(evidence)?.filling ?? null, seed).toBeNull();
    }
  });

  it("shows who fetches one key many times while it fills", () => {
    const dogpiles = SEEDS.map((seed) => {
      const evidence = emptiedCaches([WELL, { ...WELL, singleFlight: false }], { seed });
      return [0, 1].map((arm) => coldOf(evidence, arm)?.filling?.dogpiles ?? -1);
    });
    expect(dogpiles.map(([control]) => control)).toEqual(SEEDS.map(() => 0));
    expect(dogpiles.every(([, variant]) => variant! > 0)).toBe(true);
  });

  it("that there is not changes nothing, and neither does one that nobody emptied", () => {
    for (const seed of SEEDS) {
      const evidence = emptiedCaches([WELL, { keys: 60, cached: false, singleFlight: false }], {
        seed,
      });
      expect(coldOf(evidence, 1)).toMatchObject({ backAfterS: null, filling: null });
      expect(cardsOf(evidence)[1]?.recoveries).toEqual([]);
    }
  });

  it("is not seen in other pages, where calls name their requests", () => {
    const [usual, cold] = windowsOf(
      [
        { name: "usual", forS: 12 },
        { name: "cold", forS: 8 },
      ],
      100,
    );
    const flush = { fromNs: 12 * S, toNs: 12.01 * S, ok: true };
    const flushed = { ...cold!, probe: { cold: true as const }, flushes: [flush] };
    const log: ArmLog = { requests: [], calls: [] };
    for (let nth = 0; nth < 2_000; nth++) {
      // Every other request calls; from the flush on all do, since no others come.
      const seq = nth * 10 * MS < 12 * S ? nth : 2 * nth + 1;
      const startNs = nth * 10 * MS;
      log.requests.push({ seq, startNs, endNs: startNs + 8 * MS, status: 200 });
      if (seq % 2 === 1)
        log.calls.push(call({ seq, arriveNs: startNs + MS, endNs: startNs + 6 * MS }));
    }
    const coldBy = (identity: boolean) =>
      coldOf(evidenceOfProbes([log], [usual!, flushed], { identity }));
    expect(coldBy(true)).toMatchObject({ backAfterS: null, filling: null });
    expect(coldBy(false)?.filling).not.toBeNull();
  });

  it("counts as not probed where one arm's flush failed, or has no record", () => {
    const done = { fromNs: FLUSH_NS, toNs: FLUSH_NS + 10 * MS, ok: true };
    for (const flushes of [[done, { ...done, ok: false }], [done, null], []]) {
      const evidence = emptiedCaches([PATIENT, HASTY], { seed: "one", flushes });
      const found = resilienceOf(evidence)!;
      expect(found.cards.map(({ cold, notEmptied }) => [cold, notEmptied])).toEqual([
        [null, ["cold"]],
        [null, ["cold"]],
      ]);
      expect(resilienceMarkdown(found)).toMatch(/^- cold cache \(cold\): not probed, since/m);
      expect(detectAll(evidence, [metastable])).toEqual([]);
    }
  });

  it("stands in a card that fits its schema, in words", () => {
    const found = resilienceOf(emptiedCaches([WELL, HASTY], { seed: "one" }))!;
    expect(resilienceSchema.safeParse(found).error).toBeUndefined();
    expect(resilienceMarkdown(found)).toMatchSnapshot();
  });
});

describe("what keeps a cache from filling", () => {
  it("is named where fetches are given up before they fill anything", () => {
    for (const seed of SEEDS) {
      const evidence = emptiedCaches([PATIENT, HASTY], { seed });
      const finding = findingOf(evidence, [metastable]);
      expect(finding).toMatchObject({
        status: "fail",
        comparison: "new",
        dependency: "catalog",
        cause: "metastable failure after cold (calls per request)",
      });
      expect(coldOf(evidence)?.backAfterS).not.toBeNull();
      expect(coldOf(evidence, 1)?.backAfterS).toBeNull();
      expect(coldOf(evidence, 1)?.filling?.failedRatio).toBeGreaterThan(0.5);
      expect(findingOf(evidence, [stampede])).toMatchObject({ status: "fail", comparison: "new" });
    }
  });

  it("is none where it recovers, and shared where control has it", () => {
    for (const seed of SEEDS) {
      const statusOf = (arms: readonly [ColdTarget, ColdTarget]) =>
        findingOf(emptiedCaches(arms, { seed }), [metastable]).status;
      expect(statusOf([WELL, WELL])).toBe("pass");
      expect(statusOf([PATIENT, PATIENT])).toBe("pass");
      expect(statusOf([HASTY, HASTY])).toBe("shared");
    }
  });

  it("is not taken for a cache that only takes its time", () => {
    const large: ColdTarget = { keys: 4_000, exponent: 0.5, ttlNs: 600 * S };
    for (const seed of SEEDS) {
      const evidence = emptiedCaches([large, { ...large, singleFlight: false }], { seed });
      const found = findingOf(evidence, [metastable]);
      expect(found).toMatchObject({ status: "inconclusive", dependency: "catalog" });
      expect(found.summary).toContain("a cache that still fills; watch for longer");
      expect(cardsOf(evidence)[1]?.recoveries).toMatchObject([{ recovered: false, filling: true }]);
    }
  });
});

describe("fetches that a flush makes", () => {
  it("are no thrash, and would pass for it if nobody told of the flush", () => {
    for (const seed of SEEDS) {
      const told = findingOf(emptiedCaches([WELL, WELL], { seed }), [cacheThrash]);
      expect(told).toMatchObject({ status: "pass", evidence: { prematureFetches: 0 } });
      const untold = emptiedCaches([WELL, WELL], { seed, flushes: null });
      const { evidence } = findingOf(untold, [cacheThrash]);
      expect(evidence["prematureFetches"]).toBeGreaterThan(30);
    }
  });
});
