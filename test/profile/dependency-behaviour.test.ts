import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEPENDENCY_FITTERS } from "../../src/capture/index.ts";
import { seededPrng } from "../../src/core/index.ts";
import {
  callKey,
  type DependencyCall,
  describeDependencies,
  numberAttempts,
  type ProfileDependency,
  profileDependencySchema,
  type ProfileRecord,
} from "../../src/profile/index.ts";

const recordAt = (
  atUs: number,
  dependencyCalls: DependencyCall[],
  route = "GET /a",
): ProfileRecord => ({
  offsetNs: Math.round(atUs * 1e3),
  method: "GET",
  path: "/a",
  headers: [],
  route,
  dependencyCalls,
});

const callAt = (offsetUs: number, more: Partial<DependencyCall> = {}): DependencyCall => ({
  dependency: "db",
  offsetUs,
  latencyUs: 100,
  ...more,
});

/** As it comes back from a file: that the schema holds it is part of every claim. */
function described(records: Iterable<ProfileRecord>): ProfileDependency {
  const found = describeDependencies(records, DEPENDENCY_FITTERS)!["db"];
  return profileDependencySchema.parse(JSON.parse(JSON.stringify(found)));
}

describe("attempts", () => {
  const failed = { status: 503 };

  it("what asks the same after a failure has ended is the next attempt, and nothing else is", () => {
    const numbersOf = (calls: DependencyCall[], parents: string[] = []): (number | undefined)[] =>
      numberAttempts(calls.map((call, i) => ({ call, parent: parents[i] }))).map(
        ({ attempt }) => attempt,
      );
    const none = undefined;
    expect(numbersOf([callAt(0, failed), callAt(200, failed), callAt(400)])).toEqual([none, 2, 3]);
    expect(numbersOf([callAt(0), callAt(200)])).toEqual([none, none]);
    expect(numbersOf([callAt(0, { status: 404 }), callAt(200)])).toEqual([none, none]);
    expect(numbersOf([callAt(0, { status: 429 }), callAt(200)])).toEqual([none, 2]);
    // Under way when the second began: a hedge, or a second call, and no retry.
    expect(numbersOf([callAt(0, failed), callAt(99)])).toEqual([none, none]);
    for (const other of [{ key: "2" }, { route: "x" }, { dependency: "cache" }]) {
      expect(numbersOf([callAt(0, { key: "1", ...failed }), callAt(200, other)])).toEqual([
        none,
        none,
      ]);
    }
    expect(numbersOf([callAt(0, failed), callAt(200)], ["a", "b"])).toEqual([none, none]);
  });

  it("a caller that counts is believed", () => {
    const counted = [0, 1, 2].map((resendCount) => ({
      call: callAt(resendCount * 10),
      resendCount,
    }));
    expect(numberAttempts(counted).map(({ attempt }) => attempt)).toEqual([undefined, 2, 3]);
  });

  it("each failure is repeated by one call at most, whatever the calls", () => {
    const calls = fc.array(
      fc.record({
        offsetUs: fc.integer({ min: 0, max: 500 }),
        latencyUs: fc.integer({ min: 0, max: 100 }),
        status: fc.constantFrom(200, 503),
        key: fc.constantFrom("1", "2"),
      }),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(calls, (drawn) => {
        const numbered = numberAttempts(drawn.map((call) => ({ call: callAt(0, call) })));
        for (const key of ["1", "2"]) {
          const own = numbered.filter((call) => call.key === key);
          const retries = own.filter(({ attempt }) => attempt !== undefined).length;
          expect(retries).toBeLessThanOrEqual(own.filter(({ status }) => status === 503).length);
          // No third attempt without a second.
          const numbers = [...new Set(own.map(({ attempt = 1 }) => attempt))].toSorted(
            (a, b) => a - b,
          );
          expect(numbers).toEqual(numbers.map((_, i) => i + 1));
        }
      }),
      { numRuns: 100 },
    );
  });

  it("the profile tells attempts, the share of retries, and whether their back-off is jittered", () => {
    const shown = (jitter: number): ProfileDependency["attempts"] => {
      const prng = seededPrng("back-off");
      const records = Array.from({ length: 100 }, (_, i) => {
        const calls = [callAt(0)];
        if (i % 2 === 0) {
          calls[0] = callAt(0, failed);
          calls.push(callAt(100_000 * (1 + jitter * prng()) + 100, { attempt: 2 }));
        }
        return recordAt(i * 1e6, calls);
      });
      return described(records).attempts;
    };
    expect(shown(0)).toMatchObject({
      logicalCalls: 100,
      mean: 1.5,
      counts: [50, 50],
      retryRatio: 1 / 3,
      backOff: { count: 50, jittered: false },
    });
    const { quantiles, jittered } = shown(1)!.backOff!;
    expect(jittered).toBe(true);
    expect(quantiles.find(([p]) => p === 0.5)![1] / 150_000).toBeCloseTo(1, 1);
  });
});

describe("fan-out", () => {
  it("is of each of the service's routes, retries aside, and says whether calls overlap", () => {
    const serial = [0, 200, 400].map((us) => callAt(us));
    const parallel = [0, 1, 2, 3].map((us) => callAt(us));
    const retried = [callAt(0, { status: 503 }), callAt(300, { attempt: 2 })];
    const { fanOut } = described([
      ...[0, 1, 2].map((i) => recordAt(i, serial, "GET /list")),
      recordAt(3, [], "GET /list"),
      recordAt(4, parallel, "GET /page"),
      recordAt(5, retried, "GET /one"),
      recordAt(6, [], "GET /none"),
    ]);
    expect(fanOut).toEqual([
      {
        route: "GET /list",
        requests: 4,
        mean: 2.25,
        p50: 3,
        p99: 3,
        max: 3,
        callingRatio: 0.75,
        overlapRatio: 0,
      },
      {
        route: "GET /page",
        requests: 1,
        mean: 4,
        p50: 4,
        p99: 4,
        max: 4,
        callingRatio: 1,
        overlapRatio: 1,
      },
      {
        route: "GET /one",
        requests: 1,
        mean: 1,
        p50: 1,
        p99: 1,
        max: 1,
        callingRatio: 1,
        overlapRatio: null,
      },
    ]);
  });
});

describe("keys", () => {
  it("are the identities in path and query", () => {
    expect(callKey("GET", "/stock/17", "GET /stock/{id}")).toBe("17");
    expect(callKey("GET", "/stock/17?user_id=9", "GET /stock/{id}")).toBe("17/9");
    expect(callKey("GET", "/stock", "GET /stock")).toBeUndefined();
  });

  it("their popularity has a Zipf exponent, and what a cache would hit; retries are no second use", () => {
    const prng = seededPrng("zipf");
    const weights = Array.from({ length: 200 }, (_, i) => 1 / (i + 1));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const drawn = (): string => {
      let left = prng() * total;
      return String(weights.findIndex((weight) => (left -= weight) < 0));
    };
    const records = Array.from({ length: 4_000 }, (_, i) =>
      recordAt(i, [callAt(0, { key: drawn() }), callAt(500, { attempt: 2, key: "again" })]),
    );
    const { keys } = described(records);
    expect(keys!.calls).toBe(4_000);
    expect(keys!.distinct).toBeLessThanOrEqual(200);
    expect(Math.abs(keys!.zipf!.exponent - 1)).toBeLessThan(0.15);
    // All but the first use of each.
    const { entries, hitRatio } = keys!.cacheHits.at(-1)!;
    expect([entries, hitRatio]).toEqual([keys!.distinct, 1 - keys!.distinct / 4_000]);
    expect(described([recordAt(0, [callAt(0)])]).keys).toBeNull();
  });
});

describe("refusals and load", () => {
  /** A bucket of 10 calls, refilled at 20/s, asked 60 times a second in bursts; refusals take 50 µs. */
  function limited(count: number): ProfileRecord[] {
    const prng = seededPrng("bucket");
    let [atUs, tokens] = [0, 10];
    return Array.from({ length: count }, () => {
      const gapUs = -Math.log1p(-prng()) * (Math.floor(atUs / 5e6) % 2 === 0 ? 1e4 : 8e4);
      atUs += gapUs;
      tokens = Math.min(tokens + gapUs * 20e-6, 10);
      const refused = tokens < 1;
      if (!refused) tokens--;
      const call = refused ? { status: 429, latencyUs: 50 } : { status: 200, latencyUs: 2_000 };
      return recordAt(atUs, [callAt(0, call)]);
    });
  }

  it("refusals imply the limit, and are no part of what work takes, nor errors", () => {
    const { errors, errorRatio, fits, limit } = described(limited(3_000));
    expect(limit).toMatchObject({ limit: { kind: "token-bucket", rate: "20/s", burst: 10 } });
    expect(limit!.because).toBeNull();
    expect([errors, errorRatio]).toEqual([null, 0]);
    expect(fits[0]).toMatchObject({ route: null, latency: { kind: "constant", value: "2000us" } });
    expect(fits.find(({ statusClass }) => statusClass === "4xx")?.latency).toMatchObject({
      value: "50us",
    });
  });

  it("too few refusals, and calls that were only ever refused, say so", () => {
    const few = described(limited(25)).limit;
    expect(few).toMatchObject({ limit: null, because: expect.stringMatching(/too few/) });
    const all = described([recordAt(0, [callAt(0, { status: 429 })])]);
    expect(all.limit).toMatchObject({ refusedRatio: 1, limit: null });
    expect(all.capacity).toBeUndefined();
    expect(all.fits).toHaveLength(1);
  });

  it("503 is a refusal when it says how long to wait, and a failure otherwise", () => {
    const one = (more: Partial<DependencyCall>): ProfileDependency =>
      described([recordAt(0, [callAt(0, { status: 503, ...more })])]);
    expect(one({ retryAfterMs: 1_000 }).limit?.refused).toBe(1);
    expect(one({}).limit).toBeNull();
  });

  it("servers that calls wait for are seen, and what a call takes of one is fitted", () => {
    const prng = seededPrng("servers");
    const freeAt = [0, 0];
    let atUs = 0;
    const records = Array.from({ length: 2_000 }, () => {
      atUs += -Math.log1p(-prng()) * 550;
      const server = freeAt.indexOf(Math.min(...freeAt));
      freeAt[server] = Math.max(freeAt[server]!, atUs) + 1_000 * (0.9 + 0.2 * prng());
      return recordAt(atUs, [callAt(0, { latencyUs: freeAt[server] - atUs })]);
    });
    const { capacity, fits } = described(records);
    expect(capacity!.capacity).toEqual({ servers: 2, discipline: "fifo" });
    const medianOf = (quantiles: readonly (readonly number[])[]): number =>
      quantiles.find(([p]) => p! >= 0.5)![1]!;
    expect(medianOf(capacity!.fits[0]!.quantiles) / 1_000).toBeCloseTo(1, 1);
    expect(medianOf(fits[0]!.quantiles)).toBeGreaterThan(1_500);
    expect(capacity!.levels.map(({ from }) => from).slice(0, 4)).toEqual([1, 2, 3, 5]);
  });

  it("records are gone through once", () => {
    const all = limited(50);
    expect(described(all.values())).toEqual(described(all));
  });
});
