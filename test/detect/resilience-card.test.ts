import { describe, expect, it } from "vitest";
import { hysteresis as detector } from "../../src/detect/hysteresis.ts";
import { detectAll, type ResilienceCard, resilienceOf } from "../../src/detect/index.ts";
import {
  COURSE,
  evidenceOfProbes,
  type Phase,
  type ProbedDependency,
  type ProbedTarget,
  startsIn,
  underProbes,
  windowsOf,
} from "./probe-target.ts";
import { resilienceMarkdown, resilienceSchema } from "../../src/report/index.ts";
import { MS, S } from "./simulate.ts";

const SEEDS = Array.from({ length: 3 }, (_, seed) => `seed ${seed}`);
const RATE_PER_SEC = 80;

interface Given {
  readonly phases?: readonly Phase[];
  readonly dependency?: ProbedDependency;
  readonly identity?: boolean;
  readonly ratePerSec?: number;
}

function probe(seed: string, target: ProbedTarget, given: Given = {}) {
  const { dependency, identity = true, phases = COURSE, ratePerSec = RATE_PER_SEC } = given;
  const windows = windowsOf(phases, ratePerSec);
  const log = underProbes(startsIn(windows, seed, dependency), windows, target, dependency);
  return resilienceOf(evidenceOfProbes([log], windows, { identity }))!;
}

const cardOf = (seed: string, target: ProbedTarget, given: Given = {}): ResilienceCard =>
  probe(seed, target, given).cards[0]!;

describe("a resilience card", () => {
  it.each([4, 8])(
    "finds a pool of %i where latency outgrows it, and no pool where none is",
    (pool) => {
      for (const seed of SEEDS) {
        const timeoutNs = 2 * S;
        const { latency } = cardOf(seed, { pool, timeoutNs });
        expect(latency?.ceiling?.connections).toBe(pool);
        expect(latency?.exponent).toBeLessThan(0.3);
        const free = cardOf(seed, { timeoutNs }).latency;
        expect(free?.ceiling).toBeNull();
        expect(free?.exponent).toBeGreaterThan(0.7);
      }
    },
  );

  it.each([true, false])("finds the timeout, and that there is none (identity: %s)", (identity) => {
    for (const seed of SEEDS) {
      const { hang } = cardOf(seed, { timeoutNs: 300 * MS }, { identity });
      expect(hang).toMatchObject({ kind: "timeout" });
      expect(hang?.timeoutMs).toBeCloseTo(300, 3);
      expect(cardOf(seed, {}, { identity }).hang).toMatchObject({ kind: "none", timeoutMs: null });
    }
  });

  it("finds pool and timeout of what is really there, which means no delay and hangs up in the end", () => {
    const windows = windowsOf(COURSE, RATE_PER_SEC);
    const hangs = windows.find(({ probe: done }) => done?.hang === true)!;
    const cardOfReal = (seed: string, target: ProbedTarget): ResilienceCard => {
      const log = underProbes(startsIn(windows, seed), windows, target);
      const calls = log.calls.map((call) => {
        const isLeft = call.fault === "hang" && call.endNs > hangs.toNs;
        const ended = isLeft ? ({ endNs: hangs.toNs, outcome: "error" } as const) : {};
        return { ...call, meantDelayUs: 0, givenDelayUs: 0, ...ended };
      });
      const evidence = evidenceOfProbes([{ ...log, calls }], windows, { identity: false });
      return resilienceOf(evidence)!.cards[0]!;
    };
    for (const seed of SEEDS) {
      const { hang, latency } = cardOfReal(seed, { pool: 4, timeoutNs: 2 * S });
      expect(hang).toMatchObject({ kind: "timeout" });
      expect(hang?.timeoutMs).toBeCloseTo(2_000, 3);
      expect(latency?.ceiling?.connections).toBe(4);
      expect(latency?.exponent).toBeLessThan(0.3);
      const free = cardOfReal(seed, {});
      expect(free.hang).toMatchObject({ kind: "none", timeoutMs: null });
      expect(free.hang?.watchedMs).toBeLessThan((hangs.toNs - hangs.fromNs) / 1e6);
      expect(free.latency?.exponent).toBeGreaterThan(0.7);
    }
  });

  it("finds a pool, and a timeout that a wait for a connection is part of", () => {
    for (const seed of SEEDS) {
      const timed = { timeoutNs: 500 * MS, timeoutWithWait: true };
      const { hang, latency } = cardOf(seed, { pool: 4, ...timed });
      expect(latency?.ceiling?.connections).toBe(4);
      expect(hang).toMatchObject({ kind: "timeout", countsFrom: "request" });
      expect(Math.abs(hang!.timeoutMs! - 500)).toBeLessThan(5);
      expect(cardOf(seed, timed).latency?.ceiling).toBeNull();
    }
  });

  it.each([true, false])("finds how failures are retried (identity: %s)", (identity) => {
    const timeoutNs = 300 * MS;
    for (const seed of SEEDS) {
      const errorsOf = (target: ProbedTarget) =>
        cardOf(seed, { timeoutNs, ...target }, { identity }).errors;
      expect(errorsOf({})).toMatchObject({ policy: "none", attempts: 1 });
      for (const attempts of [2, 4]) {
        expect(errorsOf({ attempts, delayNs: 20 * MS })).toMatchObject({
          policy: "every",
          attempts,
        });
      }
      if (!identity) continue;
      const budget = errorsOf({ attempts: 4, delayNs: 20 * MS, budgetRatio: 0.2 });
      expect(budget).toMatchObject({ policy: "budget" });
      expect(budget?.budgetRatio).toBeLessThan(0.5);
      expect(errorsOf({ attempts: 3, delayNs: 50 * MS })?.jitter).toBe("none");
      expect(errorsOf({ attempts: 3, delayNs: 50 * MS, jitter: "full" })?.jitter).toBe("full");
    }
  });

  it("finds a breaker: when it opens, how often it asks, and that it closes again", () => {
    for (const seed of SEEDS) {
      const breaker = { failures: 5, resetNs: 1 * S };
      const card = cardOf(seed, { timeoutNs: 300 * MS, breaker });
      expect(card.breaker?.opened).toBe(true);
      expect(card.breaker?.openedAfterMs).toBeLessThan(1_500);
      expect(card.breaker?.probeEveryMs).toBeGreaterThan(900);
      expect(card.breaker?.probeEveryMs).toBeLessThan(1_400);
      expect(card.breaker?.recoveredAfterMs).not.toBeNull();
      expect(cardOf(seed, { timeoutNs: 300 * MS }).breaker?.opened).toBe(false);
    }
  });

  it("takes a lull of the machine for no breaker", () => {
    const seed = SEEDS[0]!;
    const windows = windowsOf(COURSE, RATE_PER_SEC);
    const worst = windows.find(({ probe: given }) => given?.errors === 1)!;
    const lull = { fromNs: worst.fromNs + 2 * S, toNs: worst.fromNs + 2.6 * S };
    const held = startsIn(windows, seed).filter(
      ({ atNs }) => atNs < lull.fromNs || atNs >= lull.toNs,
    );
    const log = underProbes(held, windows, { timeoutNs: 300 * MS });
    const { breaker } = resilienceOf(evidenceOfProbes([log], windows))!.cards[0]!;
    expect(breaker?.opened).toBe(false);
  });

  it("tells whether routes that do not call it suffer with it", () => {
    for (const seed of SEEDS) {
      const timeoutNs = 1 * S;
      const shared = cardOf(seed, { timeoutNs, workers: 12 }).bulkhead;
      expect(shared?.suffering.map(({ route }) => route)).toEqual(["GET /plain"]);
      expect(cardOf(seed, { timeoutNs }).bulkhead).toMatchObject({
        judged: ["GET /plain"],
        suffering: [],
      });
    }
  });
});

describe("a card in words", () => {
  it("says what the target is set to", () => {
    const target = { pool: 4, timeoutNs: 800 * MS, attempts: 3, delayNs: 50 * MS };
    const text = resilienceMarkdown(probe("one", target));
    expect(text).toContain("## payments, called by control\n");
    expect(text).toContain("- pool: calls in flight stand at 4 from ");
    expect(text).toContain("- timeout: 800 ms (100 % of ");
    expect(text).toContain("- retries: up to 3 attempts");
    expect(text).toContain("- breaker: none opens while every call fails");
    expect(resilienceSchema.safeParse(probe("one", target)).error).toBeUndefined();
    expect(text).not.toMatch(/NaN|Infinity|undefined|null/);
  });
});

describe("recovery", () => {
  /** Two servers of 20 ms: 100 calls a second, of which 60 are wanted; cut to half. */
  const dependency = { servers: 2, holdMedianNs: 20 * MS, holdSigma: 0.05 };
  const phases = (triggerS: number): Phase[] => [
    { name: "usual", forS: 10 },
    { name: "trigger", forS: triggerS, probe: { latency: { factor: 2 } } },
    { name: "after", forS: 60 },
  ];
  const storming: ProbedTarget = { attempts: 5, timeoutNs: 500 * MS };

  it("tells a trigger that it recovers from from one that it does not, and what sustains it", () => {
    for (const seed of SEEDS) {
      const recoveryOf = (triggerS: number, target: ProbedTarget) =>
        cardOf(seed, target, { dependency, phases: phases(triggerS), ratePerSec: 120 })
          .recoveries[0]!;
      expect(recoveryOf(1, storming)).toMatchObject({ recovered: true, sustaining: [] });
      const stuck = recoveryOf(10, storming);
      expect(stuck).toMatchObject({ recovered: false, recoveredAfterS: null });
      expect(stuck.sustaining.map(({ what }) => what)).toContain("attempts per call");
      expect(recoveryOf(10, { ...storming, attempts: 1 }).recovered).toBe(true);
    }
  });

  it("shows hysteresis where the way down is worse than the way up, and else none", () => {
    const ramps: Phase[] = [
      { name: "up", forS: 15, fromPerSec: 20, ratePerSec: 260 },
      { name: "down", forS: 15, fromPerSec: 260, ratePerSec: 20 },
    ];
    for (const seed of SEEDS) {
      const { hysteresis } = probe(seed, storming, { dependency, phases: ramps });
      expect(hysteresis[0]?.bistable).toBe(true);
      const easy = probe(seed, storming, {
        dependency: { ...dependency, servers: 8 },
        phases: ramps,
      });
      expect(easy.hysteresis[0]?.bistable).toBe(false);
    }
  });

  it("of a variant beside a control that comes down as it went up, is a finding; of both it is shared", () => {
    const ramps: Phase[] = [
      { name: "up", forS: 15, fromPerSec: 20, ratePerSec: 260 },
      { name: "down", forS: 15, fromPerSec: 260, ratePerSec: 20 },
    ];
    const windows = windowsOf(ramps, RATE_PER_SEC);
    const wide = { ...dependency, servers: 8 };
    const logOf = (of: ProbedDependency, seed: string) =>
      underProbes(startsIn(windows, seed, of), windows, storming, of);
    for (const seed of SEEDS) {
      const [well, sick] = [logOf(wide, seed), logOf(dependency, seed)];
      const findings = [
        [well, sick],
        [sick, sick],
        [well, well],
        [sick, well],
      ].map(
        (logs) => detectAll(evidenceOfProbes(logs, windows, { identity: true }), [detector])[0],
      );
      expect(findings.map((found) => found?.status)).toEqual(["fail", "shared", "pass", "pass"]);
      expect(findings[0]).toMatchObject({
        comparison: "new",
        began: { stage: "down" },
        cause: expect.stringMatching(/^a load that has been higher leaves its mark/),
      });
      expect(findings[0]!.effect!.low).toBeGreaterThan(0);
    }
  });
});
