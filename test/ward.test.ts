import { describe, expect, it } from "vitest";
import { DETECTORS, type Finding } from "../src/detect/index.ts";
import { scenarioSchema } from "../src/run/scenario/index.ts";
import { WARD } from "./bench/ward/cases.ts";
import { Matrix } from "./bench/ward/matrix.ts";
import type { WardCase, WardWorld } from "./bench/ward/model.ts";
import { armsOf, scenarioOf } from "./bench/ward/scenario.ts";

const WORLD: WardWorld = { seed: 1, rate: 1, propagates: true };
const ARMS = ["control", "healthy", "sick"];

const pool: WardCase = {
  name: "pool",
  detector: "pool-exhaustion",
  cause: /pool exhaustion/,
  size: { of: () => 4, within: 0 },
  byRates: "named",
  also: ["no-backpressure"],
  ratePerSec: 40,
  dependencies: {},
  well: () => ({}),
};

const finding = (detector: string, arm: string, more: Partial<Finding> = {}): Finding => ({
  detector,
  subject: arm,
  arm,
  status: "fail",
  summary: "",
  evidence: {},
  ...more,
});
const exhausted = (arm: string, value: number): Finding =>
  finding("pool-exhaustion", arm, {
    cause: "a pool exhaustion",
    size: { what: "connections", value, unit: "" },
  });

function linesOf(
  findings: readonly Finding[],
  world: WardWorld = WORLD,
  each: WardCase = pool,
): Map<string, string[]> {
  const matrix = new Matrix(["pool-exhaustion", "no-backpressure", "saturation"]);
  matrix.add(each, world, { findings, truth: 4, faults: [] }, ARMS);
  const rows = matrix.lines().map((line) => line.split(/ {2,}/));
  return new Map(rows.map(([name, ...cells]) => [name!, cells.map((cell) => cell.split(" ")[0]!)]));
}

describe("the ward's confusion matrix", () => {
  it("a sickness that is named counts as found; with its size as sized, too", () => {
    expect(linesOf([exhausted("sick", 4)]).get("pool-exhaustion")).toEqual([
      "1/1",
      "1/1",
      "–",
      "0/1",
    ]);
    expect(linesOf([exhausted("sick", 5)]).get("pool-exhaustion")).toEqual([
      "1/1",
      "0/1",
      "–",
      "0/1",
    ]);
    expect(linesOf([]).get("pool-exhaustion")).toEqual(["0/1", "–", "–", "0/1"]);
  });

  it("another cause is not the one that was asked for", () => {
    const other = finding("pool-exhaustion", "sick", { cause: "something else" });
    expect(linesOf([other]).get("pool-exhaustion")).toEqual(["0/1", "–", "–", "0/1"]);
  });

  it("words that are asked for are looked for in the summary, where callers are known", () => {
    const said = (summary: string, world = WORLD) =>
      linesOf([{ ...exhausted("sick", 4), summary }], world, { ...pool, says: /no budget/ });
    const found = (words: string) => ["1/1", "1/1", words, "0/1"];
    expect(said("no budget bounds them").get("pool-exhaustion")).toEqual(found("1/1"));
    expect(said("with no jitter").get("pool-exhaustion")).toEqual(found("0/1"));
    const byRates = { ...WORLD, propagates: false };
    expect(said("with no jitter", byRates).get("pool-exhaustion")).toEqual(found("–"));
    expect(linesOf([], WORLD, { ...pool, says: /a/ }).get("pool-exhaustion")?.[2]).toBe("–");
  });

  it("without identity a size that cannot be told is not asked for; one that is told has to be right", () => {
    const byRates = (found: Finding) => linesOf([found], { ...WORLD, propagates: false });
    const unsized = { ...exhausted("sick", 4), size: null };
    expect(byRates(unsized).get("pool-exhaustion")).toEqual(["1/1", "1/1", "–", "0/1"]);
    expect(byRates(exhausted("sick", 5)).get("pool-exhaustion")).toEqual([
      "1/1",
      "0/1",
      "–",
      "0/1",
    ]);
  });

  it("who fails what is well, or a sickness of another kind, raises a false alarm", () => {
    const said = [
      exhausted("healthy", 4),
      finding("saturation", "sick"),
      finding("no-backpressure", "sick"),
      finding("saturation", "healthy", { status: "shared" }),
    ];
    const lines = linesOf(said);
    expect(lines.get("pool-exhaustion")?.[3]).toBe("1/1");
    expect(lines.get("saturation")).toEqual(["–", "–", "–", "1/2"]);
    // It is right about the sick one, and not asked there.
    expect(lines.get("no-backpressure")).toEqual(["–", "–", "–", "0/1"]);
  });
});

describe("the ward", () => {
  const known = new Set(DETECTORS.map(({ name }) => name));

  it.each(WARD.map((each) => [each.name, each] as const))("%s is a scenario", (_, each) => {
    for (const rate of each.rates ?? ([1, 3, 10] as const)) {
      const world = { ...WORLD, rate };
      const written: unknown = JSON.parse(scenarioOf(each, world, null, "ward.ndjson.gz"));
      expect(scenarioSchema.safeParse(written).error?.issues ?? []).toEqual([]);
      expect(Object.keys(armsOf(each, world)).slice(0, 2)).toEqual(["control", "healthy"]);
    }
    for (const name of [each.detector ?? [], ...(each.also ?? [])].flat())
      expect(known).toContain(name);
    expect("sick" in armsOf(each, WORLD)).toBe(each.detector !== null);
  });
});
