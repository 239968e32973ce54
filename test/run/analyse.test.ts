import { readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { ShakedownError } from "../../src/core/index.ts";
import type { Observation } from "../../src/measure/index.ts";
import { analyse } from "../../src/run/analyse.ts";
import { judgeAndReport, type RunDirectory } from "../../src/run/index.ts";
import { PLAN } from "../experiment/plan-fixture.ts";
import { expectSound, MANIFEST, scratch, traffic, type Written, writeRun } from "./run-fixture.ts";

const folder = scratch();
afterAll(() => folder.remove());
let runs = 0;
const made = (written: Written): Promise<RunDirectory> =>
  writeRun(join(folder.path, `run-${runs++}`), written);

const codeOf = (act: () => unknown): string => {
  try {
    act();
  } catch (thrown) {
    return (thrown as ShakedownError).code;
  }
  return "none";
};

describe("judging a run from its directory", () => {
  it("an A/A run ships, with a sound report", async () => {
    const model = analyse(await made(traffic()));
    expectSound(model);
    expect(model.result).toMatchObject({
      decision: "ship",
      run: { complete: true, durationS: 13.1 },
    });
    expect(model.result.checks.map(({ status }) => status)).not.toContain("fail");
    expect(model.result.comparisons.map(({ status }) => status)).toEqual(
      Array.from({ length: 4 }, () => "within-margin"),
    );
  });

  it("a variant that is half as slow again rolls back, and the reason says by how much", async () => {
    const { result } = analyse(await made(traffic({ slower: 1.5 })));
    expect(result.decision).toBe("roll-back");
    expect(result.reason).toMatch(/^harm is shown: response_time_p90 changed by \+\d/);
  });

  it("the same files give the same bytes, whenever they are judged", async () => {
    const [here, there] = [await made(traffic()), await made(traffic())];
    const bytes: string[] = [];
    for (const directory of [here, here, there]) {
      await judgeAndReport(directory);
      bytes.push(readFileSync(directory.file("result.json"), "utf8"));
    }
    expect(new Set(bytes).size).toBe(1);
  });

  it("the ledger is what was written: every response, error and dropped start", async () => {
    const { calls, observations } = traffic();
    const dropped = observations.map((row): Observation => {
      if (row.seq % 50 !== 0 || row.arm !== 1) return row;
      const { arm, intendedNs, route, seq, stage } = row;
      const place = { arm, stage, seq, route, intendedNs };
      return { kind: "dropped", ...place, reason: "in-flight-cap", count: 1 };
    });
    const model = analyse(await made({ observations: dropped, calls }));
    expectSound(model);
    for (const [index, arm] of ["control", "variant"].entries()) {
      const count = (kind: string): number =>
        dropped.filter((row) => row.arm === index && row.kind === kind).length;
      expect(model.result.arms[arm]).toMatchObject({
        planned: count("response") + count("error") + count("dropped"),
        responses: count("response"),
        errors: count("error"),
        dropped: count("dropped"),
      });
    }
    const lost = dropped.filter(({ kind }) => kind === "dropped").length;
    expect(lost).toBeGreaterThan(10);
    expect(model.result).toMatchObject({
      decision: "hold",
      reason: expect.stringContaining(`${lost} planned starts were dropped`) as string,
    });
  });

  it("calls in the timeline are on the run's clock, not the emulator's", async () => {
    const { dependencies } = analyse(await made(traffic()));
    const perSec = dependencies[0]!.arms[0]!.callsPerSec;
    expect(perSec.slice(0, 13)).toEqual(
      Array.from({ length: 13 }, () => expect.closeTo(130, -1) as number),
    );
  });

  it("a request without an answer counts with the timeout in the pictures too", async () => {
    const { calls, observations } = traffic();
    const refused = observations.map((row): Observation =>
      row.arm === 1 && row.kind === "response"
        ? { ...row, kind: "error", error: "refused", endNs: row.startNs + 1e5 }
        : row,
    );
    const model = analyse(await made({ observations: refused, calls }));
    expectSound(model);
    expect(model.timeline.arms[1]!.p50Us[5]).toBeGreaterThan(PLAN.timeoutNs / 1_001);
    expect(model.result.decision).not.toBe("ship");
  });
});

describe("a run that is not whole", () => {
  it("what was cut off when a rule ended it is no evidence, start by start neither", async () => {
    const untilNs = 8e9;
    const stoppedBy = { rule: "harm", decision: "roll-back", because: "it is slow", untilNs };
    const { calls, observations } = traffic();
    const rows = { observations: observations.length, calls: calls!.length, lost: 0 };
    const cutOff = observations.map((row): Observation =>
      row.arm === 1 && row.intendedNs >= untilNs && row.kind === "response"
        ? { ...row, status: 503 }
        : row,
    );
    const ended = { ...MANIFEST.ended, rows, stoppedBy };
    const { result } = analyse(await made({ observations: cutOff, calls, manifest: { ended } }));
    expect(result.stoppedEarly?.rule).toBe("harm");
    const said = result.comparisons.flatMap(({ warnings }) => warnings).join();
    expect(said).not.toMatch(/start by start/);
  });

  it.each([
    [
      "cut observations",
      (directory: RunDirectory) => truncateSync(directory.observations(0), 40_000),
      /cut or damaged$/,
    ],
    [
      "cut calls",
      (directory: RunDirectory) => truncateSync(directory.calls, 40_000),
      /cut or damaged$/,
    ],
    ["no calls", (directory: RunDirectory) => rmSync(directory.calls), /calls is missing$/],
  ])("holds as incomplete: %s", async (_, damage, why) => {
    const directory = await made(traffic());
    damage(directory);
    const model = analyse(directory);
    expectSound(model);
    expect(model.result).toMatchObject({ decision: "hold", run: { complete: false } });
    expect(model.result.reason).toMatch(/^incomplete: /);
    expect(model.result.reason).toMatch(why);
  });

  it.each([
    ["killed", null, /ended before it could finish$/],
    [
      "stopped",
      { ...MANIFEST.ended, incompleteBecause: "the user stopped it" },
      /the user stopped it$/,
    ],
    [
      "a full disk",
      { ...MANIFEST.ended, rows: { observations: 0, calls: 0, lost: 12 } },
      /12 observations could not be written$/,
    ],
    [
      "a file cut between two blocks",
      { ...MANIFEST.ended, rows: { observations: 1e6, calls: 1e6, lost: 0 } },
      /does not hold what was written to it$/,
    ],
  ])("holds as incomplete: %s", async (_, ended, why) => {
    const model = analyse(await made({ ...traffic(), manifest: { ended } }));
    expectSound(model);
    expect(model.result).toMatchObject({ decision: "hold", run: { complete: false } });
    expect(model.result.reason).toMatch(why);
  });

  it.each([
    ["nothing", 0],
    ["one request", 1],
    ["two requests", 2],
  ])("%s was answered: sound, and never a pass", async (_, count) => {
    const { calls, observations } = traffic();
    for (const few of [
      observations.slice(0, count),
      observations.slice(-count || observations.length),
    ]) {
      const model = analyse(await made({ observations: few, calls: calls!.slice(0, count) }));
      expectSound(model);
      expect(model.result.decision).toBe("hold");
    }
  });

  it.each([
    ["control, with nothing to compare with", 0, "hold", /control answered nothing/],
    ["the variant, which has failed then", 1, "roll-back", /error_ratio changed by/],
  ])("an arm that answers nothing at all is no pass: %s", async (_, silent, decision, why) => {
    const { calls, observations } = traffic();
    const errors = observations.map((row): Observation =>
      row.arm === silent && row.kind === "response"
        ? { ...row, kind: "error", error: "timeout", endNs: row.startNs + 5e9 }
        : row,
    );
    const model = analyse(await made({ observations: errors, calls }));
    expectSound(model);
    expect(model.result.decision).toBe(decision);
    expect(model.result.reason).toMatch(why);
  });

  it("without dependencies there need be no calls", async () => {
    const plan = { ...PLAN, guardrails: PLAN.guardrails.slice(0, 1) };
    const model = analyse(
      await made({
        observations: traffic().observations,
        calls: null,
        plan,
        manifest: { dependencies: [] },
      }),
    );
    expectSound(model);
    expect(model.result.decision).toBe("ship");
  });
});

describe("a run that cannot be believed", () => {
  it.each([
    [
      "a plan that was edited",
      "plan.json",
      (text: string) => text.replace('"margin": 0.1', '"margin": 0.9'),
    ],
    ["a plan that is null", "plan.json", () => "null"],
    ["a plan that is no JSON", "plan.json", (text: string) => text.slice(0, 80)],
    [
      "a manifest of another version",
      "manifest.json",
      (text: string) => text.replace('"manifestVersion":2', '"manifestVersion":9'),
    ],
  ])("%s is refused", async (_, file, edit) => {
    const directory = await made(traffic());
    const before = readFileSync(directory.file(file), "utf8");
    expect(edit(before)).not.toBe(before);
    writeFileSync(directory.file(file), edit(before));
    expect(codeOf(() => analyse(directory))).toBe("RUN_INVALID");
  });

  it("by another version says which, and what to do", async () => {
    const directory = await made(traffic());
    const path = directory.file("manifest.json");
    writeFileSync(
      path,
      readFileSync(path, "utf8").replace('"manifestVersion":2', '"manifestVersion":9'),
    );
    expect(() => analyse(directory)).toThrow(/is of a run of version 9; this is version \d/);
  });

  it.each(["plan.json", "manifest.json", "observations/worker-0.spool"])(
    "without %s it is refused",
    async (file) => {
      const directory = await made(traffic());
      rmSync(directory.file(file));
      expect(codeOf(() => analyse(directory))).toBe("RUN_INVALID");
    },
  );

  it("a spool that is something else is refused", async () => {
    const directory = await made(traffic());
    writeFileSync(directory.observations(0), "not a spool at all");
    expect(codeOf(() => analyse(directory))).toBe("SPOOL_INVALID");
  });
});
