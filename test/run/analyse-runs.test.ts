import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import {
  AuditLog,
  type Plan,
  planOfRun,
  planRuns,
  registerPlan,
} from "../../src/experiment/index.ts";
import { RunDirectory } from "../../src/run/index.ts";
import { analyse } from "../../src/run/analyse.ts";
import { analyseRuns } from "../../src/run/analyse-runs.ts";
import { openExport } from "../../src/run/export.ts";
import { readManifest } from "../../src/run/manifest.ts";
import { PLAN, PLAN_WITHOUT_HISTORY } from "../experiment/plan-fixture.ts";
import { expectSound, MANIFEST, scratch, traffic, writeRun } from "./run-fixture.ts";

const folder = scratch();
afterAll(() => folder.remove());

const planned = (runs: number): Plan => ({
  ...PLAN_WITHOUT_HISTORY,
  betweenRunSd: null,
  runs: planRuns("1", runs, PLAN.arms),
});

/** An experiment as `run` leaves it; `done` of its runs have begun. */
async function writeExperiment(
  name: string,
  options: {
    readonly runs: number;
    readonly slower?: number;
    readonly done?: number;
    readonly because?: string;
  },
): Promise<RunDirectory> {
  const plan = planned(options.runs);
  const directory = new RunDirectory(`${folder.path}/${name}`);
  mkdirSync(directory.path, { recursive: true });
  const registered = registerPlan(plan);
  writeFileSync(directory.file("plan.json"), JSON.stringify(registered));
  const audit = new AuditLog(directory.file("audit.ndjson"), () => "2026-01-01T00:00:00.000Z");
  audit.append("plan registered", { sha256: registered.sha256 });
  const { startedAt } = MANIFEST;
  const incompleteBecause = options.because ?? null;
  const ended = { at: startedAt, incompleteBecause, exitCode: null };
  const file = { experimentVersion: 1, id: "ff00", startedAt, runs: options.runs, ended };
  writeFileSync(directory.file("experiment.json"), JSON.stringify(file));
  for (let run = 1; run <= (options.done ?? options.runs); run++) {
    const { seed } = plan.runs[run - 1]!;
    const made = traffic({ slower: options.slower ?? 1, perSec: 128 + run });
    const written = { ...made, plan: planOfRun(plan, run - 1), manifest: { seed } };
    // oxlint-disable-next-line no-await-in-loop -- a few runs, one after the other
    await writeRun(directory.run(run).path, written);
  }
  return directory;
}

describe("an experiment of several runs", () => {
  it("adds up its runs, and has a row for each with its slots and effects", async () => {
    const directory = await writeExperiment("whole", { runs: 4 });
    const model = analyseRuns(directory);
    expectSound(model);
    const { result } = model;
    const alone = [1, 2, 3, 4].map((run) => analyse(directory.run(run)).result);
    const planned_ = alone.reduce((sum, each) => sum + each.arms["control"]!.planned, 0);
    expect(result.arms["control"]!.planned).toBe(planned_);
    expect(result.runs!.map(({ run, slots, seed }) => [run, slots.length, seed])).toEqual([
      [1, 2, "1/1"],
      [2, 2, "1/2"],
      [3, 2, "1/3"],
      [4, 2, "1/4"],
    ]);
    for (const [index, run] of result.runs!.entries()) {
      const own = alone[index]!.comparisons.map(({ effect }) => effect);
      expect(run.comparisons.map(({ effect }) => effect)).toEqual(own);
    }
    // A run alone is not replicated; four are.
    expect(alone[0]!.decision).toBe("hold");
    expect(result.reason).not.toMatch(/unreplicated/);
    expect(analyseRuns(directory)).toEqual(model);
    const table = openExport(directory, "observations");
    expect(table.columns[0]).toMatchObject({ name: "run", kind: "integer" });
    expect([...table.rows()]).toHaveLength(table.rowCount);
  });

  it("rolls back what is slower in every run, though no spread was registered", async () => {
    const { result } = analyseRuns(await writeExperiment("slower", { runs: 4, slower: 1.5 }));
    expect(result.decision).toBe("roll-back");
  });

  it("interrupted, it is judged on the whole runs, and says that it is incomplete", async () => {
    const because = "interrupted between two runs";
    const directory = await writeExperiment("cut", { runs: 4, done: 2, because });
    const { result } = analyseRuns(directory);
    expect(result.decision).toBe("hold");
    expect(result.reason).toBe(`incomplete: ${because}; 2 of 4 runs are whole`);
    expect(result.runs!.map(({ judged }) => judged)).toEqual([true, true]);
    expect(result.comparisons[0]!.effect).not.toBeNull();
  });

  it("tells of looks and gates only of the run that a rule has ended", async () => {
    const directory = await writeExperiment("stopped", { runs: 4, done: 2 });
    const because = "p90 is worse";
    const stoppedBy = { rule: "harm", decision: "roll-back", because, untilNs: 8e9 } as const;
    expect(analyseRuns(directory).result).not.toHaveProperty("looks");
    const manifest = readManifest(directory.run(2));
    const ended = { ...manifest.ended, durationNs: 9e9, stoppedBy };
    const stopped = { ...manifest, ended };
    writeFileSync(directory.run(2).file("manifest.json"), JSON.stringify(stopped));
    const { result } = analyseRuns(directory);
    expect(result.stoppedEarly).toMatchObject({ rule: "harm", because, evidenceUntilS: 8 });
    expect(result).toMatchObject({ looks: [], gates: [] });
    expect(result.run.complete).toBe(true);
    // Rates are of the time that there was: one run of the plan's length, and nine seconds.
    const control = result.arms["control"]!;
    const countedS = PLAN.stages.at(-1)!.endNs / 1e9 + 9;
    expect(control.ratePerSec.offered).toBeCloseTo(control.planned / countedS, 6);
  });

  it("a run that is gone, or of another plan, is noticed", async () => {
    const directory = await writeExperiment("gone", { runs: 2 });
    rmSync(directory.run(2).path, { recursive: true });
    expect(analyseRuns(directory).result.reason).toMatch(/^incomplete: a run is missing; 1 of 2/);
    const foreign = { ...traffic(), plan: planOfRun({ ...planned(2), alpha: 0.1 }, 1) };
    await writeRun(directory.run(2).path, foreign);
    expect(() => analyseRuns(directory)).toThrow(/is not of this experiment's plan/);
  });
});
