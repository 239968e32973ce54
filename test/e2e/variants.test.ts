import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { REPORT_FORMATS, type Result, resultSchema } from "../../src/report/index.ts";
import { analyse } from "../../src/run/analyse.ts";
import { RunDirectory } from "../../src/run/index.ts";
import { type Ended, ROOT, Scratch, shakedown } from "./cli.ts";

/** Answers at once, and is gone for good at so many requests. */
const SERVICE = `import { createServer } from "node:http";
let left = Number(process.env.LIVES ?? "Infinity");
createServer((request, response) => {
  if (--left < 0) process.exit(3);
  request.resume();
  response.end("well");
}).listen(process.env.PORT, "127.0.0.1");
`;

const scenarioOf = (folder: string): string => `scenario: two beside one
profile: ${join(ROOT, "profiles/storefront.ndjson.gz")}
rate: 60/s
arms:
  control: { command: node ${folder}/service.mjs }
  mortal: { command: node ${folder}/service.mjs, env: { LIVES: "130" } }
  steady: { command: node ${folder}/service.mjs }
hypothesis:
  if: nothing is changed
  then: { metric: response_time_p50, margin: 100% }
guardrails: [ { metric: error_ratio, margin: 5% } ]
stages: [ { name: all, rate: 100%, for: 6s } ]
stop: { harm: false }
design: { block: 250ms, betweenRunSd: 1% }
timeout: 2s
`;

const scratch = new Scratch();
afterAll(() => scratch[Symbol.dispose]());

let ended: Ended;
let run: string;
let result: Result;
beforeAll(async () => {
  scratch.file("service.mjs", SERVICE);
  const scenario = scratch.file("two.yaml", scenarioOf(scratch.path));
  ended = await shakedown("run", scenario, "--out", join(scratch.path, "runs"));
  run = scratch.run();
  result = resultSchema.parse(JSON.parse(readFileSync(join(run, "result.json"), "utf8")));
}, 60_000);

const read = (file: string): string => readFileSync(join(run, file), "utf8");

describe("of two variants one dies while the run goes on", () => {
  it("that one holds and says why; control and the other one go on to the end", () => {
    const { arms, comparisons, cuts, run: whole, verdicts } = result;
    expect(cuts).toMatchObject([{ arm: "mortal", rule: "gone", decision: "hold" }]);
    expect(cuts![0]!.because).toMatch(/arm mortal .*(?:code 3|exit)/);
    // On a busy machine the instrument itself may be late, and that is the reason then.
    const late = result.checks.some(({ status }) => status === "fail");
    expect(verdicts!["mortal"]!.decision).toBe("hold");
    expect(late || verdicts!["mortal"]!.reason.includes(cuts![0]!.because)).toBe(true);
    expect(whole.complete).toBe(true);
    expect(arms["steady"]!.planned).toBe(arms["control"]!.planned);
    // Its death may leave a few requests without an answer, and no more than were in flight.
    expect(arms["steady"]!.responses).toBeGreaterThan(2 * arms["mortal"]!.responses);
    const primary = comparisons.filter(({ role }) => role === "primary");
    expect(primary.map(({ arm }) => arm).toSorted()).toEqual(["mortal", "steady"]);
    for (const { arm, effect, judgedUntilS } of primary) {
      expect(effect === null).toBe(arm === "mortal");
      expect(judgedUntilS === undefined).toBe(arm === "steady");
    }
    // One run, and no A/A runs of this host: it may not ship.
    expect(verdicts!["steady"]!.decision).toBe("hold");
    expect(ended.code).toBe(2);
    expect(result.decision).toBe("hold");
  });

  it("each is told apart, and why, in every report", () => {
    for (const text of [ended.stdout, read("report.md"), read("report.html")]) {
      expect(text).toMatch(/mortal[\s\S]*?process \d+/);
      expect(text).toMatch(/steady: p50 response time|<td[^>]*>steady|steady/);
    }
    const names = [...read("junit.xml").matchAll(/<testcase name="([^"]*)"/g)].map(([, n]) => n);
    expect(names).toEqual(
      expect.arrayContaining([
        "two beside one",
        "two beside one, mortal",
        "two beside one, steady",
        "mortal: p50 response time (primary), stage all",
        "steady: p50 response time (primary), stage all",
      ]),
    );
  });

  it("judged again from its files it is the same; benchstat has a table for each", async () => {
    const model = analyse(new RunDirectory(run));
    expect(model.result).toEqual(result);
    const benchstat = await REPORT_FORMATS.find(({ name }) => name === "benchstat")!.render(model);
    expect(benchstat.match(/^ +control +(\S+) +vs control/gm)).toHaveLength(2);
  });

  it("the export has rows for each", async () => {
    const table = await shakedown("export", run);
    const [head = "", ...rows] = table.stdout.trimEnd().split("\n");
    const place = head.split(",").indexOf("arm");
    const counts = Map.groupBy(rows, (row) => row.split(",")[place]);
    expect(new Set(counts.keys())).toEqual(new Set(["control", "mortal", "steady"]));
    expect(counts.get("steady")).toHaveLength(result.arms["steady"]!.planned);
    expect(counts.get("control")).toHaveLength(result.arms["control"]!.planned);
  });
});
