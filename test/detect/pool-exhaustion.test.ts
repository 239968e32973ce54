import { describe, expect, it } from "vitest";
import { detectAll, type Finding } from "../../src/detect/index.ts";
import {
  type ArmLog,
  call,
  evidenceOf,
  meanHoldNs,
  MS,
  S,
  type Start,
  startsOf,
  type Traffic,
  TRAFFIC,
} from "./simulate.ts";
import { type PoolTarget, throughPool } from "./targets.ts";

const SIZES = [2, 4, 8, 16];
const SEEDS = Array.from({ length: 20 }, (_, seed) => `seed ${seed}`);
/** Of a larger pool there are as many calls in half as many runs. */
const seedsFor = (size: number): readonly string[] => SEEDS.slice(0, size < 8 ? 20 : 10);
const ROOMY: PoolTarget = { size: 64 };

/** Traffic that needs `share` of what a pool of `size` can carry. */
function trafficAt(size: number, share: number): Traffic {
  return { ...TRAFFIC, ratePerSec: (share * size) / (meanHoldNs(TRAFFIC) / S) };
}

function judge(
  traffic: Traffic,
  starts: readonly Start[],
  [control, variant]: readonly [PoolTarget, PoolTarget],
  more: Partial<Parameters<typeof evidenceOf>[1]> = {},
): Finding {
  const arms = [throughPool(starts, control), throughPool(starts, variant)] as const;
  const { lengthNs, ratePerSec } = traffic;
  const findings = detectAll(evidenceOf(arms, { lengthNs, ratePerSec, ...more }));
  // Those who wait pile up, and give up in the end; nothing else is made of a pool.
  const itsOwn = new Set(["pool-exhaustion", "acquire-timeout", "no-backpressure"]);
  const others = findings.filter(({ detector }) => !itsOwn.has(detector));
  const isQuiet = ({ cause, status }: Finding): boolean => status === "pass" || cause === undefined;
  expect(others.filter((each) => !isQuiet(each) && each.status !== "shared")).toEqual([]);
  return findings.find(({ detector }) => detector === "pool-exhaustion")!;
}

describe.each([
  ["joined by identity", { identity: true }],
  ["by rates alone", { identity: false }],
])("pool exhaustion, %s", (_, given) => {
  it.each(SIZES)(
    "a pool of %i at 1.2 × its ceiling is named with its size; what would do, does",
    (size) => {
      const traffic = trafficAt(size, 1.2);
      const seeds = seedsFor(size);
      let [named, cured] = [0, 0];
      for (const seed of seeds) {
        const starts = startsOf(traffic, `${size} ${seed}`);
        const finding = judge(traffic, starts, [ROOMY, { size }], given);
        if (finding.status === "fail" && finding.evidence["poolSize"] === size) named++;
        const enough = Number(finding.evidence["enoughConnections"] ?? size);
        if (judge(traffic, starts, [ROOMY, { size: enough }], given).status === "pass") cured++;
      }
      expect(named).toBeGreaterThanOrEqual(0.95 * seeds.length);
      expect(cured).toBe(seeds.length);
    },
  );

  it("pools at 60 % of their ceiling, and a control that is just as sick, raise no alarm", () => {
    const alarms = SIZES.flatMap((size) =>
      SEEDS.slice(0, 10).flatMap((seed) => {
        const [calm, sick] = [trafficAt(size, 0.6), trafficAt(size, 1.2)];
        return [
          judge(calm, startsOf(calm, `calm ${size} ${seed}`), [ROOMY, { size }], given),
          judge(sick, startsOf(sick, `sick ${size} ${seed}`), [{ size }, { size }], given),
        ];
      }),
    ).filter(({ status }) => status !== "pass" && status !== "shared");
    expect(alarms).toEqual([]);
  });
});

describe("pool exhaustion", () => {
  const traffic = trafficAt(4, 1.2);
  const starts = startsOf(traffic, "one");

  it.each([
    ["of 1 at 80 % of its ceiling, where every other moment is free", 1, 0.8, 0.2],
    ["of 8 whose places stand empty for a sixth of the time, between two calls", 8, 1.2, 20],
  ])("a pool %s, is named by who waits for whom", (_, size, share, handOverMs) => {
    const busy = trafficAt(size, share);
    const named = SEEDS.filter((seed) => {
      const target = { size, handOverNs: handOverMs * MS };
      const finding = judge(busy, startsOf(busy, `queue ${size} ${seed}`), [ROOMY, target]);
      return finding.status === "fail" && finding.size?.value === size;
    });
    expect(named.length).toBeGreaterThanOrEqual(0.95 * SEEDS.length);
  });

  it("before a dependency of TCP is named by its busy connections", () => {
    const named = SEEDS.slice(0, 5).filter((seed) => {
      const calm = judge(traffic, startsOf(traffic, seed), [ROOMY, ROOMY], { tcp: true });
      const finding = judge(traffic, startsOf(traffic, seed), [ROOMY, { size: 4 }], { tcp: true });
      return calm.status === "pass" && finding.status === "fail" && finding.size?.value === 4;
    });
    expect(named).toHaveLength(5);
  });

  it("says in a sentence what runs dry, from where on, how it shows and what would do", () => {
    const finding = judge(traffic, starts, [ROOMY, { size: 4 }]);
    expect(finding.cause).toBe("payments pool exhaustion (a pool of 4)");
    expect(finding.summary).toMatchInlineSnapshot(
      `"the payments connection pool of 4 is exhausted above 44.4 calls/s (44.4 requests/s), from stage everybody on: calls in flight stand at 4, requests wait 1.88 s before the call (control 496 µs), and 155 gave up without a call; 13 would do; seen from outside only"`,
    );
  });

  it("a control that is just as sick is said so, without a size that control cannot vouch for", () => {
    const finding = judge(traffic, starts, [{ size: 4 }, { size: 4 }]);
    expect(finding.summary).toMatchInlineSnapshot(
      `"the payments connection pool of 4 is exhausted above 44.4 calls/s, from stage everybody on: calls in flight stand at 4, requests wait 1.88 s before the call (control 1.88 s); control has it too; seen from outside only"`,
    );
    expect(finding).toMatchObject({
      status: "shared",
      comparison: "shared",
      evidence: { controlToo: true, enoughConnections: null },
    });
  });

  it("a variant that halves a pool which was too small already is named", () => {
    const finding = judge(traffic, starts, [{ size: 4 }, { size: 2 }]);
    expect(finding).toMatchObject({
      status: "fail",
      comparison: "worse",
      size: { value: 2 },
      evidence: { poolSize: 2, controlToo: false },
    });
  });

  it("a caller that hangs up and calls again is not a larger pool", () => {
    const [control, variant] = [throughPool(starts, ROOMY), throughPool(starts, { size: 4 })];
    // One call in fifty is noticed to be over 2 ms after the next one has come.
    const late = variant.calls.map((each, i) =>
      i % 50 === 0 ? { ...each, endNs: each.endNs + 2 * MS } : each,
    );
    const evidence = evidenceOf([control, { ...variant, calls: late }], { ...traffic });
    const finding = detectAll(evidence).find(({ detector }) => detector === "pool-exhaustion");
    expect(finding?.evidence).toMatchObject({ poolSize: 4, inFlightMax: 5 });
  });

  it("a target that is slow by itself is no exhausted pool", () => {
    const slow = { size: 64, ownWorkNs: 400 * MS };
    expect(judge(traffic, starts, [ROOMY, slow]).status).toBe("pass");
  });

  it("thousands of calls in flight that nothing bounds are no pool, without identity too", () => {
    const lengthNs = 16 * S;
    const busy: Traffic = {
      ...TRAFFIC,
      ratePerSec: 1_500,
      holdMedianNs: 2 * S,
      holdSigma: 0.1,
      lengthNs,
    };
    const many = startsOf(busy, "many");
    // Nobody waits; the variant takes twenty times as long over an answer as control.
    const holding = (share: number): ArmLog => ({
      requests: many.map(({ atNs, holdNs, seq }) => ({
        seq,
        startNs: atNs,
        endNs: atNs + holdNs,
        status: 200,
      })),
      calls: many.map(({ atNs, holdNs, seq }) =>
        call({ seq, arriveNs: atNs, endNs: atNs + share * holdNs }),
      ),
    });
    const given = { ...busy, settleNs: 6 * S, identity: false };
    const findings = detectAll(evidenceOf([holding(0.05), holding(1)], given));
    const finding = findings.find(({ detector }) => detector === "pool-exhaustion");
    expect(finding?.status).toBe("pass");
    expect(finding?.evidence["inFlightMean"]).toBeGreaterThan(2_900);
  });

  it("few calls are said to be few, not to be healthy", () => {
    const rare = { ...TRAFFIC, callRatio: 0.02, lengthNs: 12 * S };
    const finding = judge(rare, startsOf(rare, "rare"), [ROOMY, { size: 1 }]);
    expect(finding.status).toBe("inconclusive");
    expect(finding.summary).toMatch(
      /^calls to payments: \d+ in 10 s; it takes 100 to tell of a ceiling, /,
    );
    expect(finding.needs).toMatchObject({ what: "calls to payments", need: 100 });
  });
});

describe("a steady flow", () => {
  it("that needs fewer calls at a constant latency is no exhausted pool", () => {
    // 100 requests a second, equally spaced, 100 ms a call: in flight stand 10, and 5 for a variant
    // that calls every other time. Nothing waits.
    const steady = { ...TRAFFIC, lengthNs: 20 * S };
    const arm = (every: number): ArmLog => {
      const seqs = Array.from({ length: 2_000 }, (_, seq) => seq);
      const requests = seqs.map((seq) => {
        const intendedNs = seq * 10 * MS;
        return {
          seq,
          stage: 0,
          intendedNs,
          startNs: intendedNs,
          endNs: intendedNs + 104 * MS,
          status: 200,
          error: null,
        };
      });
      const calls = seqs
        .filter((seq) => seq % every === 0)
        .map((seq) => {
          const arriveNs = seq * 10 * MS + 3 * MS;
          return call({ seq, arriveNs, endNs: arriveNs + 100 * MS });
        });
      return { requests, calls };
    };
    for (const identity of [true, false]) {
      const evidence = evidenceOf([arm(1), arm(2)], { ...steady, identity });
      const found = detectAll(evidence).filter(({ detector }) => detector === "pool-exhaustion");
      expect(found.map(({ status }) => status)).toEqual(["pass"]);
    }
  });
});
