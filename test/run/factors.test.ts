import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { plainText } from "../../src/report/words.ts";
import { createLatencyModel } from "../../src/emulator/latency/index.ts";
import {
  AuditLog,
  type Plan,
  planOfRun,
  planRuns,
  registerPlan,
} from "../../src/experiment/index.ts";
import { renderText, REPORT_FORMATS } from "../../src/report/index.ts";
import { loadScenario, RunDirectory } from "../../src/run/index.ts";
import { analyseRuns } from "../../src/run/analyse-runs.ts";
import { atLevels, designOf, plannedFactors, runsWanted } from "../../src/run/factors.ts";
import { twoLevelDesign } from "../../src/stats/index.ts";
import { keyedDraw } from "../../src/core/index.ts";
import type { Observation } from "../../src/measure/index.ts";
import { PLAN, PLAN_WITHOUT_HISTORY } from "../experiment/plan-fixture.ts";
import { expectSound, MANIFEST, scratch, traffic, writeRun } from "./run-fixture.ts";
import { changed, GOOD, said } from "./scenario-text.ts";

const folder = scratch();
afterAll(() => folder.remove());

const FACTORS = `factors:
  slowness: { dependency: payments, latencyFactor: [1, 4] }
  failing: { dependency: catalog, errorRatio: [0, 2%] }
  flag: { header: x-fast, levels: [off, on] }
  cache: { env: CACHE_TTL_MS, levels: ["100", "10000"], arms: [variant] }
`;
const withFactors = (factors: string, design = "{}"): string =>
  changed("timeout: 5s\n", `timeout: 5s\n${factors}design: ${design}\n`);

function loaded(text: string) {
  const path = join(folder.path, "good.yaml");
  writeFileSync(path, text);
  return loadScenario(path).scenario;
}

describe("factors of a scenario", () => {
  it("are registered in words, and make a run for each combination", () => {
    const scenario = loaded(withFactors(FACTORS));
    expect(plannedFactors(scenario)).toEqual([
      { name: "slowness", sets: "latency of payments, times", levels: ["1", "4"] },
      { name: "failing", sets: "share of calls to catalog that fail", levels: ["0", "0.02"] },
      { name: "flag", sets: "header x-fast to every arm", levels: ["off", "on"] },
      { name: "cache", sets: "env CACHE_TTL_MS of variant", levels: ["100", "10000"] },
    ]);
    const design = designOf(scenario);
    expect([design.length, runsWanted(scenario)]).toEqual([16, 16]);
    expect(designOf(loaded(GOOD))).toEqual([]);
  });

  it("are run in a fraction by its resolution, or by generators in their names", () => {
    const by = (design: string) => designOf(loaded(withFactors(FACTORS, design)));
    expect(by("{ factorial: { resolution: 4 } }")).toEqual(twoLevelDesign(4, ["D=ABC"]));
    const generators = '["cache = -slowness * flag"]';
    expect(by(`{ factorial: { generators: ${generators} } }`)).toEqual(
      twoLevelDesign(4, ["D=-AC"]),
    );
  });

  it("set what they name at each level, and nothing else", () => {
    const scenario = loaded(withFactors(FACTORS));
    const { arms, dependencies } = scenario;
    const low = atLevels(scenario, dependencies, { levels: [-1, -1, -1, -1] });
    const high = atLevels(scenario, dependencies, { levels: [1, 1, 1, 1] });
    expect(high.arms).toMatchObject({
      control: { env: { PAYMENT_POOL: "64" }, headers: { "x-fast": "on" } },
      variant: { env: { PAYMENT_POOL: "4", CACHE_TTL_MS: "10000" }, headers: { "x-fast": "on" } },
    });
    expect(high.arms["control"]).not.toHaveProperty("env.CACHE_TTL_MS");
    expect(low.arms["variant"]).toMatchObject({ env: { CACHE_TTL_MS: "100" } });
    const errors = [{ kind: "independent", ratio: 0.02 }];
    expect(high.served["catalog"]).toMatchObject({ errors });
    expect(high.served["catalog"]).toMatchObject({ latency: { kind: "lognormal" } });
    expect(atLevels({ arms }, dependencies, {})).toEqual({ arms, served: dependencies });
    // The same luck, four times as long, at any load.
    const world = { draw: () => keyedDraw("1"), incident: () => undefined, leadNs: 0 };
    const modelOf = ({ served }: typeof low) =>
      createLatencyModel((served["payments"] as unknown as { latency: never }).latency, world);
    for (const inFlight of [1, 2, 50]) {
      const call = { inFlight } as never;
      const draw = keyedDraw("1", "call", inFlight);
      const [fast, slow] = [low, high].map((each) => modelOf(each).sampleUs(call, draw));
      expect(slow! / fast!).toBeCloseTo(4, 9);
    }
  });

  it.each([
    [
      "slowness: { dependency: payment, latencyFactor: [1, 4] }",
      /no dependency `payment`; did you mean `payments`/,
    ],
    ["slowness: { dependency: payments, latencyFactor: [2, 2] }", /the two levels are the same/],
    ["slowness: { dependency: payments, latencyFactor: [1, 2, 4] }", /two levels/],
    ["pool: { env: PAYMENT_POOL, levels: [1, 2] }", /arms differ in PAYMENT_POOL.*name the `arms`/],
    ["pool: { env: PORT, levels: [1, 2] }", /PORT is set by the run/],
    ["flag: { header: connection, levels: [a, b] }", /is set by the generator/],
    [
      "flag: { header: x-a, levels: [a, b], arms: [varient] }",
      /no arm `varient`; did you mean `variant`/,
    ],
    [
      "a: { env: X, levels: [a, b] }\n  b: { env: X, levels: [c, d], arms: [variant] }",
      /factors\.b: sets the same as `a`/,
    ],
  ])("%s is refused", (factor, message) => {
    expect(said(withFactors(`factors:\n  ${factor}\n`))).toMatch(message);
  });

  it.each([
    ["{ runs: 6 }", /16 combinations.*write 16, or another multiple of 16/],
    ["{ runs: 20 }", /write 16, or another/],
    [
      "{ factorial: { generators: [cache = slow * flag] } }",
      /no factor `slow`: factors are slowness, failing/,
    ],
    ["{ factorial: { generators: [cache = flag] } }", /such as flag = slowness \* pool/],
    ["{ factorial: { resolution: 2 } }", /3 at least/],
  ])("a design of %s is refused", (design, message) => {
    expect(said(withFactors(FACTORS, design))).toMatch(message);
  });

  it("a design without factors is refused", () => {
    expect(said(withFactors("", "{ factorial: full }"))).toMatch(/is for `factors`/);
  });
});

const FACTOR = { sets: "latency of payments, times", levels: ["1", "4"] } as const;

/** One start in twenty of both arms is late by 3 ms. */
const late = (row: Observation): Observation => {
  if (row.kind !== "response" || row.seq % 20 !== 0) return row;
  const { endNs, firstByteNs, startNs } = row;
  return { ...row, startNs: startNs + 3e6, firstByteNs: firstByteNs + 3e6, endNs: endNs + 3e6 };
};

/**
 * An experiment of two factors, each combination twice; the variant is slower where both are high, and
 * the generator is late where both are low.
 */
async function writeExperiment(
  folderName: string,
  { isLate, times }: { readonly isLate: boolean; readonly times: number },
): Promise<RunDirectory> {
  const plan: Plan = {
    ...PLAN_WITHOUT_HISTORY,
    betweenRunSd: null,
    factors: ["slowness", "load"].map((name) => ({ name, ...FACTOR })),
    runs: planRuns("1", 8, PLAN.arms, twoLevelDesign(2)),
  };
  const directory = new RunDirectory(join(folder.path, folderName));
  mkdirSync(directory.path, { recursive: true });
  const registered = registerPlan(plan);
  writeFileSync(directory.file("plan.json"), JSON.stringify(registered));
  const audit = new AuditLog(directory.file("audit.ndjson"), () => MANIFEST.startedAt);
  audit.append("plan registered", { sha256: registered.sha256 });
  const { startedAt } = MANIFEST;
  const ended = { at: startedAt, incompleteBecause: null, exitCode: null };
  const file = { experimentVersion: 1, id: "ff00", startedAt, runs: 8, ended };
  writeFileSync(directory.file("experiment.json"), JSON.stringify(file));
  for (const [index, { levels, seed }] of plan.runs.entries()) {
    const slower = levels!.join() === "1,1" ? times : 1;
    const { calls, observations } = traffic({ slower, perSec: 126 + index });
    const own = isLate && levels!.join() === "-1,-1" ? observations.map(late) : observations;
    const written = { calls, observations: own, plan: planOfRun(plan, index), manifest: { seed } };
    // oxlint-disable-next-line no-await-in-loop -- a few runs, one after the other
    await writeRun(directory.run(index + 1).path, written);
  }
  return directory;
}

describe("an experiment with factors", () => {
  it("is judged at each combination, and says what the effect depends on", async () => {
    const model = analyseRuns(await writeExperiment("slower", { isLate: false, times: 1.6 }));
    expectSound(model);
    const { comparisons, decision, factors, runs } = model.result;
    expect(decision).toBe("roll-back");
    const harmed = comparisons.filter(
      ({ role, status }) => role === "primary" && status === "harm",
    );
    expect(harmed.map(({ metric }) => metric)).toEqual(["response_time_p90@slowness=4,load=4"]);
    expect(comparisons.filter(({ role }) => role === "primary")).toHaveLength(4);
    expect(runs!.map(({ levels }) => Object.keys(levels!))).toEqual(
      Array.from({ length: 8 }, () => ["slowness", "load"]),
    );
    const shown = factors!.filter((row) => row.shown && row.metric === "response_time_p90");
    expect(shown.map((row) => [row.of, ...row.factors].join(" ")).toSorted()).toEqual([
      "variant load",
      "variant slowness",
      "variant slowness load",
    ]);
    const text = renderText(model, { color: false, width: 100 });
    expect(text).toContain("p90 response time, slowness=4, load=4, everybody: harm");
    expect(text).toContain("slowness decides what variant does to p90 response time");
    for (const format of REPORT_FORMATS) {
      // oxlint-disable-next-line no-await-in-loop -- three formats
      expect(plainText(await format.render(model), 1e7)).toContain("slowness");
    }
  });

  it.each([
    [1.6, "fail", "hold"],
    [9, "doubt", "roll-back"],
  ])(
    "late at one combination, and %d times as slow at another: %s",
    async (times, status, decided) => {
      const directory = await writeExperiment(`late ${times}`, { isLate: true, times });
      const { checks, decision } = analyseRuns(directory).result;
      expect(checks.find(({ name }) => name === "generator saturated")).toMatchObject({ status });
      expect(decision).toBe(decided);
    },
  );
});
