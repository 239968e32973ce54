import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { NS_PER_S } from "../../src/core/index.ts";
import { dependencySchema } from "../../src/emulator/index.ts";
import { registerPlan } from "../../src/experiment/index.ts";
import {
  describeDependencies,
  type ProfileRecord,
  readProfile,
  storeOf,
  type StoredProfile,
} from "../../src/profile/index.ts";
import { servedDependencies } from "../../src/run/dependencies.ts";
import { loadScenario, type Scenario } from "../../src/run/index.ts";
import { makePlan } from "../../src/run/make-plan.ts";
import { ROOT, Scratch } from "../e2e/cli.ts";

const scenario = loadScenario(join(ROOT, "scenarios/payment-pool.yaml"));
const read = await readProfile(scenario.profilePath);
const profile = storeOf(read);
/** The same profile with other records. */
const withRecords = (records: readonly ProfileRecord[]): StoredProfile =>
  storeOf({ ...read, records });

const RECORDED = { kind: "recorded" } as const;
/** The plan of the scenario with other load. */
const made = (change: Partial<Scenario>) =>
  makePlan({ ...scenario, scenario: { ...scenario.scenario, ...change } }, profile, "1", {});

const INSTANT = { kind: "constant", value: "0ms" };
/** Where what dependencies name is found. */
const files = { dir: ".", manifestOf: () => profile.manifest, warn: () => {} };

const imported = (name: string) => ({ import: name });
const operationOf = (example: string) => ({
  responses: { 200: { description: "", content: { "application/json": { example } } } },
});
/** Files that a dependency may name: what stands in them, and the field that names them. */
const HELD = {
  WireMock: {
    field: imported,
    textOf: (body: string) =>
      JSON.stringify({ request: { url: "/" }, response: { status: 200, body } }),
  },
  Hoverfly: {
    field: imported,
    textOf: (body: string) =>
      JSON.stringify({
        data: { pairs: [{ request: {}, response: { status: 200, body } }] },
        meta: { schemaVersion: "v5" },
      }),
  },
  OpenAPI: {
    field: imported,
    textOf: (body: string) =>
      JSON.stringify({ openapi: "3.0.0", paths: { "/": { get: operationOf(body) } } }),
  },
  "a body": {
    field: (name: string) => ({ stubs: [{ response: { bodyFile: name } }] }),
    textOf: (body: string) => body,
  },
};

describe("the plan of a scenario", () => {
  it("puts stages end to end, at their share of the rate, judged after they settled", () => {
    const { stages } = makePlan(scenario, profile, "1", {});
    expect(stages.map(({ name, ratePerSec }) => [name, ratePerSec])).toEqual([
      ["warm-up", 48],
      ["pilot", 48],
      ["everybody", 120],
    ]);
    for (const [index, stage] of stages.entries()) {
      expect(stage.startNs).toBe(stages[index - 1]?.endNs ?? 0);
      expect(stage.judgedFromNs === null).toBe(stage.name === "warm-up");
      if (stage.judgedFromNs === null) continue;
      expect(stage.judgedFromNs).toBeGreaterThanOrEqual(stage.startNs);
      expect((stage.endNs - stage.judgedFromNs) / stage.blockNs).toBeGreaterThanOrEqual(20);
    }
  });

  it("takes a rate as so many times the capture's own, at the speed it is played at", () => {
    const lastNs = read.records.at(-1)!.offsetNs;
    const { length } = profile.records;
    // From the first arrival to one mean gap after the last.
    const capturedPerSec = (length - 1) / (lastNs / NS_PER_S);
    const planned = made({ rate: { multiple: 2 }, arrivals: RECORDED, speed: 3 });
    for (const { name, ratePerSec } of planned.stages) {
      const share = name === "everybody" ? 1 : 0.4;
      expect(ratePerSec).toBeCloseTo(2 * 3 * share * capturedPerSec, 6);
    }
    expect(planned.load).toMatchObject({ arrivals: RECORDED, speed: 3 });
  });

  it("ends with the capture that does not begin anew, however long the stage", () => {
    const lastNs = read.records.at(-1)!.offsetNs;
    const periodNs = (lastNs * profile.records.length) / (profile.records.length - 1);
    const stages = [{ ...scenario.scenario.stages[2]!, for: 3_600 * NS_PER_S, settle: 0 }];
    const planned = made({ arrivals: RECORDED, rate: { multiple: 1 }, loop: false, stages });
    expect(planned.stages[0]!.endNs).toBeCloseTo(periodNs, 0);
    const again = made({ arrivals: RECORDED, rate: { multiple: 1 }, loop: true, stages });
    expect(again.stages[0]!.endNs).toBe(3_600 * NS_PER_S);
  });

  it("refuses a stage that a capture which does not begin anew is over before", () => {
    const [, , last] = scenario.scenario.stages;
    const stages = [1, 2].map(() => ({ ...last!, name: undefined, for: 3_600 * NS_PER_S }));
    const load = { arrivals: RECORDED, rate: { multiple: 1 }, stages };
    expect(() => made({ ...load, loop: false })).toThrow(/over before stage-2 begins/);
    expect(made({ ...load, loop: true }).stages).toHaveLength(2);
  });

  it("a ramp says where it begins; other stages begin as they end", () => {
    const [first, ...more] = scenario.scenario.stages;
    const from = { shareOfRate: 0.1 };
    const { stages } = made({ stages: [{ ...first!, from }, ...more] });
    expect(stages[0]).toMatchObject({ fromPerSec: 12, ratePerSec: 48 });
    for (const { fromPerSec, ratePerSec } of stages.slice(1)) expect(fromPerSec).toBe(ratePerSec);
  });

  it("of one arm compares nothing, and guards nothing", () => {
    const { hypothesis: _hypothesis, ...rest } = scenario.scenario;
    const target = { url: "http://shop.internal", headers: {}, http2: false };
    const alone = { ...rest, arms: { target }, secondary: [], guardrails: [] };
    const planned = makePlan({ ...scenario, scenario: alone }, profile, "1", {});
    expect(planned).toMatchObject({
      arms: ["target"],
      hypothesis: null,
      otherwise: null,
      primary: null,
      secondary: [],
      guardrails: [],
    });
  });

  it("needs a rate where all records arrive at one moment", () => {
    const records = read.records.map((record): ProfileRecord => ({ ...record, offsetNs: 0 }));
    const flat = withRecords(records);
    const multiple = { ...scenario.scenario, rate: { multiple: 2 } };
    expect(() => makePlan({ ...scenario, scenario: multiple }, flat, "1", {})).toThrow(
      expect.objectContaining({ hint: expect.stringContaining("--rate 100/s") as string }),
    );
    expect(makePlan(scenario, flat, "1", {}).stages[2]?.ratePerSec).toBe(120);
  });

  it("guards the error ratio even where the scenario does not", () => {
    const bare = { ...scenario, scenario: { ...scenario.scenario, guardrails: [] } };
    const { guardrails } = makePlan(bare, profile, "1", {});
    expect(guardrails).toEqual([{ metric: "error_ratio", margin: 0.01 }]);
    const registered = makePlan(scenario, profile, "1", {}).guardrails;
    expect(registered.filter(({ metric }) => metric === "error_ratio")).toHaveLength(1);
    expect(registered).toContainEqual(expect.objectContaining({ margin: 0.005 }));
  });

  it("changes with the profile and the seed", () => {
    const one = makePlan(scenario, profile, "1", {});
    const shorter = withRecords(read.records.slice(1));
    expect(makePlan(scenario, shorter, "1", {}).inputs).not.toEqual(one.inputs);
    expect(makePlan(scenario, profile, "2", {}).seed).toBe("2");
  });

  it.each(Object.entries(HELD))(
    "changes with what a file holds that a dependency names (%s), not with what it is called",
    async (_what, { field, textOf }) => {
      using scratch = new Scratch();
      const hashOf = async (name: string, held: string): Promise<string> => {
        scratch.file(name, textOf(held));
        const spec = dependencySchema.parse({ latency: INSTANT, ...field(name) });
        const served = await servedDependencies({ stock: spec }, { ...files, dir: scratch.path });
        return registerPlan(makePlan(scenario, profile, "1", served)).sha256;
      };
      const one = await hashOf("a.json", "one");
      expect(await hashOf("b.json", "one")).toBe(one);
      expect(await hashOf("a.json", "other")).not.toBe(one);
    },
  );

  it("changes with what its dependencies' latencies are fitted from", async () => {
    const spec = dependencySchema.parse({ latency: { kind: "fitted", from: "profile" } });
    const record: ProfileRecord = {
      ...read.records[0]!,
      dependencyCalls: [{ dependency: "stock", offsetUs: 0, latencyUs: 1 }],
    };
    const hashOf = async (value: string): Promise<string> => {
      const dependencies = describeDependencies([record], {
        latency: () => ({ latency: { kind: "constant", value }, quantiles: [], ksDistance: 0 }),
        errors: () => ({ kind: "independent", ratio: 0 }),
      });
      const manifestOf = () => ({ ...profile.manifest, dependencies });
      const served = await servedDependencies({ stock: spec }, { ...files, manifestOf });
      return registerPlan(makePlan(scenario, profile, "1", served)).sha256;
    };
    expect(await hashOf("1ms")).toBe(await hashOf("1ms"));
    expect(await hashOf("2ms")).not.toBe(await hashOf("1ms"));
  });

  it("has the prices of calls, of what has one", () => {
    const spec = (price?: number) => dependencySchema.parse({ latency: INSTANT, price });
    const plan = (served: Parameters<typeof makePlan>[3]) =>
      makePlan(scenario, profile, "1", served);
    const served = { maps: spec(0.005), stock: spec() };
    expect(plan(served).prices).toEqual({ maps: 0.005 });
    expect(plan({ stock: spec() })).not.toHaveProperty("prices");
  });

  it("refuses a profile with more routes than an observation can name", () => {
    const first = read.records[0]!;
    const records = Array.from({ length: 65_536 }, (_, i): ProfileRecord => ({
      ...first,
      route: `GET /${i}`,
    }));
    expect(() => withRecords(records)).toThrow(/more than 65535 routes/);
  });
});
