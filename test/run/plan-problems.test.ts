import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { planScenario } from "../../src/run/index.ts";
import { scratch } from "./run-fixture.ts";
import { GOOD } from "./scenario-text.ts";

const folder = scratch();
afterAll(() => folder.remove());

/** What `plan` says would do where a stage of such a rate has too few requests for its quantile. */
async function curesOf(rate: string, design: string): Promise<readonly string[]> {
  const { pathname } = new URL("../../profiles/storefront.ndjson.gz", import.meta.url);
  const scenario = join(folder.path, "pool.yaml");
  const text = GOOD.replace("../profiles/storefront.ndjson.gz", pathname)
    .replace(/stages:.*(?=timeout)/s, `stages:\n  - { name: all, rate: ${rate}, for: 24s }\n`)
    .replace(/^ {2}- \{ metric: amplification.*\n/m, "");
  writeFileSync(scenario, `${text}design: ${design}\n`);
  const { problems } = await planScenario(
    scenario,
    { version: "0.0.0" },
    new AbortController().signal,
  );
  return problems.flatMap(({ cure, problem }) => (/slower ones/.test(problem) ? [cure] : []));
}

it.each([
  ["a duet", "{ kind: duet }"],
  ["a crossover", "{ kind: crossover, period: 500ms }"],
  ["a split", "{ kind: split, by: request }"],
])("a stage with too few requests: the rate that is said to do does: %s", async (_, design) => {
  const [cure] = await curesOf("60/s", design);
  const rate = /or at ([\d.,]+)\/s/.exec(cure!)![1]!.replace(",", "");
  expect(Number(rate)).toBeGreaterThan(60);
  expect(await curesOf(`${Math.ceil(Number(rate) * 1.01)}/s`, design)).toEqual([]);
});
