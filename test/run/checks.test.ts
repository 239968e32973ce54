import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { NS_PER_S } from "../../src/core/index.ts";
import { AuditLog } from "../../src/experiment/index.ts";
import type { Observation } from "../../src/measure/index.ts";
import type { Result } from "../../src/report/index.ts";
import { analyse } from "../../src/run/analyse.ts";
import { PLAN, PLAN_WITHOUT_HISTORY } from "../experiment/plan-fixture.ts";
import { END_NS, MANIFEST, scratch, traffic, writeRun } from "./run-fixture.ts";

const folder = scratch();
afterAll(() => folder.remove());
let runs = 0;

/** A run of both arms in which `change` has its way with what the variant did. */
async function judged(change: (row: Observation) => Observation): Promise<Result> {
  const written = traffic();
  const observations = written.observations.map((row) => (row.arm === 1 ? change(row) : row));
  return analyse(await writeRun(join(folder.path, `run-${runs++}`), { ...written, observations }))
    .result;
}

const checkNamed = ({ checks }: Result, name: string) => checks.find((each) => each.name === name);

/** Its answer comes so many times as late. */
const slowed = (row: Observation, factor: number): Observation => {
  if (row.kind !== "response") return row;
  const endNs = row.startNs + Math.round((row.endNs - row.startNs) * factor);
  return { ...row, firstByteNs: endNs, endNs };
};

/** One start in twenty is late by 3 ms. */
const late = (row: Observation): Observation => {
  if (row.kind !== "response" || row.seq % 20 !== 0) return row;
  const moved = { startNs: row.startNs + 3e6, firstByteNs: row.firstByteNs + 3e6 };
  return { ...row, ...moved, endNs: row.endNs + 3e6 };
};

describe("whether the instrument can be believed", () => {
  it("like arms: an even order, a steady difference", async () => {
    const result = await judged((row) => row);
    expect(checkNamed(result, "send order")?.status).toBe("pass");
    expect(checkNamed(result, "drift")?.status).toBe("pass");
    expect(checkNamed(result, "drift")?.summary).not.toMatch(/moved/);
  });

  it("a difference that grows, though it is none on average, never ships", async () => {
    const result = await judged((row) => slowed(row, 0.65 + 0.5 * (row.intendedNs / END_NS)));
    expect(checkNamed(result, "drift")).toMatchObject({ status: "doubt" });
    expect(checkNamed(result, "drift")?.summary).toMatch(/moved by \+\d.* in(to)? .*everybody/);
    expect(result.decision).toBe("hold");
  });

  it("a difference that grows to plain harm is rolled back all the same", async () => {
    const result = await judged((row) => slowed(row, 3 + 2 * (row.intendedNs / END_NS)));
    expect(checkNamed(result, "drift")?.status).toBe("doubt");
    expect(result.decision).toBe("roll-back");
  });

  it("starts that are late: nothing is believed, but harm of ten times as much is", async () => {
    const written = traffic();
    const of = async (factor: number): Promise<Result> => {
      const observations = written.observations.map((row) =>
        late(row.arm === 1 ? slowed(row, factor) : row),
      );
      const given = { ...written, observations };
      return analyse(await writeRun(join(folder.path, `run-${runs++}`), given)).result;
    };
    for (const factor of [1, 1.5]) {
      const { decision, reason } = await of(factor);
      expect([decision, reason]).toEqual(["hold", expect.stringMatching(/^generator saturated: /)]);
    }
    const plain = await of(9);
    expect(checkNamed(plain, "generator saturated")).toMatchObject({
      status: "doubt",
      summary: expect.stringMatching(/a tenth at most of the harm that is shown$/) as string,
    });
    expect(plain.decision).toBe("roll-back");
  });

  it.each([
    [0.5, "fail", "hold", /^generator saturated: /],
    [6, "doubt", "roll-back", /^stopped early: harm: it is slow$/],
  ])(
    "starts that are late, harm at a look with the load halved, by %d times at least: %s",
    async (low, status, decision, reason) => {
      const written = traffic();
      const observations = written.observations.map((row) =>
        late(row.arm === 1 ? slowed(row, 9) : row),
      );
      const because = "it is slow";
      const [breachNs, fromNs, untilNs] = [5e9, 6e9, 8e9];
      const halved = { stage: "everybody", share: 0.5, because, untilNs: breachNs, fromNs };
      const stoppedBy = { rule: "harm", decision: "roll-back", because, untilNs };
      const rows = { observations: observations.length, calls: written.calls!.length, lost: 0 };
      const ended = { ...MANIFEST.ended, rows, stoppedBy, throttlings: [halved] };
      const given = { ...written, observations, manifest: { ended } };
      const directory = await writeRun(join(folder.path, `run-${runs++}`), given);
      const seen = { arm: "variant", metric: "response_time_p90", blocks: 20, reached: true };
      const metrics = [{ ...seen, harm: low + 2, band: { low, high: low + 4 } }];
      const audit = AuditLog.resume(directory.file("audit.ndjson"), () => MANIFEST.startedAt);
      audit.append("look", { stage: "everybody", block: 19, atS: 8, metrics });
      const { result } = analyse(directory);
      // Neither part of the stage is long enough to be judged.
      expect(result.comparisons.map(({ effect }) => effect)).not.toContainEqual(expect.anything());
      expect(checkNamed(result, "generator saturated")).toMatchObject({ status });
      expect(result).toMatchObject({ decision, reason: expect.stringMatching(reason) as string });
    },
  );

  it("what moves both arms alike is told, and holds nothing up", async () => {
    const written = traffic();
    const observations = written.observations.map((row) =>
      slowed(row, row.intendedNs < 7 * NS_PER_S ? 1.5 : 1),
    );
    const directory = await writeRun(join(folder.path, `run-${runs++}`), {
      ...written,
      observations,
    });
    const { result } = analyse(directory);
    expect(checkNamed(result, "drift")?.status).toBe("pass");
    expect(checkNamed(result, "drift")?.summary).toMatch(/both moved together, by −?-?\d/);
    expect(result.decision).toBe("ship");
  });

  it("a warm-up that both arms share is left out of both, and told", async () => {
    const written = traffic();
    const observations = written.observations.map((row) =>
      slowed(row, row.intendedNs < 4.5 * NS_PER_S ? 3 : 1),
    );
    const plan = { ...PLAN, warmUpMax: 0.25 };
    const given = { ...written, observations, plan };
    const { result } = analyse(await writeRun(join(folder.path, `run-${runs++}`), given));
    const [, everybody] = result.stages;
    expect(everybody?.judgedFromS).toBeGreaterThanOrEqual(4.5);
    expect(everybody?.judgedFromS).toBeLessThanOrEqual(5.5);
    expect(result.warnings.join()).toMatch(/the first 1\.[5-9]\d* s of stage everybody .* warm-up/);
    const p50 = result.comparisons.find(({ metric }) => metric === "response_time_p50");
    const untouched = analyse(await writeRun(join(folder.path, `run-${runs++}`), written)).result;
    const same = untouched.comparisons.find(({ metric }) => metric === "response_time_p50");
    expect(p50!.control! / same!.control!).toBeCloseTo(1, 1);
    expect(result.decision).toBe("ship");
  });

  it("a share that is judged in one run does not ship, whatever SD a ratio was given", async () => {
    const written = traffic();
    const primary = { metric: "error_ratio", margin: 0.02 };
    const guardrails = [{ metric: "response_time_p90", margin: 0.1 }];
    const plan = { ...PLAN, primary, secondary: [], guardrails };
    const given = { ...written, plan };
    const { result } = analyse(await writeRun(join(folder.path, `run-${runs++}`), given));
    expect(result).toMatchObject({
      decision: "hold",
      reason: expect.stringMatching(/^unreplicated/),
    });
    expect(result.needs).toMatch(/several runs/);
  });

  it("an arm that is always written first is no fair comparison", async () => {
    const written = traffic();
    const first = new Map(written.observations.map((row) => [`${row.arm} ${row.seq}`, row]));
    const result = await judged((row) => {
      const control = first.get(`0 ${row.seq}`);
      if (row.kind !== "response" || control?.kind !== "response") return row;
      return { ...row, startNs: Math.max(row.intendedNs, control.startNs - 100) };
    });
    expect(checkNamed(result, "send order")).toMatchObject({ status: "fail" });
    expect(result).toMatchObject({
      decision: "hold",
      reason: expect.stringMatching(/^send order: /),
    });
  });

  it.each([
    ["nobody measured it", undefined, "open", /not measured.*calibrate --alone-runs/, "ship"],
    ["nothing", { estimate: 0.01 }, "pass", /response_time_p90 of control.* \+1\.\d+ %/, "ship"],
    ["too little is known", { estimate: 0.05, se: 0.1 }, "open", /more runs alone/, "ship"],
    [
      "half as slow again",
      { estimate: 0.4 },
      "doubt",
      /company changes control.*crossover/,
      "hold",
    ],
    [
      "in this run",
      { estimate: 0.01, alone: { mean: Math.log(12_000), sd: 0.01, runs: 5 } },
      "doubt",
      /in this run, beside variant, \+[2-9]\d/,
      "hold",
    ],
  ])("company and control, %s", async (_, measured, status, words, decision) => {
    const known = { estimate: 0, se: 0.002, df: 4, pairs: 5, ...measured };
    const plan = measured === undefined ? PLAN : { ...PLAN, interference: known };
    const given = { ...traffic(), plan };
    const { result } = analyse(await writeRun(join(folder.path, `run-${runs++}`), given));
    expect(checkNamed(result, "interference")).toMatchObject({
      status,
      summary: expect.stringMatching(words),
    });
    expect(result.decision).toBe(decision);
  });

  it.each([
    ["in both", [true, true], 1, "pass", "ship"],
    ["in neither", [false, false], 1, "pass", "ship"],
    ["in the variant alone", [false, true], 1, "fail", "hold"],
    ["in the variant alone, which is slow", [false, true], 3, "fail", "hold"],
    ["in control alone", [true, false], 1, "doubt", "hold"],
    ["in control alone, and the variant is slow", [true, false], 3, "doubt", "roll-back"],
  ])("caches emptied %s", async (_, ok, factor, status, decision) => {
    const written = traffic();
    const observations = written.observations.map((row) =>
      row.arm === 1 ? slowed(row, factor) : row,
    );
    const flushes = PLAN.arms.map((arm, index) => {
      const outcome = ok[index]! ? "answered 204" : "no answer within 5 s";
      return { stage: "everybody", arm, atNs: 1e9, tookNs: 1e6, ok: ok[index]!, outcome };
    });
    const given = { ...written, observations, ended: { flushes } };
    const { result } = analyse(await writeRun(join(folder.path, `run-${runs++}`), given));
    expect(checkNamed(result, "caches")?.status).toBe(status);
    expect(result.decision).toBe(decision);
    const isCause = result.reason.startsWith("caches: emptied in variant alone as stage everybody");
    expect(isCause).toBe(status === "fail");
  });

  it("what one arm alone leaves unanswered: harm may be shown, the want of it may not", async () => {
    const lost = ({ observations, ...written }: ReturnType<typeof traffic>) => ({
      ...written,
      observations: observations.map((row): Observation => {
        if (row.arm !== 1 || row.kind !== "response" || row.seq % 5 !== 0) return row;
        const { arm, connectionWaitNs, endNs, intendedNs, route, seq, stage, startNs } = row;
        const started = { arm, connectionWaitNs, endNs, intendedNs, route, seq, stage, startNs };
        return { ...started, kind: "error", error: "reset" };
      }),
    });
    const judge = async (margin: number): Promise<Result> => {
      const primary = { metric: "response_time_p50", margin: 1 };
      const guardrails = [{ metric: "error_ratio", margin }];
      const plan = { ...PLAN, primary, secondary: [], guardrails };
      const given = { ...lost(traffic()), plan };
      return analyse(await writeRun(join(folder.path, `run-${runs++}`), given)).result;
    };
    const tolerant = await judge(0.5);
    expect(checkNamed(tolerant, "sample ratio")?.status).toBe("pass");
    expect(checkNamed(tolerant, "answered ratio")?.status).toBe("doubt");
    expect(tolerant).toMatchObject({
      decision: "hold",
      reason: expect.stringMatching(/^answered ratio: answered in judged time: control \d/),
      needs: expect.stringMatching(/unanswered/),
    });
    expect((await judge(0.02)).decision).toBe("roll-back");
  });

  it.each([
    ["the plan's word alone", PLAN_WITHOUT_HISTORY, "open", /is the scenario's word/, "hold"],
    [
      "none, and no word",
      { ...PLAN_WITHOUT_HISTORY, betweenRunSd: null },
      "open",
      /^none: .* `shakedown calibrate`/,
      "hold",
    ],
    ["a calibration", PLAN, "pass", /by at most 1 % .*abab/, "ship"],
  ])("never ships without A/A runs behind it: %s", async (_, plan, status, words, decision) => {
    const given = { ...traffic(), plan };
    const { result } = analyse(await writeRun(join(folder.path, `run-${runs++}`), given));
    expect(checkNamed(result, "a/a history")).toMatchObject({
      status,
      summary: expect.stringMatching(words),
    });
    expect(result.decision).toBe(decision);
    const told = decision === "hold" ? /^unreplicated: / : /within its margin/;
    expect(result.reason).toMatch(told);
  });
});
