import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { ShakedownError } from "../../src/core/index.ts";
import { type ProbeFlags, probeScenario } from "../../src/run/index.ts";
import { scratch } from "./run-fixture.ts";
import { GOOD } from "./scenario-text.ts";

const folder = scratch();
afterAll(() => folder.remove());

const USUAL = { course: "full", stage: "5s", rate: "50%", only: [] } as const;

function courseOf(flags: Partial<ProbeFlags> = {}, text = GOOD) {
  const path = join(folder.path, "shop.yaml");
  writeFileSync(path, text);
  return probeScenario({ ...USUAL, scenario: path, ...flags });
}

/** What is done to a dependency, in order: `latency 4`, `errors 0.5`, `hang`. */
function doneTo(course: ReturnType<typeof courseOf>, wanted: string): string[] {
  return course.loaded.scenario.stages.flatMap(({ probe }) => {
    if (probe?.dependency !== wanted) return [];
    const { errors, latency } = probe;
    if (latency !== undefined) return `latency ${latency.factor}`;
    if (errors !== undefined) return `errors ${errors}`;
    return probe.hang === true ? "hang" : "outage";
  });
}

const FACTORS = ["latency 2", "latency 4", "latency 8"];
const ERRORS = ["errors 0.1", "errors 0.25", "errors 0.5", "errors 0.75", "errors 1"];
const WHOLE = [...FACTORS, ...ERRORS, "hang", "outage"];

function refusal(flags: Partial<ProbeFlags>, text = GOOD): string {
  try {
    courseOf(flags, text);
  } catch (thrown) {
    const { hint = "", message } = thrown as ShakedownError;
    return `${message} ${hint}`;
  }
  throw new Error("it was taken");
}

describe("the course of a scenario", () => {
  it("does everything to each dependency, to the arms and the load that the file says", () => {
    const course = courseOf();
    expect(doneTo(course, "payments")).toEqual(WHOLE);
    expect(doneTo(course, "catalog")).toEqual(WHOLE);
    const { arms, dependencies, hypothesis, guardrails, rate, seed } = course.loaded.scenario;
    expect(Object.keys(arms)).toEqual(["control", "variant"]);
    expect(Object.keys(dependencies)).toEqual(["payments", "catalog"]);
    expect({ rate, seed, hypothesis, guardrails }).toEqual({
      rate: { ratePerSec: 180 },
      seed: "20260101",
      hypothesis: undefined,
      guardrails: [],
    });
  });

  it("lets each kind of trouble be followed by the usual, left alone, at one rate", () => {
    const { stages } = courseOf().loaded.scenario;
    const steady = stages.filter(({ from }) => from === undefined);
    expect(new Set(steady.map(({ rate }) => JSON.stringify(rate))).size).toBe(1);
    const kindOf = (probe: (typeof stages)[number]["probe"]) =>
      probe === undefined ? null : `${Object.keys(probe).join(" ")} of ${probe.dependency}`;
    const neighbours = stages
      .slice(1)
      .map((next, i) => [kindOf(stages[i]!.probe), kindOf(next.probe)]);
    const unlike = neighbours.filter(
      ([one, next]) => one !== null && next !== null && one !== next,
    );
    expect(unlike).toEqual([]);
    expect(stages.slice(-2).map(({ from, rate }) => [from, rate])).toEqual([
      [{ shareOfRate: 0.5 }, { shareOfRate: 1 }],
      [{ shareOfRate: 1 }, { shareOfRate: 0.5 }],
    ]);
  });

  it("does only what is asked for, and says how long it takes", () => {
    const one = courseOf({ only: ["catalog:hang", "catalog:latency"], course: "quick" });
    expect(doneTo(one, "catalog")).toEqual(["latency 8", "hang"]);
    expect(one.dependencies).toEqual(["catalog"]);
    // Warm-up, twice the usual, two probes and what follows each.
    expect(one.durationNs).toBe((1 + 2 + 2 * 2) * 5e9);
  });

  it("is the same for one arm, and asks no errors of what is really there", () => {
    const tcp = "  catalog:\n    protocol: tcp\n    tcp: { upstream: 127.0.0.1:5432 }\n";
    const alone = GOOD.replace(/ {2}control:[\s\S]*?(?= {2}variant)/, "")
      .replace("  variant:", "  target:")
      .replace(/hypothesis:[\s\S]*?(?=stages)/, "")
      .replace(/ {2}catalog:[\s\S]*?60s\n/, tcp);
    const course = courseOf({}, alone);
    expect(course.errorless).toEqual(["catalog"]);
    expect(doneTo(course, "catalog")).toEqual(WHOLE.filter((what) => !what.startsWith("errors")));
    expect(() => courseOf({ only: ["catalog:errors"] }, alone)).toThrow(/no answers that could be/);
    expect(doneTo(course, "payments")).toEqual(WHOLE);
  });

  it("empties caches where the scenario says how, and says so where it does not", () => {
    const flush = GOOD.replace(
      "timeout: 5s",
      "flushCaches: { command: [./flush.sh] }\ntimeout: 5s",
    );
    const coldIn = (course: ReturnType<typeof courseOf>): number[] =>
      course.loaded.scenario.stages.flatMap(({ probe }, at) => (probe?.cold === true ? [at] : []));
    const full = courseOf({}, flush);
    expect(full.cold).toBe("probed");
    // Before the ramps, and followed by a time in which nothing is done.
    expect(coldIn(full)).toEqual([full.stages - 4]);
    expect(full.loaded.scenario.flushCaches).toMatchObject({ command: ["./flush.sh"] });
    expect(courseOf().cold).toBe("no flush");
    expect(coldIn(courseOf())).toEqual([]);
    expect(courseOf({ only: ["payments"] }, flush).cold).toBe("not asked");
    const alone = courseOf({ only: ["cold"] }, flush);
    expect({ ...alone, loaded: null }).toMatchObject({
      cold: "probed",
      dependencies: [],
      stages: 4,
    });
    expect(courseOf({ only: ["cold", "catalog:hang"] }, flush).dependencies).toEqual(["catalog"]);
    const called = courseOf({ only: ["cold"] }, flush.replace("  catalog:", "  cold:"));
    expect({ ...called, loaded: null }).toMatchObject({
      cold: "not asked",
      dependencies: ["cold"],
    });
  });

  it("names stages within what a name may be, however long a dependency's is", () => {
    const long = "a-dependency-with-a-very-long-na";
    expect(doneTo(courseOf({}, GOOD.replaceAll("payments", long)), long)).toEqual(WHOLE);
  });

  it.each([
    [{ only: ["payment"] }, "there is no dependency `payment` that can be probed"],
    [{ only: ["payments:slow"] }, "`slow` is no kind of probe latency, errors, hang, outage"],
    [{ only: ["cold"] }, "--only cold: the scenario does not say how caches are emptied"],
    [{ stage: "10ms" }, "--stage 10ms is too short to see anything"],
    [{ rate: "0%" }, "--rate 0% is nothing"],
    [{ rate: "fast" }, '"fast" is not a rate'],
  ])("refuses %j", (flags, words) => {
    expect(refusal(flags)).toContain(words);
  });

  it("refuses a scenario without anything to probe", () => {
    const none = GOOD.replace(/dependencies:[\s\S]*?(?=hypothesis)/, "").replace(
      /^ *- .*amplification.*\n/m,
      "",
    );
    expect(refusal({}, none)).toContain("has no dependency to probe");
  });
});

describe("a scenario with probes", () => {
  it("may have two arms without a hypothesis, and then compares nothing", () => {
    const given = GOOD.replace(/hypothesis:[\s\S]*?(?=guardrails)/, "").replace(
      "for: 25s,",
      "for: 25s, probe: { dependency: catalog, hang: true },",
    );
    expect(refusal({}, given)).toContain("guardrails: probed without a `hypothesis`");
    const loads = given.replace(/guardrails:[\s\S]*?(?=stages)/, "");
    expect(courseOf({}, loads).loaded.scenario.hypothesis).toBeUndefined();
  });
});
