import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { readProfile, storeOf } from "../../src/profile/index.ts";
import { loadScenario } from "../../src/run/index.ts";
import { makePlan } from "../../src/run/make-plan.ts";
import { checkLock, writeLock } from "../../src/run/plan/index.ts";
import { scratch } from "./run-fixture.ts";
import { changed, GOOD, said } from "./scenario-text.ts";

const folder = scratch();
afterAll(() => folder.remove());
const profile = storeOf(
  await readProfile(new URL("../../profiles/storefront.ndjson.gz", import.meta.url).pathname),
);
const path = join(folder.path, "pool.yaml");

function planned(text: string) {
  writeFileSync(path, text);
  const loaded = loadScenario(path);
  return { loaded, plan: makePlan(loaded, profile, loaded.scenario.seed, {}) };
}

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (thrown) {
    return (thrown as Error).message;
  }
  return "";
}

const first = planned(GOOD);
const { lock } = writeLock(first.loaded, first.plan);
const against = (text: string): string => {
  const { loaded, plan } = planned(text);
  return refusal(() => checkLock(loaded, plan)).replaceAll(`${path}:`, "");
};

describe("a lock", () => {
  it("does not see comments, the order of keys, how a unit is written, or another place", () => {
    const data = parse(GOOD) as Record<string, unknown>;
    fc.assert(
      fc.property(
        fc.shuffledSubarray(Object.keys(data), { minLength: Object.keys(data).length }),
        (keys) => {
          const shuffled = Object.fromEntries(keys.map((key) => [key, data[key]]));
          expect(against(`# other words\n${stringify(shuffled)}`)).toBe("");
        },
      ),
      { numRuns: 10 },
    );
    expect(against(changed("timeout: 5s", "timeout: 5000ms"))).toBe("");
    expect(against(changed("../profiles/", "/elsewhere/"))).toBe("");
  });

  it.each([
    [
      "margin: 10% }\nguardrails",
      "margin: 11% }\nguardrails",
      "hypothesis.then.margin: 0.1 → 0.11",
    ],
    ["margin: 0.5%", "margin: 1%", "23:28 guardrails.0.margin: 0.005 → 0.01"],
    ["for: 27s", "for: 28s", "27:31 stages.1.for: 27 s → 28 s"],
    ['POOL: "4"', 'POOL: "5"', '12:12 arms.variant.env.PAYMENT_POOL: "4" → "5"'],
    ["median: 80ms", "median: 81ms", "dependencies.payments.latency."],
    ["seed: 20260101", "seed: 7", 'seed: "20260101" → "7"'],
    ["timeout: 5s", "timeout: 5s\nstop: { futility: true }", "stop.futility: false → true"],
  ])("names each field that means something else, old and new: %s", (from, to, words) => {
    expect(against(changed(from, to))).toContain(words);
  });

  it("sees that a calibration of the same name says something else", () => {
    const text = `${GOOD}design: { calibration: a.json }\n`;
    const { loaded, plan } = planned(text);
    const other = { ...loaded, path: join(folder.path, "calibrated.yaml") };
    writeLock(other, { ...plan, calibrationSha256: "a" });
    expect(refusal(() => checkLock(other, { ...plan, calibrationSha256: "a" }))).toBe("");
    expect(refusal(() => checkLock(other, { ...plan, calibrationSha256: "b" }))).toMatch(
      /:\d+:\d+ design\.calibration: what it holds: "a" → "b"$/,
    );
  });

  it("is replaced for a reason alone, which it keeps with the hash that it had", () => {
    const other = planned(changed("margin: 0.5%", "margin: 1%"));
    expect(refusal(() => writeLock(other.loaded, other.plan))).toContain("guardrails.0.margin");
    const amended = writeLock(other.loaded, other.plan, "errors are cheap").lock;
    expect(amended.amendments).toEqual([{ replaces: lock.sha256, reason: "errors are cheap" }]);
    expect(checkLock(other.loaded, other.plan)).toEqual({
      file: "pool.lock.json",
      sha256: amended.sha256,
      amendments: 1,
    });
    const file = join(folder.path, "pool.lock.json");
    const text = readFileSync(file, "utf8");
    writeFileSync(file, text.replace("are cheap", "are dear"));
    expect(refusal(() => checkLock(other.loaded, other.plan))).toContain("its hash differs");
    writeFileSync(file, text);
  });
});

describe("a hypothesis that cannot be held to", () => {
  const then = "metric: response_time_p95, changesBy: less-than, margin: 10%";
  const guard = "guardrails:\n";
  it.each([
    [then, then.replace("10%", "0.1"), "hypothesis.then.margin: 0.1 has no unit; write 10%"],
    [then, then.replace(", margin: 10%", ""), "hypothesis.then.margin: is missing: how much worse"],
    [
      then,
      "metric: response_time_p95, increasesBy: 5%",
      "gets worse when it rises; write decreasesBy",
    ],
    [`  then: { ${then} }\n`, "", "hypothesis.then: is missing: the primary metric"],
    [
      "timeout",
      "design: { alpha: 5 }\ntimeout",
      "design.alpha: 5 is no chance between 0 and 0.5; write 0.05",
    ],
    [
      "timeout",
      "design: { power: 80 }\ntimeout",
      "design.power: 80 is no chance between 0.5 and 1",
    ],
    [
      "timeout",
      "negativeControls: [error_ratio]\ntimeout",
      '"error_ratio" may differ between the arms',
    ],
    [
      'POOL: "4" }',
      'POOL: "4" }\n    headers: { x-flag: new }\nnegativeControls: [request_bytes]',
      "negativeControls.0: request_bytes may differ between the arms: `headers` of the arms differ",
    ],
    [guard, `${guard}  - { metric: error_ratio, margin: 1% }\n`, "is a guardrail already"],
    [then, then.replace("10%", "-10"), "margin: -10 has no unit; write 10%"],
    [then, then.replace("10%", "-10%"), "margin: less than nothing; write a size"],
    [then, then.replace("10%", "10ms"), 'margin: "10ms" is no percentage; write 5%'],
    [
      then,
      then.replace("10%", "10pp"),
      "margin: response_time_p95 is compared by its ratio, and percentage points are of a share; write 10%",
    ],
    [
      guard,
      `${guard}  - { metric: amplification, dependency: payments }\n`,
      "guardrails.0.margin: is missing: how much worse is still tolerated, such as 5%",
    ],
  ])("is refused, with what to write: %s → %s", (from, to, words) => {
    expect(said(changed(from, to))).toMatch(/^\d+:\d+ /);
    expect(said(changed(from, to))).toContain(words);
  });
});
