import { describe, expect, it } from "vitest";
import { detectAll, type Finding } from "../../src/detect/index.ts";
import { zipfKeys } from "./cache-scenes.ts";
import { evidenceOf, MS, S, startsOf, TRAFFIC } from "./simulate.ts";
import { type CacheTarget, throughCache } from "./targets.ts";

const RECORDS = 100;
const TTL_NS = 60 * S;
const BIG: CacheTarget = { entries: 500, ttlNs: TTL_NS };
const TRAFFIC_HERE = { ...TRAFFIC, ratePerSec: 150, holdMedianNs: 30 * MS };
const SEEDS = Array.from({ length: 5 }, (_, seed) => `seed ${seed}`);

type Keys = (seq: number) => readonly number[];

function judge(
  seed: string,
  [control, variant]: readonly [CacheTarget, CacheTarget],
  more: { readonly keysOf?: Keys; readonly identity?: boolean; readonly lengthNs?: number } = {},
): Finding {
  const { identity = true, keysOf = zipfKeys(seed), lengthNs = TRAFFIC.lengthNs } = more;
  const starts = startsOf({ ...TRAFFIC_HERE, lengthNs }, seed);
  const arms = [
    throughCache(starts, keysOf, control),
    throughCache(starts, keysOf, variant),
  ] as const;
  const dependency = { name: "catalog", cacheTtlNs: control.ttlNs };
  const evidence = evidenceOf(arms, { lengthNs, dependency, recordCount: RECORDS, identity });
  const findings = detectAll(evidence);
  const ofCaches = new Set(["cache-thrash", "stampede"]);
  const others = findings.filter(({ detector }) => !ofCaches.has(detector));
  expect(others.filter(({ needs, status }) => status !== "pass" && needs === undefined)).toEqual(
    [],
  );
  return findings.find(({ detector }) => detector === "cache-thrash")!;
}

describe("cache thrash", () => {
  it.each([
    ["with", true],
    ["without", false],
  ])(
    "a cache far below its working set is named, its size within 20 %% or 2 (%s single flight)",
    (_, singleFlight) => {
      for (const entries of [4, 8, 16, 32]) {
        for (const seed of SEEDS) {
          const finding = judge(seed, [BIG, { entries, ttlNs: TTL_NS, singleFlight }]);
          expect(finding).toMatchObject({
            status: "fail",
            cause: expect.stringMatching(/^catalog cache thrash \(a cache of .*entries\)$/),
          });
          const off = Math.abs(Number(finding.evidence["likelyEntries"]) - entries);
          expect(off, `${entries} ${seed}`).toBeLessThanOrEqual(Math.max(2, 0.2 * entries));
        }
      }
    },
  );

  it("says in a sentence how large it is, what it misses and what would do", () => {
    expect(judge("one", [BIG, { entries: 8, ttlNs: TTL_NS }]).summary).toMatchInlineSnapshot(
      `"the catalog cache of about 9 entries thrashes on a working set of 58 keys, from stage everybody on: 100 % of its fetches ask again for a key fetched less than its time to live (1 m) ago (control 0 %), it answers 32.2 % of the look-ups where 99.1 % could be had; 58 entries would do; seen from outside only"`,
    );
  });

  it("without identity it is named without a size", () => {
    const finding = judge("one", [BIG, { entries: 8, ttlNs: TTL_NS }], { identity: false });
    expect(finding).toMatchObject({
      status: "fail",
      evidence: { likelyEntries: null, hitRatio: null },
    });
    expect(finding.summary).toMatch(/^the catalog cache thrashes on a working set of \d+ keys/);
  });

  it("keys in a round miss in every cache that does not hold them all: no size is made up", () => {
    const finding = judge("round", [BIG, { entries: 16, ttlNs: TTL_NS }], {
      keysOf: (seq) => [seq % 50],
    });
    expect(finding).toMatchObject({ status: "fail", evidence: { likelyEntries: null } });
    expect(finding.summary).toMatch(
      /cache of at most 4\d entries thrashes on a working set of 50 keys/,
    );
  });

  it.each([
    ["a cache that holds its working set", [BIG, { ...BIG, entries: 100 }]],
    [
      "time to live that runs out, again and again",
      [
        { entries: 500, ttlNs: 2 * S },
        { entries: 100, ttlNs: 2 * S },
      ],
    ],
    [
      "a cache that refreshes a little ahead",
      [
        { entries: 500, ttlNs: 2 * S },
        { entries: 500, ttlNs: 1.85 * S },
      ],
    ],
    [
      "dogpiles, when nobody waits for a key on its way",
      [
        { ...BIG, ttlNs: S },
        { ...BIG, ttlNs: S, singleFlight: false },
      ],
    ],
    ["retries of fetches that failed", [BIG, { ...BIG, failing: 0.6, attempts: 4 }]],
    ["fetches that fail and are not retried", [BIG, { ...BIG, failing: 0.9 }]],
    [
      "a control that thrashes as well",
      [
        { ...BIG, entries: 8 },
        { ...BIG, entries: 8 },
      ],
    ],
    [
      "a variant that mends a cache that thrashed",
      [
        { ...BIG, entries: 8 },
        { ...BIG, entries: 24 },
      ],
    ],
  ] satisfies [string, [CacheTarget, CacheTarget]][])("%s is no alarm", (title, arms) => {
    for (const identity of [true, false]) {
      for (const seed of SEEDS) {
        expect(judge(seed, arms, { identity }).status).toBe(
          title.includes("thrash") ? "shared" : "pass",
        );
      }
    }
  });

  it("dogpiles are counted apart from premature fetches", () => {
    const { evidence } = judge("one", [
      { ...BIG, ttlNs: S },
      { ...BIG, ttlNs: S, singleFlight: false },
    ]);
    expect(evidence["dogpileFetches"]).toBeGreaterThan(100);
    expect(Number(evidence["prematureFetches"])).toBeLessThan(0.01 * Number(evidence["fetches"]));
  });
});
