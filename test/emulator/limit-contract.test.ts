import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createLimiter, limitSchema } from "../../src/emulator/index.ts";
import { asked } from "./asked.ts";

const WALL_MS = Date.UTC(2026, 0, 1, 12);
const ENVIRONMENT = { wallMsAt: (nowNs: number) => WALL_MS + nowNs / 1e6 };
const limiterOf = (written: unknown) => createLimiter(limitSchema.parse(written), ENVIRONMENT);

interface Case {
  readonly written: Readonly<Record<string, unknown>>;
  /** The most that calls of the given span may cost in all, from the limit's definition. */
  readonly most: (spanNs: number) => number;
}

const CASES: Readonly<Record<string, Case>> = {
  "token-bucket": {
    written: { kind: "token-bucket", rate: "20/s", burst: 7 },
    most: (spanNs) => 7 + (20 * spanNs) / 1e9,
  },
  "leaky-bucket": {
    written: { kind: "leaky-bucket", leak: "20/s", size: 7 },
    most: (spanNs) => 7 + (20 * spanNs) / 1e9,
  },
  points: {
    written: { kind: "points", points: 9, restore: "15/s", cost: { header: "x-cost", default: 2 } },
    most: (spanNs) => 9 + (15 * spanNs) / 1e9,
  },
  gcra: {
    written: { kind: "gcra", rate: "20/s", tolerance: "120ms" },
    most: (spanNs) => 1 + 0.12 * 20 + (20 * spanNs) / 1e9,
  },
  "fixed-window": {
    written: { kind: "fixed-window", limit: 6, window: "500ms" },
    most: (spanNs) => 6 * (Math.floor(spanNs / 0.5e9) + 2),
  },
  "fixed-window from the first call": {
    written: { kind: "fixed-window", limit: 6, window: "500ms", begins: "first-call" },
    most: (spanNs) => 6 * (Math.floor(spanNs / 0.5e9) + 2),
  },
  "sliding-window": {
    written: { kind: "sliding-window", limit: 6, window: "500ms" },
    most: (spanNs) => 6 * (Math.floor(spanNs / 0.5e9) + 1),
  },
};

const gaps = fc.array(fc.integer({ min: 0, max: 300_000 }), { minLength: 1, maxLength: 60 });

describe.each(Object.entries(CASES))("a limit of kind %s", (_kind, { most, written }) => {
  const cost = written["kind"] === "points" ? 2 : 1;

  it("never admits more in any span than its definition allows", () => {
    fc.assert(
      fc.property(gaps, (gapsUs) => {
        const limiter = limiterOf(written);
        let nowNs = 0;
        const admittedNs = gapsUs.flatMap((gapUs) => {
          nowNs += gapUs * 1e3;
          return limiter.admit(asked(), nowNs).kind === "admitted" ? [nowNs] : [];
        });
        const excess = admittedNs.flatMap((fromNs, i) =>
          admittedNs.slice(i).map((toNs, j) => (j + 1) * cost - most(toNs - fromNs)),
        );
        expect(Math.max(...excess, 0)).toBeLessThan(1e-6);
      }),
      { numRuns: 50 },
    );
  });

  it("admits a lone caller that waits as it was told, and counts one that does not as early", () => {
    fc.assert(
      fc.property(gaps, (gapsUs) => {
        const limiter = limiterOf(written);
        let nowNs = 0;
        for (const gapUs of gapsUs) {
          nowNs += gapUs * 1e3;
          const admission = limiter.admit(asked(), nowNs);
          expect(admission.early).toBe(false);
          if (admission.kind === "admitted") continue;
          const toldNs = Number(admission.headers["Retry-After"]) * 1e9;
          expect(toldNs).toBeGreaterThanOrEqual(admission.retryAfterMs * 1e6);
          // Half-way there, whatever becomes of it, is early; as told is not, and is admitted.
          expect(limiter.admit(asked(), nowNs + toldNs / 2).early).toBe(true);
          nowNs += 2 * toldNs;
          expect(limiter.admit(asked(), nowNs)).toMatchObject({ kind: "admitted", early: false });
        }
      }),
      { numRuns: 30 },
    );
  });

  it("keeps callers apart, by whatever they are told apart", () => {
    const ways = [
      ["client", (who: string) => ({ client: who })],
      ["api-key", (who: string) => ({ headers: { authorization: `Bearer ${who}` } })],
      ["header:x-tenant", (who: string) => ({ headers: { "x-tenant": who } })],
      ["path:/users/:id", (who: string) => ({ path: `/users/${who}?x=1` })],
      ["path", (who: string) => ({ path: `/${who}` })],
    ] as const;
    for (const [by, call] of ways) {
      const limiter = limiterOf({ ...written, by });
      const admitted = (who: string): number =>
        Array.from({ length: 20 }, () => limiter.admit(asked(call(who)), 0)).filter(
          ({ kind }) => kind === "admitted",
        ).length;
      expect([by, admitted("ann") > 0, admitted("ann"), admitted("bob") > 0]).toEqual([
        by,
        true,
        0,
        true,
      ]);
    }
  });

  it("is the same each time", () => {
    const walk = () => {
      const limiter = limiterOf(written);
      return Array.from({ length: 50 }, (_, i) => limiter.admit(asked(), i * 3e7).kind);
    };
    expect(walk()).toEqual(walk());
  });
});

describe("limits together", () => {
  it("one that refuses takes nothing from the others", () => {
    const rules = [
      { kind: "fixed-window", limit: 3, window: "1h", begins: "first-call", name: "hour" },
      { kind: "token-bucket", rate: "1/s", burst: 1, name: "second" },
    ];
    const limiter = limiterOf({ kind: "all", rules });
    // One a second is all that the second rule lets through: nine refusals cost the first nothing.
    const kinds = Array.from({ length: 30 }, (_, i) => limiter.admit(asked(), i * 1e8).kind);
    expect(kinds.filter((kind) => kind === "admitted")).toHaveLength(3);
    expect(kinds.indexOf("admitted", 11)).toBe(20);
  });

  it("calls in flight hold their places until they end", () => {
    const limiter = limiterOf({ kind: "concurrency", max: 2 });
    const [first, second, third] = [0, 1, 2].map((nowNs) => limiter.admit(asked(), nowNs));
    expect([first, second, third].map((each) => each?.kind)).toEqual([
      "admitted",
      "admitted",
      "limited",
    ]);
    if (first?.kind === "admitted") first.release?.();
    expect(limiter.admit(asked(), 3).kind).toBe("admitted");
  });

  it("a path that no rule is about is not limited", () => {
    const limiter = limiterOf({ kind: "gcra", rate: "1/s", by: "path:/users/:id" });
    const kinds = Array.from({ length: 5 }, () => limiter.admit(asked({ path: "/other" }), 0).kind);
    expect(new Set(kinds)).toEqual(new Set(["admitted"]));
  });
});

describe("what is told", () => {
  const told = (tell: unknown, more: object = {}) => {
    const limiter = limiterOf({ kind: "fixed-window", limit: 5, window: "60s", tell, ...more });
    // 12:00:10.5, nine and a half seconds into nothing but its own window.
    return limiter.admit(asked(), 10.5e9).headers;
  };

  it.each([
    ["seconds", "50"],
    ["seconds-float", "49.5"],
    ["milliseconds", "49500"],
    ["epoch", String(Date.UTC(2026, 0, 1, 12, 1) / 1_000)],
    ["epoch-ms", String(Date.UTC(2026, 0, 1, 12, 1))],
    ["rfc3339", "2026-01-01T12:01:00Z"],
    ["http-date", "Thu, 01 Jan 2026 12:01:00 GMT"],
    ["go-duration", "49.5s"],
  ])("a reset as %s", (reset, value) => {
    expect(told({ style: "x-ratelimit", reset, used: true })).toEqual({
      "X-RateLimit-Limit": "5",
      "X-RateLimit-Remaining": "4",
      "X-RateLimit-Used": "1",
      "X-RateLimit-Reset": value,
    });
  });

  it("as the drafts say", () => {
    expect(told("ietf", { name: "burst" })).toEqual({
      "RateLimit-Policy": '"burst";q=5;w=60',
      RateLimit: '"burst";r=4;t=50',
    });
    expect(told("ietf-draft-6")).toEqual({
      "RateLimit-Limit": "5",
      "RateLimit-Remaining": "4",
      "RateLimit-Reset": "50",
    });
    expect(told("none")).toEqual({});
  });
});
