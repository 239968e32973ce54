import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createLimiter, limitSchema } from "../../src/emulator/index.ts";
import { asked } from "./asked.ts";

const CALL = asked();
const WALL_MS = Date.UTC(2026, 0, 1, 12);
const ENVIRONMENT = { wallMsAt: (nowNs: number) => WALL_MS + nowNs / 1e6 };

const bucket = (rate: number, burst: number, rest: Record<string, unknown> = {}) =>
  createLimiter(
    limitSchema.parse({ kind: "token-bucket", rate: `${rate}/s`, burst, ...rest }),
    ENVIRONMENT,
  );

/** The second call of a bucket that had one token. */
const limited = (rest: Record<string, unknown>) => {
  const limiter = bucket(1, 1, rest);
  limiter.admit(CALL, 0);
  return limiter.admit(CALL, 0);
};

const shape = {
  rate: fc.integer({ min: 1, max: 5_000 }),
  burst: fc.integer({ min: 1, max: 50 }),
  gapsUs: fc.array(fc.integer({ min: 0, max: 400_000 }), { minLength: 1, maxLength: 200 }),
};

describe("token bucket", () => {
  it("admits burst calls at once and not one more", () => {
    const limiter = bucket(50, 20);
    const kinds = Array.from({ length: 25 }, () => limiter.admit(CALL, 0).kind);
    expect(kinds.filter((kind) => kind === "admitted")).toHaveLength(20);
    expect(kinds.indexOf("limited")).toBe(20);
  });

  it("admits at most burst + rate · t in any span of t", () => {
    const property = fc.property(fc.record(shape), ({ rate, burst, gapsUs }) => {
      const limiter = bucket(rate, burst);
      const admittedNs: number[] = [];
      let nowNs = 0;
      for (const gapUs of gapsUs) {
        nowNs += gapUs * 1_000;
        if (limiter.admit(CALL, nowNs).kind === "admitted") admittedNs.push(nowNs);
      }
      const excess = admittedNs.flatMap((fromNs, i) =>
        admittedNs.slice(i).map((toNs, j) => j + 1 - burst - (rate * (toNs - fromNs)) / 1e9),
      );
      expect(Math.max(...excess, 0)).toBeLessThan(1e-6);
    });
    fc.assert(property);
  });

  it("tells a wait after which the caller is admitted, and not a millisecond too much", () => {
    const property = fc.property(fc.record(shape), ({ rate, burst, gapsUs }) => {
      const limiter = bucket(rate, burst);
      let nowNs = 0;
      for (const gapUs of gapsUs) {
        nowNs += gapUs * 1_000;
        const admission = limiter.admit(CALL, nowNs);
        if (admission.kind === "admitted") continue;
        expect(admission.retryAfterMs).toBeGreaterThanOrEqual(1);
        const earlyNs = nowNs + (admission.retryAfterMs - 1) * 1e6;
        expect(limiter.admit(CALL, earlyNs).kind).toBe("limited");
        nowNs += admission.retryAfterMs * 1e6;
        expect(limiter.admit(CALL, nowNs).kind).toBe("admitted");
      }
    });
    fc.assert(property);
  });

  it("answers 429 unless told another status, and tells a fixed wait or none when asked to", () => {
    expect(limited({})).toEqual({
      kind: "limited",
      status: 429,
      headers: { "Retry-After": "1" },
      body: null,
      retryAfterMs: 1_000,
      early: false,
    });
    expect(limited({ status: 503, retryAfter: "7s" })).toMatchObject({
      status: 503,
      headers: { "Retry-After": "7" },
      retryAfterMs: 7_000,
    });
    expect(limited({ retryAfter: "none" })).toMatchObject({ headers: {}, retryAfterMs: 0 });
  });
});
