import { describe, expect, it } from "vitest";
import { worstOf } from "../../src/detect/beside.ts";
import { detectAll, type Detector, type Evidence, type Finding } from "../../src/detect/index.ts";
import { around } from "./scenes.ts";
import { seedsOf } from "./seeds.ts";
import { served, type World } from "./service.ts";
import { S } from "./simulate.ts";

const WORLD: World = { seed: "few", rate: 1, identity: true };
/** Slow in its second half, and its answers may be kept: every detector has something to look at. */
const DEPENDENCY = { name: "payments", holdMedianNs: 20e6, cacheTtlNs: 60 * S };

const run = (world: World, seconds: number): readonly Finding[] => {
  const lengthNs = seconds * S;
  const slowness = (atNs: number): number => (atNs > lengthNs / 2 ? 6 : 1);
  const dependencies = [{ ...DEPENDENCY, slowness }];
  const surroundings = around(world, { ratePerSec: 10, lengthNs, settleNs: 0, dependencies });
  return detectAll(served(surroundings, [{}, {}], world));
};

describe("a run too short to judge", () => {
  const findings = run(WORLD, 2);

  it("lets nothing pass but what is counted, and says of everything what it would take", () => {
    const judged = findings.filter(({ detector }) => detector !== "port-exhaustion");
    expect(judged.length).toBeGreaterThan(8);
    for (const { needs, status, summary } of judged) {
      expect(status).toBe("inconclusive");
      expect(needs!.have).toBeLessThan(needs!.need);
      expect(summary).toMatch(/it takes [\d,.]+( s)? to tell|takes calls that name/);
    }
  });

  it("passes once there is as much", () => {
    const statuses = run(WORLD, 60)
      .filter(({ detector }) => detector !== "slow-dependency")
      .map(({ detector, status }) => `${detector} ${status}`);
    expect(statuses.filter((each) => !each.endsWith(" pass"))).toEqual([]);
  });
});

it("where no identity is passed on, what takes it says so", () => {
  const findings = run({ ...WORLD, identity: false }, 60);
  const wanting = findings.filter(({ needs }) => needs?.what === "calls that name their request");
  expect(wanting.map(({ detector }) => detector)).toEqual([
    "acquire-timeout",
    "timeout-inversion",
    "no-bulkhead",
    "saturation",
    "serial-calls",
  ]);
  for (const { summary } of wanting)
    expect(summary).toMatch(/pass on traceparent or x-request-id$/);
});

describe("beside all that was looked for", () => {
  const stage = { ratePerSec: 1, fromNs: 0, toNs: S, judged: true };
  const finding = (more: Partial<Finding>): Finding => ({
    detector: "one",
    subject: "variant",
    status: "fail",
    summary: "it is sick",
    evidence: {},
    ...more,
  });
  const judged = (findings: readonly Finding[], stages = 1): readonly Finding[] => {
    const names = Array.from({ length: stages }, (_, i) => ({ ...stage, name: `stage ${i}` }));
    const evidence = {
      arms: ["control", "variant"],
      stages: names,
      requests: () => [{}],
      inside: null,
      processes: () => null,
    } as unknown as Evidence;
    const detector: Detector = { name: "one", detect: () => findings };
    return detectAll(evidence, [detector]);
  };

  it("what is hardly more than control has condemns nobody; what is much, or shown, does", () => {
    const effect = (low: number, estimate: number, high: number) =>
      ({ what: "calls", kind: "relative", low, estimate, high, confidence: 0.99 }) as const;
    const of = (comparison: "new" | "worse" | "absent-in-control", more: Finding["effect"]) =>
      judged([finding({ comparison, effect: more! })])[0]!.status;
    const little = effect(-0.02, 0.05, 0.12);
    expect([of("new", little), of("worse", little), of("absent-in-control", little)]).toEqual([
      "inconclusive",
      "shared",
      "fail",
    ]);
    for (const clear of [effect(0.01, 0.05, 0.09), effect(-0.5, -0.3, -0.1), effect(-1, 0.9, 3)])
      expect([of("new", clear), of("worse", clear)]).toEqual(["fail", "fail"]);
  });

  it("of several stages the first that condemns is told", () => {
    const stageNamed = (name: string, status: "fail" | "shared") => ({ status, summary: name });
    expect(worstOf([stageNamed("one", "shared"), stageNamed("two", "fail")])?.summary).toBe("two");
    expect(worstOf([stageNamed("one", "shared"), stageNamed("two", "shared")])?.summary).toBe(
      "one",
    );
    expect(worstOf([])).toBeUndefined();
  });

  it("a sickness that would do alone does not among many that are not there, or in many stages", () => {
    const sick = finding({ pValue: 0.02 });
    const well = finding({ status: "pass", pValue: 1 });
    expect(judged([sick])[0]).toMatchObject({ status: "fail", pValue: 0.02 });
    expect(judged([sick, well, well])[0]).toMatchObject({ status: "inconclusive", pValue: 0.06 });
    expect(judged([sick], 3)[0]).toMatchObject({ status: "inconclusive", pValue: 0.06 });
    expect(judged([sick], 3)[0]!.summary).toMatch(/of 1 .*in 3 stages each/);
  });

  it("p-values of runs in which nothing is wrong fail in one of twenty, and no more", () => {
    const seeds = seedsOf(20_000);
    let state = 1;
    const uniform = (): number => {
      // Source: Park & Miller 1988.
      state = (state * 48_271) % 2_147_483_647;
      return state / 2_147_483_647;
    };
    const alarms = seeds.filter(() => {
      const findings = Array.from({ length: 8 }, () => finding({ pValue: uniform() }));
      return judged(findings).some(({ status }) => status === "fail");
    });
    // Three standard errors of 5 %.
    expect(alarms.length / seeds.length).toBeLessThan(
      0.05 + 3 * Math.sqrt((0.05 * 0.95) / seeds.length),
    );
    expect(alarms.length / seeds.length).toBeGreaterThan(0.04);
  });
});

describe("a dependency that nobody calls", () => {
  const known = served(around(WORLD), [{}, {}], WORLD);
  const never = (arms: readonly number[]) => {
    const calls = (arm: number, dependency: number) =>
      arms.includes(arm) ? [] : known.calls(arm, dependency);
    return detectAll({
      ...known,
      calls,
      callsOf: (arm, seq) => (arms.includes(arm) ? [] : known.callsOf(arm, seq)),
    });
  };

  it("cannot be judged, and is said so", () => {
    expect(detectAll(known).map(({ detector }) => detector)).not.toContain("no-calls");
    const [found, ...more] = never([0, 1]).filter(({ detector }) => detector === "no-calls");
    expect(found).toMatchObject({ subject: "variant payments", status: "inconclusive" });
    expect(found!.summary).toBe("nobody calls payments: nothing can be said of it");
    expect(more).toEqual([]);
    const alone = never([1]).find(({ detector }) => detector === "no-calls");
    expect(alone!.summary).toMatch(/^variant never calls payments, control does \(\d+ calls\)/);
    expect(never([0]).map(({ detector }) => detector)).not.toContain("no-calls");
  });
});
