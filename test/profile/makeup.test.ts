import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seededPrng } from "../../src/core/index.ts";
import {
  compactMakeup,
  describeRecords,
  makeupSchema,
  type ProfileRecord,
  ReuseDistances,
} from "../../src/profile/index.ts";
import { Quantiles } from "../../src/profile/makeup/quantiles.ts";
import { shopProfile } from "./traffic.ts";

const record = (atS: number, more: Partial<ProfileRecord> = {}): ProfileRecord => ({
  offsetNs: Math.round(atS * 1e9),
  method: "GET",
  path: "/",
  headers: [],
  route: "GET /",
  ...more,
});
const described = (records: readonly ProfileRecord[]) =>
  describeRecords(records, { timePrecisionNs: 1 });

describe("what traffic is made of", () => {
  it("fits its schema, compacted or not, and goes through the records once", () => {
    const makeup = described(shopProfile("m").records);
    expect(makeupSchema.parse(JSON.parse(JSON.stringify(makeup)))).toEqual(makeup);
    const many = Array.from({ length: 300 }, (_, i) => record(i, { route: `GET /${i}` }));
    const once = many.values();
    const compact = compactMakeup(describeRecords(once, { timePrecisionNs: 1 }));
    expect(compact).toMatchObject({ routeCount: 300, requestCount: 300 });
    expect(compact.routes).toHaveLength(100);
    expect(once.next().done).toBe(true);
  });

  it("quantiles are exact up to 500 values, and true to three digits beyond; p99 takes 100", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3_000 }), fc.nat(), (count, seed) => {
        const prng = seededPrng(`quantiles ${seed}`);
        const values = Array.from({ length: count }, () => Math.floor(Math.exp(16 * prng())));
        const quantiles = new Quantiles();
        for (const value of values) quantiles.record(value);
        const sorted = values.toSorted((a, b) => a - b);
        const at = (p: number): number => sorted[Math.ceil(count * p - 1e-9) - 1]!;
        const { max, min, p50, p90, p99 } = quantiles.summary()!;
        expect([min, max]).toEqual([sorted[0], sorted.at(-1)]);
        expect([p90 === null, p99 === null]).toEqual([count < 10, count < 100]);
        const error = count > 500 ? 1e-3 : 0;
        for (const [told, wanted] of [
          [p50, at(0.5)],
          [p90 ?? at(0.9), at(0.9)],
          [p99 ?? at(0.99), at(0.99)],
        ] as const) {
          expect(Math.abs(told - wanted)).toBeLessThanOrEqual(error * wanted);
        }
      }),
      { numRuns: 40 },
    );
  });

  it("the rate's series has every arrival in it, in at most 240 windows of a round length", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true })), fc.nat(9), (at, power) => {
        const records = at
          .toSorted((a, b) => a - b)
          .map((share) => record(share * 10 ** (power - 3)));
        const { counts, windowNs } = described(records).rateSeries;
        expect(counts.reduce((sum, count) => sum + count, 0)).toBe(records.length);
        expect(counts.length).toBeLessThanOrEqual(240);
        const first = records.filter(({ offsetNs }) => offsetNs < windowNs).length;
        expect(counts[0] ?? 0).toBe(first);
      }),
      { numRuns: 60 },
    );
  });

  it("think times begin at the end of a request where it is known; what overlaps has none", () => {
    const { sessionCount, sessions } = described([
      record(0, { session: "a", serviceTimeUs: 500_000 }),
      record(2, { session: "a", serviceTimeUs: 3_000_000 }),
      record(3, { session: "a", serviceTimeUs: 100_000 }),
      record(3, { session: "b" }),
      record(6, { session: "a" }),
      record(7),
      record(8, { session: "b" }),
    ]);
    expect(sessionCount).toBe(2);
    // a: 0.5 → 2 s, (2 to 5 s in parallel with 3 s), 5 → 6 s; b: 3 → 8 s from start to start.
    expect(sessions).toMatchObject({
      share: 6 / 7,
      parallelShare: 1 / 4,
      thinkFromEndShare: 2 / 3,
      concurrentMax: 2,
      requests: { count: 2, min: 2, max: 4 },
      thinkTimeUs: { count: 3, min: 1_000_000, p50: 1_500_000, max: 5_000_000 },
      lengthUs: { min: 5_000_000, max: 6_000_000 },
    });
  });

  it("header values: one, few, one a session, a new one each time; and which names come together", () => {
    const records = Array.from({ length: 120 }, (_, i) => {
      const session = `s${i % 30}`;
      const headers: [string, string][] = [
        ["accept", "*/*"],
        ["accept-language", ["de", "fr", "en"][i % 3]!],
        ["cookie", `sid=${session}`],
        ["x-request-id", `r${i}`],
        ["x-many", `m${Math.floor(i / 4)}`],
      ];
      if (i % 4 === 0) headers.push(["if-none-match", `"${i % 2}"`]);
      return record(i, { session, headers });
    });
    const { cacheability, headerNames, headerSetCount, headerSets } = described(records);
    expect(Object.fromEntries(headerNames.map(({ value, values }) => [value, values]))).toEqual({
      accept: "constant",
      "accept-language": "few",
      cookie: "per-session",
      "if-none-match": "constant",
      "x-many": "many",
      "x-request-id": "unique",
    });
    expect(headerSetCount).toBe(2);
    expect(headerSets.map(({ share }) => share)).toEqual([0.75, 0.25]);
    expect(headerSets[0]?.names).toEqual([
      "accept",
      "accept-language",
      "cookie",
      "x-many",
      "x-request-id",
    ]);
    expect(cacheability).toMatchObject({ cookie: 1, authorization: 0, conditional: 0.25 });
  });

  it("a route has its own statuses, times and sizes, and times the step of their capture", () => {
    const { routes, serviceTimeStepUs } = described([
      record(0, { route: "GET /a", status: 200, serviceTimeUs: 3_000, responseBytes: 10 }),
      record(1, { route: "GET /a", status: 404, serviceTimeUs: 5_000, responseBytes: 30 }),
      record(2, { route: "POST /b", body: { encoding: "utf8", data: "é" } }),
    ]);
    expect(serviceTimeStepUs).toBe(1_000);
    expect(routes[0]).toMatchObject({
      value: "GET /a",
      ratePerSec: 1,
      statusClasses: [
        { value: "2xx", share: 0.5 },
        { value: "4xx", share: 0.5 },
      ],
      serviceTimeUs: { p50: 3_000, p90: null, max: 5_000 },
      responseBytes: { mean: 20 },
      requestBytes: null,
    });
    expect(routes[1]).toMatchObject({ statusClasses: [], requestBytes: { p50: 2 } });
  });

  it("reuse distances stay what they are when the uses outgrow the keys many times", () => {
    const prng = seededPrng("reuse");
    const keys = Array.from({ length: 9_000 }, () => String(Math.floor(700 * prng() ** 3)));
    const distances = ReuseDistances.of(keys);
    const lru: string[] = [];
    const hits = keys.filter((key) => {
      const at = lru.indexOf(key);
      if (at !== -1) lru.splice(at, 1);
      lru.unshift(key);
      return at !== -1 && at < 50;
    });
    expect(distances.hitRatio(50)).toBeCloseTo(hits.length / keys.length, 12);
  });
});
