import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  buildEvidence,
  detectAll,
  type Detector,
  DETECTORS,
  occupancyOf,
} from "../../src/detect/index.ts";
import { cacheEntriesRange, likelyCacheEntries, lruFetches } from "../../src/detect/lru-model.ts";
import { attemptsOf, readRetries } from "../../src/detect/retries.ts";
import { type ArmLog, call, evidenceOf, MS, S, startsOf, TRAFFIC } from "./simulate.ts";
import { throughPool } from "./targets.ts";

const NOTHING: ArmLog = { requests: [], calls: [] };

describe("occupancy", () => {
  const spans = fc.array(
    fc.tuple(fc.integer({ min: -20, max: 120 }), fc.integer({ min: 0, max: 60 })),
    {
      maxLength: 60,
    },
  );

  it("is what counting the calls in flight in every nanosecond gives", () => {
    fc.assert(
      fc.property(
        spans,
        fc.integer({ min: 0, max: 40 }),
        fc.integer({ min: 1, max: 80 }),
        (rows, fromNs, lengthNs) => {
          const toNs = fromNs + lengthNs;
          const calls = rows
            .map(([arriveNs, heldNs]) => call({ arriveNs, endNs: arriveNs + heldNs }))
            .toSorted((a, b) => a.arriveNs - b.arriveNs);
          const levels = Array.from({ length: lengthNs }, (_, i) => {
            const atNs = fromNs + i;
            return calls.filter((each) => each.arriveNs <= atNs && each.endNs > atNs).length;
          });
          const found = occupancyOf(calls, fromNs, toNs);
          const mean = levels.reduce((sum, level) => sum + level, 0) / lengthNs;
          const square = levels.reduce((sum, level) => sum + level ** 2, 0) / lengthNs;
          expect(found.max).toBe(Math.max(...levels));
          expect(found.mean).toBeCloseTo(mean, 9);
          expect(found.dispersion).toBeCloseTo(mean === 0 ? 0 : (square - mean ** 2) / mean, 9);
          // The smallest level that is exceeded less than 1 % of the time.
          const above = (level: number): number => levels.filter((each) => each > level).length;
          expect(above(found.plateau) / lengthNs).toBeLessThan(0.01);
          const belowIsExceeded = above(found.plateau - 1) / lengthNs >= 0.01;
          expect(found.plateau === 0 || belowIsExceeded).toBe(true);
          const arrived = calls.filter(
            (each) => each.arriveNs >= fromNs && each.arriveNs < toNs && each.endNs > fromNs,
          );
          expect(found.calls).toBe(arrived.length);
          const held =
            arrived.reduce((sum, each) => sum + each.endNs - each.arriveNs, 0) / arrived.length;
          expect(found.holdMs).toBeCloseTo(arrived.length === 0 ? 0 : held / 1e6, 12);
        },
      ),
    );
  });

  it("no calls give zeros, not NaN", () => {
    const found = occupancyOf([], 0, S);
    expect(new Set(Object.values(found))).toEqual(new Set([0]));
  });
});

describe("the cache model", () => {
  const lookups = fc
    .array(
      fc.tuple(
        fc.integer({ min: 0, max: 30 }),
        fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 4 }),
      ),
      {
        maxLength: 80,
      },
    )
    .map((rows) => {
      let atNs = 0;
      return rows.map(([gapNs, keys]) => ({ atNs: (atNs += gapNs), keys }));
    });
  const keysIn = (rows: readonly { keys: readonly number[] }[]): number =>
    new Set(rows.flatMap(({ keys }) => keys)).size;

  it("a larger cache never fetches more, whatever the time to live (inclusion)", () => {
    fc.assert(
      fc.property(lookups, fc.integer({ min: 1, max: 400 }), (rows, ttlNs) => {
        const fetches = Array.from({ length: 14 }, (_, i) => lruFetches(rows, i + 1, ttlNs));
        for (const [i, count] of fetches.entries()) {
          expect(count).toBeLessThanOrEqual(fetches[i - 1] ?? Infinity);
        }
      }),
    );
  });

  it("the likely size is the smallest that makes the fetches seen, and lies in its range", () => {
    fc.assert(
      fc.property(lookups, fc.integer({ min: 1, max: 12 }), (rows, entries) => {
        const [ttlNs, keys] = [1e9, Math.max(keysIn(rows), 1)];
        const size = Math.min(entries, keys);
        const seen = { fetches: lruFetches(rows, size, ttlNs), keys };
        const likely = likelyCacheEntries(rows, ttlNs, seen);
        expect(lruFetches(rows, likely, ttlNs)).toBe(seen.fetches);
        expect(likely).toBeLessThanOrEqual(size);
        const oneLess = lruFetches(rows, likely - 1, ttlNs);
        expect(likely === 1 || oneLess > seen.fetches).toBe(true);
        const { least, most } = cacheEntriesRange(rows, ttlNs, seen);
        expect(least).toBeLessThanOrEqual(likely);
        expect(most).toBeGreaterThanOrEqual(size);
      }),
    );
  });
});

describe("retries", () => {
  it("calls that name no request are never joined", () => {
    const calls = [0, 1, 2].map((i) =>
      call({ key: 1, arriveNs: i * MS, endNs: i * MS + 1, outcome: "error" }),
    );
    const stage = { name: "all", ratePerSec: 1, fromNs: 0, toNs: S, judged: true };
    const reading = readRetries(attemptsOf(calls), [stage]);
    expect(reading).toMatchObject({
      calls: 3,
      joined: 0,
      retries: 0,
      attemptsMax: 1,
      gapMs: Number.NaN,
    });
  });

  it("a chain that began before a stage is still a chain inside it", () => {
    const calls = [0, 1, 2].map((i) =>
      call({ seq: 4, key: 1, arriveNs: i * MS, endNs: i * MS + 1, outcome: "error" }),
    );
    const stage = { name: "later", ratePerSec: 1, fromNs: MS, toNs: S, judged: true };
    expect(readRetries(attemptsOf(calls), [stage])).toMatchObject({
      joined: 2,
      logical: 0,
      retries: 2,
      attemptsMax: 3,
    });
  });
});

describe("all detectors", () => {
  it("one that crashes gives an inconclusive finding beside the others'", () => {
    const broken: Detector = {
      name: "broken",
      detect: () => {
        throw new Error("out of luck");
      },
    };
    const starts = startsOf(TRAFFIC, "one");
    const log = throughPool(starts, { size: 64 });
    const findings = detectAll(evidenceOf([log, log], { ...TRAFFIC }), [broken, ...DETECTORS]);
    expect(findings[0]).toMatchObject({
      detector: "broken",
      status: "inconclusive",
      summary: "the detector broken crashed: out of luck",
    });
    expect(new Set(findings.slice(1).map(({ status }) => status))).toEqual(new Set(["pass"]));
    expect(findings.length).toBeGreaterThan(2);
  });

  it("nothing seen, or nothing judged, gives no finding that fails and no number that is not one", () => {
    const log = throughPool(startsOf(TRAFFIC, "one"), { size: 2 });
    const given = { ...TRAFFIC, dependency: { name: "payments", cacheTtlNs: 60 * S } };
    const empty: readonly (readonly [ArmLog, ArmLog])[] = [
      [NOTHING, NOTHING],
      [log, NOTHING],
      [NOTHING, log],
    ];
    for (const arms of empty) {
      for (const identity of [true, false]) {
        for (const stages of [undefined, []]) {
          const findings = detectAll(
            evidenceOf(arms, { ...given, identity, ...(stages && { stages }) }),
          );
          for (const { evidence, status, summary } of findings) {
            expect(status).not.toBe("fail");
            expect(summary).not.toMatch(/NaN|Infinity|undefined/);
            const numbers = Object.values(evidence).filter((value) => typeof value === "number");
            expect(numbers.filter((value) => !Number.isFinite(value))).toEqual([]);
          }
        }
      }
    }
    const silent = detectAll(evidenceOf([NOTHING, NOTHING], given));
    expect(silent.filter(({ detector }) => detector !== "no-calls")).toEqual([]);
  });

  it("calls are found by the dependency's name, whatever its place in the spool", () => {
    const calls = [
      call({ seq: 3, dependency: 1, arriveNs: 5, endNs: 6 }),
      call({ seq: 3, dependency: 0, arriveNs: 1, endNs: 2 }),
    ];
    const request = { kind: "error", arm: 0, seq: 3, intendedNs: 0, startNs: 0, endNs: 9 };
    const evidence = buildEvidence({
      observations: {
        meta: { arms: ["control"], routes: [] },
        [Symbol.iterator]: () => [request][Symbol.iterator](),
      } as never,
      calls: {
        meta: { dependencies: ["gone", "catalog"] },
        [Symbol.iterator]: () => calls[Symbol.iterator](),
      } as never,
      stages: [],
      dependencies: [{ name: "catalog", cacheTtlNs: null }],
      recordCount: 1,
    });
    expect(evidence.calls(0, 0)).toEqual([calls[0]]);
    expect(evidence.callsOf(0, 3)).toEqual([calls[0]]);
    expect(evidence.requests(7)).toEqual([]);
  });
});
