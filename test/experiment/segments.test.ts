import { describe, expect, it } from "vitest";
import { NS_PER_MS, NS_PER_S, seededPrng } from "../../src/core/index.ts";
import {
  compareMetrics,
  cutIntoBlocks,
  cutIntoParts,
  PartCuts,
  exploreParts,
  guardSegments,
  type Plan,
  statusOf,
  targetsOf,
} from "../../src/experiment/index.ts";
import type { Observation, ObservationTable } from "../../src/measure/index.ts";
import { response } from "./blocks-fixture.ts";
import { PLAN } from "./plan-fixture.ts";

const ROUTES = ["GET /", "GET /products/*", "POST /orders"];
const segment = (name: string, of: { route?: string; method?: string }, guarded: boolean) => ({
  name,
  ...of,
  protected: guarded,
});
const BASE: Plan = {
  ...PLAN,
  secondary: [{ metric: "slo_attainment", target: 30 * NS_PER_MS, margin: 0.05 }],
  segments: [
    segment("writers", { method: "POST" }, true),
    segment("readers", { route: "GET *" }, false),
  ],
};

/** Both arms of a run; requests of one route take `slower` times as long in the variant. */
function run(slowRoute: number, slower: number, seed = "s"): ObservationTable {
  const uniform = seededPrng(seed);
  const rows: Observation[] = [];
  for (let seq = 0; seq < 9_000; seq++) {
    const intendedNs = (3 + seq / 900) * NS_PER_S;
    const route = Math.floor(uniform() * ROUTES.length);
    for (const arm of [0, 1]) {
      const tookNs =
        NS_PER_MS * (5 + 25 * uniform()) * (arm === 1 && route === slowRoute ? slower : 1);
      rows.push({ ...response(arm, seq, intendedNs, tookNs), route });
    }
  }
  const meta = { arms: ["control", "variant"], stages: ["warm-up", "everybody"], routes: ROUTES };
  return { meta, [Symbol.iterator]: () => rows[Symbol.iterator]() } as unknown as ObservationTable;
}

function judged(observations: ObservationTable) {
  const targets = targetsOf(BASE);
  const given = { observations, calls: null, dependencies: [], targets, capNs: BASE.timeoutNs };
  const stages = cutIntoBlocks({ ...given, stages: BASE.stages });
  const parts = cutIntoParts(BASE, observations);
  const rows = compareMetrics(BASE, stages, ["payments"], guardSegments(BASE, parts));
  return { stages, parts, rows, explored: exploreParts(BASE, parts) };
}

describe("parts of the traffic", () => {
  it("routes together are everybody, to the request", () => {
    const { parts, stages } = judged(run(0, 1));
    const routes = parts.filter(({ by }) => by === "route");
    expect(routes.map(({ name }) => name).toSorted()).toEqual(ROUTES);
    for (const [arm, blocks] of stages[0]!.blocks.entries()) {
      for (const [index, block] of blocks.entries()) {
        const own = routes.map((part) => part.stages[0]!.blocks[arm]![index]!);
        const sum = (of: (each: typeof block) => number): number =>
          own.reduce((total, each) => total + of(each), 0);
        expect(sum(({ started }) => started)).toBe(block.started);
        expect(sum(({ answered }) => answered)).toBe(block.answered);
        expect(sum(({ good }) => good[0]!)).toBe(block.good[0]);
      }
    }
  });

  it("parts that are counted with the whole are those that are counted by themselves", () => {
    const observations = run(0, 1.2);
    const alone = cutIntoParts(BASE, observations);
    const cuts = new PartCuts(BASE, observations, BASE.stages);
    cutIntoBlocks({
      observations,
      calls: null,
      dependencies: [],
      targets: targetsOf(BASE),
      capNs: BASE.timeoutNs,
      stages: BASE.stages,
      parts: cuts,
    });
    const plain = (parts: typeof alone) =>
      parts.map((part) => ({
        ...part,
        stages: part.stages.map(({ blocks, stage }) => ({
          stage,
          blocks: blocks.map((own) =>
            own.map(({ responseTime, serviceTime, ...block }) => ({
              ...block,
              times: [responseTime, serviceTime].map((times) => times.toCounts()),
            })),
          ),
        })),
      }));
    expect(alone.length).toBeGreaterThan(1);
    expect(plain(cuts.parts)).toEqual(plain(alone));
  });

  it("harm to a protected segment is a guardrail's, though everybody is well but for a little", () => {
    const { rows } = judged(run(2, 1.5));
    const own = rows.filter(({ label }) => label.endsWith("@writers"));
    expect(own.map(({ label }) => label)).toEqual([
      "response_time_p90@writers",
      "error_ratio@writers",
    ]);
    expect(own.every(({ role }) => role === "guardrail")).toBe(true);
    expect(statusOf(own[0]!, BASE.alpha)).toBe("harm");
  });

  it("a part that is not protected is shown, and binds nothing", () => {
    const { explored, rows } = judged(run(1, 1.5));
    const shown = explored
      .filter((part) => part.shown)
      .map(({ name, row }) => `${name} ${row.label}`);
    expect(shown).toContain("GET /products/* response_time_p90");
    expect(shown).toContain("readers response_time_p90");
    expect(shown.filter((text) => text.startsWith("POST") || text.startsWith("writers"))).toEqual(
      [],
    );
    expect(rows.some(({ label }) => label.includes("readers"))).toBe(false);
  });

  it("arms that are the same show a difference in a part in at most a tenth of runs and a bit", () => {
    const runs = 12;
    let any = 0;
    for (let i = 0; i < runs; i++) {
      const parts = cutIntoParts(BASE, run(0, 1, `same ${i}`));
      if (exploreParts(BASE, parts).some(({ shown }) => shown)) any++;
    }
    // The 99.9 % point of Binomial(12, 0.1).
    expect(any).toBeLessThanOrEqual(5);
  });

  it("what is known of an arm as a whole is compared in no part", () => {
    const cpu = { metric: "cpu_seconds", margin: 0.1 };
    const plan = {
      ...BASE,
      guardrails: [cpu],
      segments: [segment("writers", { method: "POST" }, true)],
    };
    const parts = cutIntoParts(plan, run(0, 1));
    const labels = [
      ...guardSegments(plan, parts).map(({ label }) => label),
      ...exploreParts(plan, parts).map(({ row }) => row.label),
    ];
    expect(labels).not.toEqual([]);
    expect(labels.filter((label) => label.startsWith("cpu"))).toEqual([]);
  });

  it("a protected segment that nobody belongs to is not judged, so it cannot ship", () => {
    const plan = { ...BASE, segments: [segment("nobody", { method: "DELETE" }, true)] };
    const parts = cutIntoParts(plan, run(0, 1));
    const rows = compareMetrics({ ...plan }, [], [], guardSegments(plan, parts));
    expect(rows.map((row) => statusOf(row, plan.alpha))).toEqual(["inconclusive", "inconclusive"]);
  });
});
