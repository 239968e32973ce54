import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { keyedDraw, NS_PER_S } from "../../src/core/index.ts";
import type { Plan } from "../../src/experiment/index.ts";
import { ExposureWriter, responseLine, RESPONSES_END } from "../../src/measure/index.ts";
import { responseRules } from "../../src/replay/index.ts";
import { analyseRun } from "../../src/run/analyse.ts";
import { readManifest } from "../../src/run/manifest.ts";
import { pilotVariance } from "../../src/run/plan/pilot.ts";
import { ONE_ARM_PLAN, PLAN, STAGES } from "../experiment/plan-fixture.ts";
import { lone, MANIFEST, scratch, traffic, writeRun } from "./run-fixture.ts";

const folder = scratch();
afterAll(() => folder.remove());

const USERS = 240;
const splitBy = (kind: "session" | "request"): Plan["assignment"] => ({
  kind: "split",
  by: { kind },
  weights: [0.5, 0.5],
  shares: STAGES.map(() => 0.5),
  holdout: 0,
  reserved: [],
});

/** A pilot that was a split by session, of users some of whom take twice as long, each time. */
async function writeSplit(): Promise<void> {
  const userOf = (seq: number): number =>
    Math.floor(USERS * keyedDraw("start", seq).uniform("user"));
  const bucketOf = (seq: number): number => keyedDraw("user", userOf(seq)).uniform("bucket");
  const isSlow = (seq: number): boolean => keyedDraw("user", userOf(seq)).uniform("slow") < 0.5;
  const { calls, observations } = traffic({ perSec: 400 });
  const own = observations.flatMap((row) => {
    const mine = row.arm === (bucketOf(row.seq) < 0.5 ? 1 : 0);
    if (!mine || row.kind !== "response") return [];
    const tookNs = (isSlow(row.seq) ? 2 : 1) * (row.endNs - row.startNs);
    return [{ ...row, endNs: row.startNs + tookNs }];
  });
  const split = { ...PLAN, assignment: splitBy("session")! };
  const directory = await writeRun(at("split"), { calls, observations: own, plan: split });
  const meta = {
    arms: PLAN.arms,
    stages: STAGES.map(({ name }) => name),
    parts: ["compared", "holdout", "reserved"],
  };
  const writer = await ExposureWriter.create(directory.exposures(0), meta);
  for (const { arm, seq, stage } of own) {
    writer.write({ arm, seq, stage, bucket: bucketOf(seq), part: 0 });
  }
  await writer.spool.close();
}
const at = (name: string): string => `${folder.path}/${name}`;
beforeAll(async () => {
  await writeRun(at("pilot"), traffic());
  await writeRun(at("alone"), lone());
  await writeRun(at("sick"), traffic({ slower: 2 }));
  // Rolled back in its second stage, whose judged time had 22 blocks by then: the control went on alone.
  const { calls, observations } = traffic();
  const untilNs = 8.5 * NS_PER_S;
  const stoppedBy = { rule: "harm", decision: "roll-back", because: "it was slow", untilNs };
  const cut = observations.filter(({ arm, intendedNs }) => arm === 0 || intendedNs < untilNs);
  const rows = { observations: cut.length, calls: calls!.length, lost: 0 };
  const ended = { ...MANIFEST.ended, rows, stoppedBy };
  await writeSplit();
  await writeRun(at("cut"), { calls, observations: cut, manifest: { ended } });
});

const everybody = STAGES[1]!;
const segments = [
  { name: "checkout", route: "POST /checkout", protected: true },
  { name: "nowhere", route: "GET /nowhere", protected: true },
];
const plan: Plan = { ...PLAN, segments };

describe("the variance of a pilot", () => {
  it("is the standard error that its own analysis has, with the requests it rests on", () => {
    const of = pilotVariance(at("pilot"), plan);
    const found = of(PLAN.primary!, everybody);
    if (typeof found === "string") throw new Error(found);
    // 130 a second in 40 blocks of 250 ms.
    expect(found.requests).toBeGreaterThan(1_290);
    expect(found.requests).toBeLessThan(1_310);
    // Uniform holds of 8 to 20 ms: the p90's density is 1/12 per ms, around 21 ms.
    const each = (Math.sqrt(0.9 * 0.1) * 12) / 20.9;
    const expected = each * Math.sqrt(2 / found.requests);
    expect(found.se / expected).toBeGreaterThan(0.6);
    expect(found.se / expected).toBeLessThan(1.6);
  });

  it("is known of answers that differ, where the pilot compared them", async () => {
    const { calls, observations } = traffic();
    const metric = { metric: "response_equality", margin: 0.05 };
    const asked: Plan = { ...PLAN, guardrails: [metric], responses: responseRules.parse({}) };
    const directory = await writeRun(at("answers"), { calls, observations, plan: asked });
    const differs = (seq: number): boolean => keyedDraw("answer", seq).uniform("price") < 0.2;
    const pairs = observations
      .filter(({ arm, seq }) => arm === 1 || seq % 2 === 0)
      .map(({ arm, intendedNs, route, seq }) => {
        const fields = arm === 1 && differs(seq) ? ["$.price"] : [];
        return responseLine({ arm, seq, atNs: intendedNs, route, fields });
      });
    writeFileSync(directory.responses(0), pairs.join("") + RESPONSES_END);
    const found = pilotVariance(directory.path, asked)(metric, everybody);
    const { comparisons } = analyseRun(directory, readManifest(directory));
    const own = comparisons.find(({ label }) => label === "response_equality");
    expect(own?.theta?.se).toBeGreaterThan(0);
    expect(found).toMatchObject({ se: own!.theta!.se });
    // A pilot that compared none does not know.
    expect(pilotVariance(at("pilot"), asked)(metric, everybody)).toMatch(/the pilot cannot tell/);
  });

  it("is taken from the stage of the same name, else from that of the nearest rate", () => {
    const of = pilotVariance(at("pilot"), plan);
    const other = { ...everybody, name: "later", ratePerSec: 1_000 };
    expect(of(PLAN.primary!, other)).toEqual(of(PLAN.primary!, everybody));
  });

  it("of half of the traffic is larger, beside the requests of everybody", () => {
    const of = pilotVariance(at("pilot"), plan);
    const error = PLAN.guardrails[0]!;
    const [all, half] = [of(error, everybody), of(error, everybody, "checkout")];
    if (typeof all === "string" || typeof half === "string") throw new Error("not known");
    expect(half.requests).toBe(all.requests);
    expect(half.se).toBeGreaterThan(all.se);
  });

  it("is not known of what the pilot has not seen, and says so", () => {
    const of = pilotVariance(at("pilot"), plan);
    const reviews = { metric: "amplification" as const, dependency: "reviews", margin: 0.1 };
    expect(of(reviews, everybody)).toBe("the pilot has no dependency reviews");
    expect(of(PLAN.primary!, everybody, "nowhere")).toMatch(/^the pilot cannot tell: /);
  });

  it("of users who are split is what keys leave open, where that is more than blocks of time see", () => {
    const mean = { metric: "response_time_mean", margin: 0.1 };
    const of = (pilot: string, kind: "session" | "request") => {
      const found = pilotVariance(at(pilot), { ...plan, assignment: splitBy(kind)! })(
        mean,
        everybody,
      );
      if (typeof found === "string") throw new Error(found);
      return found;
    };
    const [bySession, byRequest] = [of("split", "session"), of("split", "request")];
    expect(bySession.doubt).toBeNull();
    expect(bySession.se).toBeGreaterThan(1.5 * byRequest.se);
    expect(of("pilot", "session").doubt).toMatch(/was no split by key/);
    expect(of("pilot", "request").doubt).toBeNull();
  });

  it("is in doubt where the arms differ by more than the margin, and only there", () => {
    const of = pilotVariance(at("sick"), plan);
    const [time, errors] = [of(PLAN.primary!, everybody), of(PLAN.guardrails[0]!, everybody)];
    expect(time).toMatchObject({
      doubt: expect.stringMatching(/arms differ in it \(\+[\d.]+ %\)/),
    });
    expect(errors).toMatchObject({ doubt: null });
    expect(pilotVariance(at("pilot"), plan)(PLAN.primary!, everybody)).toMatchObject({
      doubt: null,
    });
  });

  it("of a run that was rolled back is that of what was looked at", () => {
    const [cut, whole] = ["cut", "pilot"].map((name) =>
      pilotVariance(at(name), plan)(PLAN.guardrails[0]!, everybody),
    );
    if (typeof cut !== "object" || typeof whole !== "object") throw new Error("not known");
    expect(cut.requests / whole.requests).toBeCloseTo(22 / 40, 2);
  });

  it("needs two arms, and one run", () => {
    writeFileSync(at("experiment.json"), "{}");
    expect(() => pilotVariance(folder.path, plan)).toThrow("holds several runs");
    expect(() => pilotVariance(at("alone"), ONE_ARM_PLAN)).toThrow("has one arm");
  });
});
