import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Plan } from "../../src/experiment/index.ts";
import { pilotVariance } from "../../src/run/plan/pilot.ts";
import { ONE_ARM_PLAN, PLAN, STAGES } from "../experiment/plan-fixture.ts";
import { lone, scratch, traffic, writeRun } from "./run-fixture.ts";

const folder = scratch();
afterAll(() => folder.remove());
const at = (name: string): string => `${folder.path}/${name}`;
beforeAll(async () => {
  await writeRun(at("pilot"), traffic());
  await writeRun(at("alone"), lone());
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

  it("needs two arms", () => {
    expect(() => pilotVariance(at("alone"), ONE_ARM_PLAN)).toThrow("has one arm");
  });
});
