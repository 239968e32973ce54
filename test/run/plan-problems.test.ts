import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { planScenario } from "../../src/run/index.ts";
import { scratch } from "./run-fixture.ts";
import { GOOD } from "./scenario-text.ts";

const folder = scratch();
afterAll(() => folder.remove());

/** What `plan` says would do of the problems that match, of a scenario of one stage. */
async function curesOf(
  matching: RegExp,
  stage: string,
  design = "{ kind: duet }",
): Promise<readonly string[]> {
  const { pathname } = new URL("../../profiles/storefront.ndjson.gz", import.meta.url);
  const scenario = join(folder.path, "pool.yaml");
  const text = GOOD.replace("../profiles/storefront.ndjson.gz", pathname)
    .replace(/stages:.*(?=timeout)/s, `stages:\n  - { name: all, ${stage} }\n`)
    .replace(/^ {2}- \{ metric: amplification.*\n/m, "");
  writeFileSync(scenario, `${text}design: ${design}\n`);
  const { problems } = await planScenario(
    scenario,
    { version: "0.0.0" },
    new AbortController().signal,
  );
  return problems.flatMap(({ cure, problem }) => (matching.test(problem) ? [cure] : []));
}

const stageAt = (rate: number): string => `rate: ${rate}/s, for: 24s`;

it.each([
  ["a duet", "{ kind: duet }"],
  ["a crossover", "{ kind: crossover, period: 500ms }"],
  ["a split", "{ kind: split, by: request }"],
])("a stage with too few requests: the rate that is said to do does: %s", async (_, design) => {
  const [cure] = await curesOf(/slower ones/, stageAt(60), design);
  const rate = Number(/or at ([\d.,]+)\/s/.exec(cure!)![1]!.replace(",", ""));
  expect(rate).toBeGreaterThan(60);
  expect(await curesOf(/slower ones/, stageAt(Math.ceil(rate * 1.01)), design)).toEqual([]);
});

it("a soak that is too short for leaks: the length that is said to do does", async () => {
  const soakFor = (length: string, soak: string): string =>
    `rate: 60/s, for: ${length}, soak: ${soak}`;
  const [cure] = await curesOf(/leaks/, soakFor("1m", "{ drift: 5% }"));
  expect(cure).toBe("judge it for 10 m, or write leak: false");
  expect(await curesOf(/leaks/, soakFor("10m", "{ drift: 5% }"))).toEqual([]);
  expect(await curesOf(/leaks/, soakFor("1m", "{ leak: false }"))).toEqual([]);
});
