import { describe, expect, it } from "vitest";
import { detectAll, type Finding } from "../../src/detect/index.ts";
import { retryStorm } from "../../src/detect/retry-storm.ts";
import { detectorContract } from "./contract.ts";
import { retryScenes } from "./retry-scenes.ts";
import { type ArmLog, call, evidenceOf, MS, S, startsOf, TRAFFIC } from "./simulate.ts";
import { type FlakyDependency, type RetryTarget, withRetries } from "./targets.ts";

const SEEDS = Array.from({ length: 4 }, (_, seed) => `seed ${seed}`);
const TRAFFIC_HERE = { ...TRAFFIC, ratePerSec: 80, holdMedianNs: 25 * MS };
const LIMITED: FlakyDependency = { failing: 0.02, limit: { ratePerSec: 20, burst: 20 } };
const ONCE: RetryTarget = { attempts: 1 };
const POLITE: RetryTarget = {
  attempts: 2,
  delayNs: 100 * MS,
  jitter: "full",
  honoursRetryAfter: true,
};
const AT_ONCE: RetryTarget = { attempts: 4, delayNs: 20 * MS };

function judgeLogs(arms: readonly [ArmLog, ArmLog], identity = true): Finding {
  const { lengthNs, ratePerSec } = TRAFFIC_HERE;
  const dependency = { name: "reviews", cacheTtlNs: null };
  const findings = detectAll(evidenceOf(arms, { lengthNs, ratePerSec, dependency, identity }));
  // Whoever storms against a limit also cuts short what it is told to wait.
  const others = findings.filter(({ detector }) => !/^(?:retry-storm|rate-limit)$/.test(detector));
  expect(others.filter(({ status }) => status === "fail")).toEqual([]);
  return findings.find(({ detector }) => detector === "retry-storm")!;
}

function judge(
  seed: string,
  [control, variant]: readonly [RetryTarget, RetryTarget],
  dependency: FlakyDependency,
  identity = true,
): Finding {
  const starts = startsOf(TRAFFIC_HERE, seed);
  const arms = [
    withRetries(starts, control, dependency),
    withRetries(starts, variant, dependency),
  ] as const;
  return judgeLogs(arms, identity);
}

detectorContract("retry storm", { detector: retryStorm, ...retryScenes });

describe("retry storm", () => {
  it("three retries at once against a limiter are named: attempts, gap, no jitter, waits cut short", () => {
    for (const seed of SEEDS) {
      const finding = judge(seed, [POLITE, AT_ONCE], LIMITED);
      expect(finding).toMatchObject({
        status: "fail",
        cause: "reviews retry storm (up to 4 attempts)",
        evidence: { attemptsMax: 4, unsafeRetries: 0 },
      });
      expect(finding.evidence["gapMs"]).toBeCloseTo(20.25, 0);
      expect(finding.evidence["earlyRetries"]).toBe(finding.evidence["toldToWait"]);
      expect(finding.summary).toContain("with no jitter");
    }
  });

  it("says in a sentence how it retries and what comes of it, and what would cure it", () => {
    const finding = judge("one", [POLITE, AT_ONCE], LIMITED);
    expect(finding.summary).toMatchInlineSnapshot(
      `"a retry storm at reviews from stage everybody on: up to 4 attempts, 20.3 ms apart with no jitter (3.63 attempts a call) make 1.98 × control's calls for the same requests, and 93.3 % of the calls fail (control 86.9 %); no budget bounds them; they come together (dispersion 3.2, control 1.0); 100 % of the waits asked for were cut short; 1,645 come when their request has ended; control has it too, and less of it; seen from outside only"`,
    );
    expect(finding.cure).toMatchInlineSnapshot(
      `"a retry budget, exponential backoff with full jitter, and waiting as long as Retry-After says"`,
    );
  });

  it("without identity the rates and failures name it", () => {
    for (const seed of SEEDS) {
      const finding = judge(seed, [POLITE, AT_ONCE], LIMITED, false);
      expect(finding).toMatchObject({ status: "fail", evidence: { joinedBy: "rates" } });
      expect(finding.summary).toContain("up to 4 attempts, 20.3 ms apart with no jitter make");
    }
  });

  it.each([
    ["uniform waits are jitter", { ...AT_ONCE, delayNs: 40 * MS, jitter: "full" }, "with jitter"],
    [
      "equal waits that double are not",
      { ...AT_ONCE, delayNs: 40 * MS, backoff: 2 },
      "with no jitter",
    ],
    [
      "nor are those that a busy machine makes late",
      { ...AT_ONCE, delayNs: 40 * MS, lateNs: 8 * MS },
      "with no jitter",
    ],
    ["nor are immediate ones", { ...AT_ONCE, delayNs: 0 }, "with no jitter"],
  ] satisfies [string, RetryTarget, string][])("%s", (_, target, words) => {
    const { status, summary } = judge("one", [POLITE, target], LIMITED);
    expect(status).toBe("fail");
    expect(summary).toContain(` ${words} (`);
  });

  it("a caller that waits as long as it is told cuts nothing short", () => {
    const patient: RetryTarget = { ...AT_ONCE, honoursRetryAfter: true };
    const { evidence, summary } = judge("one", [ONCE, patient], LIMITED);
    expect(evidence).toMatchObject({ earlyRetries: 0 });
    expect(summary).not.toContain("cut short");
  });

  it.each([
    [
      "more calls, from a cache that misses",
      [POLITE, { ...POLITE, callsPerRequest: 5 }],
      { failing: 0.05 },
    ],
    ["the same against a limiter", [POLITE, { ...POLITE, callsPerRequest: 5 }], LIMITED],
    ["few failures", [ONCE, AT_ONCE], { failing: 0.02 }],
    ["a retry budget of 10 %", [ONCE, { ...AT_ONCE, budgetRatio: 0.1 }], { failing: 0.3 }],
    ["retries where nothing fails", [ONCE, AT_ONCE], { failing: 0 }],
    ["a variant that retries less", [AT_ONCE, POLITE], LIMITED],
  ] satisfies [string, [RetryTarget, RetryTarget], FlakyDependency][])(
    "%s: no alarm",
    (_, arms, dependency) => {
      for (const identity of [true, false]) {
        for (const seed of SEEDS)
          expect(judge(seed, arms, dependency, identity).status).not.toBe("fail");
      }
    },
  );

  it("repeats of a write are counted", () => {
    const starts = startsOf(TRAFFIC_HERE, "one");
    const unsafe = ({ calls, requests }: ArmLog): ArmLog => ({
      requests,
      calls: calls.map((each) => ({ ...each, safe: false })),
    });
    const arms = [ONCE, AT_ONCE].map((target) => unsafe(withRetries(starts, target, LIMITED)));
    const { evidence, summary } = judgeLogs([arms[0]!, arms[1]!]);
    expect(evidence["unsafeRetries"]).toBe(evidence["retries"]);
    expect(summary).toMatch(/; [\d,]+ retries repeat a write; seen from outside only$/);
  });

  it("asking again after a good answer is another call, and starts a new count of attempts", () => {
    const log: ArmLog = { requests: [], calls: [] };
    for (let seq = 0; seq < 1_000; seq++) {
      const startNs = 2 * S + seq * 20 * MS;
      log.requests.push({ seq, startNs, endNs: startNs + 50 * MS, status: 200 });
      for (const [nth, outcome] of (["error", "ok", "error", "ok", "ok"] as const).entries()) {
        const arriveNs = startNs + nth * 2 * MS;
        log.calls.push(
          call({ seq, key: 7, attempt: nth + 1, arriveNs, endNs: arriveNs + MS, outcome }),
        );
      }
    }
    const { evidence } = judgeLogs([log, log]);
    expect(evidence).toMatchObject({ attemptsMax: 2, retries: 2_000, logicalCalls: 3_000 });
  });
});
