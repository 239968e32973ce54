import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ShakedownError } from "../../src/core/index.ts";
import type { Plan } from "../../src/experiment/index.ts";
import { apartSchema } from "../../src/report/index.ts";
import { measureRun } from "../../src/run/apart/measure-run.ts";
import {
  type BesideOptions,
  checkWorthKeeping,
  compareTwo,
  compareWithKept,
  type NamedRun,
  readKeptFrom,
  writeKept,
} from "../../src/run/index.ts";
import { ONE_ARM_PLAN, PLAN } from "../experiment/plan-fixture.ts";
import { lone, MANIFEST, scratch, traffic, type Written, writeRun } from "./run-fixture.ts";

const folder = scratch();
afterAll(() => folder.remove());

const HERE = { node: "v24.0.0", os: "linux", cpus: 2, fingerprint: "here", description: "a host" };
const THERE = { ...HERE, fingerprint: "there", description: "another host" };

let runs = 0;

interface Shape {
  /** How much longer everything takes than in the other runs. */
  readonly slower?: number;
  readonly host?: typeof HERE;
  readonly written?: Written;
  readonly plan?: Plan;
  readonly manifest?: Readonly<Record<string, unknown>>;
}

/** A run of arms that are alike, all of which take so much longer. */
async function run(shape: Shape = {}): Promise<NamedRun> {
  const { host = HERE, manifest, plan, slower = 1, written = traffic() } = shape;
  const observations = written.observations.map((observation) =>
    observation.kind === "dropped"
      ? observation
      : {
          ...observation,
          endNs:
            observation.startNs + Math.round((observation.endNs - observation.startNs) * slower),
        },
  );
  const name = join(folder.path, `run-${++runs}`);
  const startedAt = new Date(Date.UTC(2026, 0, runs)).toISOString();
  const own = { runId: `id ${runs}`, startedAt, host, ...written.manifest, ...manifest };
  const directory = await writeRun(name, {
    ...written,
    observations,
    ...(plan === undefined ? {} : { plan }),
    manifest: own,
  });
  return { name, ...measureRun(directory) };
}

/** Keeps runs in a folder of their own, and reads them back. */
function keep(...kept: readonly NamedRun[]) {
  const path = mkdtempSync(join(tmpdir(), "shakedown-kept-"));
  for (const [index, { measured }] of kept.entries()) {
    writeKept(join(path, `${index}.json`), measured);
  }
  const found = readKeptFrom(path);
  rmSync(path, { recursive: true });
  return found;
}

const beside = (one: NamedRun, kept: ReturnType<typeof keep>, more: Partial<BesideOptions> = {}) =>
  compareWithKept(one, kept, { version: "0.0.0", ...more });

const refusal = (work: () => unknown): ShakedownError => {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof ShakedownError) return thrown;
    throw thrown;
  }
  throw new Error("it was not refused");
};

/** Five runs of one build that differ by about 1 %. */
let likeRuns: readonly NamedRun[] = [];
beforeAll(async () => {
  likeRuns = await Promise.all([1, 1.01, 0.99, 1.008, 0.993].map((slower) => run({ slower })));
});

describe("a run beside runs that were kept", () => {
  it("is shipped where it is as they are, rolled back where it is much slower, and held between", async () => {
    const kept = keep(...likeRuns);
    const [alike, slower, between] = await Promise.all(
      [1.004, 1.4, 1.09].map((factor) => run({ slower: factor })),
    );
    const [ship, back, hold] = [alike!, slower!, between!].map((one) => beside(one, kept));
    expect([ship, back, hold].map((report) => report!.verdict?.decision)).toEqual([
      "ship",
      "roll-back",
      "hold",
    ]);
    expect(back!.verdict!.reason).toMatch(
      /^harm is shown: response_time_p90 changed by \+4\d(\.\d)? %/,
    );
    expect(hold!.verdict!.reason).toMatch(/^underpowered: /);
    for (const report of [ship, back, hold]) expect(apartSchema.parse(report)).toEqual(report);
    const primary = ship!.levels.find(({ role }) => role === "primary")!;
    expect(primary).toMatchObject({
      arms: { before: "control", after: "variant" },
      spread: "runs",
      margin: 0.1,
      status: "within-margin",
    });
  });

  it("is never decided by one kept run without a word on how much runs differ, nor shipped with one", async () => {
    const kept = keep(await run());
    const one = await run({ slower: 2 });
    expect(beside(one, kept).verdict).toMatchObject({
      decision: "hold",
      reason: expect.stringMatching(/^unreplicated: /),
    });
    expect(beside(one, kept, { runSd: 0.02 }).verdict?.decision).toBe("roll-back");
    expect(beside(await run(), kept, { runSd: 0.02 }).verdict).toMatchObject({
      decision: "hold",
      reason: expect.stringMatching(/^unreplicated: .* --between-run-sd's word/),
      needs: expect.stringMatching(/^several kept runs/),
    });
    const wide = beside(await run(), kept, { runSd: 0.3 }).verdict;
    expect(wide?.reason).toMatch(/^underpowered: /);
  });

  it("on another host needs what hosts differ by, which widens it", async () => {
    const kept = keep(...likeRuns);
    const elsewhere = await run({ host: THERE });
    expect(beside(elsewhere, kept).verdict).toMatchObject({
      decision: "hold",
      reason: expect.stringMatching(
        /^measured elsewhere: what was kept on a host, this on another/,
      ),
    });
    const little = beside(elsewhere, kept, { hostSd: 0.01 });
    const much = beside(elsewhere, kept, { hostSd: 0.1 });
    expect([little, much].map(({ verdict }) => verdict?.decision)).toEqual(["ship", "hold"]);
    expect(little.differences).toContainEqual({
      about: "host",
      field: "host",
      before: "a host",
      after: "another host",
      measures: false,
    });
    const here = beside(await run(), kept, { hostSd: 0.1 });
    expect(here.noise.hostSd, "the same host differs from itself by nothing").toBeNull();
  });

  it("is refused where another thing was measured, and says which", async () => {
    const stages = PLAN.stages.map((stage) => ({ ...stage, ratePerSec: stage.ratePerSec + 20 }));
    const kept = keep(await run());
    const faster = await run({ plan: { ...PLAN, stages } });
    const refused = refusal(() => beside(faster, kept));
    expect(refused.code).toBe("RUN_INVALID");
    expect(refused.message).toMatch(/another thing .*stages\[1\]\.ratePerSec 100 → 120/);
    const other = { ...PLAN, seed: "another", alpha: 0.1, power: 0.9, hypothesis: null };
    const judgedOtherwise = await run({ plan: { ...other, hypothesis: PLAN.hypothesis } });
    expect(beside(judgedOtherwise, kept).verdict).not.toBeNull();
    const both = keep(faster, await run());
    expect(beside(await run(), both).warnings).toEqual([
      expect.stringMatching(/^what was kept was measured at another time: .* are too short$/),
      "1 kept of other plans passed over",
    ]);
  });

  it("of one arm alone is judged by what flags name", async () => {
    const alone = (slower: number) => run({ slower, written: lone(), plan: ONE_ARM_PLAN });
    const kept = keep(await alone(1));
    const [same, worse] = [await alone(1), await alone(1.5)];
    const flags = { metric: "response_time_p50", margin: 0.2, runSd: 0.02 };
    expect(beside(same, kept, flags).verdict?.reason).toMatch(/^unreplicated: .*'s word/);
    expect(beside(worse, kept, flags).verdict?.decision).toBe("roll-back");
    const unknown = refusal(() => beside(same, kept, { ...flags, metric: "response_time_p75" }));
    expect(unknown.hint).toContain("response_time_p90");
    const whole = await run();
    const given = refusal(() => beside(whole, keep(whole), flags));
    expect([given.code, given.message]).toEqual(["USAGE", expect.stringContaining("plan says")]);
    const noArm = refusal(() => beside(same, kept, { arm: "nobody" }));
    expect(noArm.message).toBe("--arm nobody: there is no such arm");
  });

  it("is kept in a few kilobytes, and only where it is whole and sound", async () => {
    const good = await run();
    const path = join(folder.path, "kept", "good.json");
    checkWorthKeeping("good", good);
    writeKept(path, good.measured);
    expect(statSync(path).size).toBeLessThan(16_000);
    expect(readKeptFrom(path).kept).toEqual([{ path, measured: good.measured }]);
    const ended = { ...MANIFEST.ended!, incompleteBecause: "interrupted" };
    const cut = await run({ manifest: { ended } });
    expect(refusal(() => checkWorthKeeping("cut", cut)).message).toContain("incomplete: interr");
  });

  it("a file that is none, or is damaged, is named; in a folder it is passed over", async () => {
    const good = await run();
    const kept = join(folder.path, "mixed");
    writeKept(join(kept, "good.json"), good.measured);
    writeFileSync(join(kept, "cut.json"), readFileSync(join(kept, "good.json")).subarray(0, 500));
    writeFileSync(join(kept, "other.json"), '{"keptVersion": 9}');
    for (const name of ["cut.json", "other.json"]) {
      const refused = refusal(() => readKeptFrom(join(kept, name)));
      expect(refused.code).toBe("RUN_INVALID");
      expect(refused.message).toContain(`${name} is not a kept run: `);
    }
    expect(refusal(() => readKeptFrom(join(kept, "nothing.json"))).code).toBe("FILE_NOT_FOUND");
    const found = readKeptFrom(kept);
    expect([found.kept.length, found.unread.length]).toEqual([1, 2]);
  });
});

describe("two runs beside each other", () => {
  it("tell first in what they differ, what is measured before what is not", async () => {
    const commits = { git: { commit: "a".repeat(40), dirty: true } };
    const before = await run({ manifest: commits });
    const stages = PLAN.stages.map((stage) => ({ ...stage, blockNs: stage.blockNs * 1 }));
    const plan = { ...PLAN, stages, inFlightMax: 9, alpha: 0.1 };
    const tool = { name: "shakedown", version: "9.9.9" };
    const after = await run({ plan, host: THERE, manifest: { tool } });
    const { differences } = compareTwo(before, after, { version: "0.0.0" });
    expect(differences.map(({ field, measures }) => [field, measures])).toEqual([
      ["inFlightMax", true],
      ["host", false],
      ["shakedown", false],
      ["commit", false],
      ["alpha", false],
    ]);
    expect(differences.find(({ field }) => field === "commit")).toMatchObject({
      before: "aaaaaaaaaaaa and changes",
      after: "unknown",
    });
  });

  it("compares each arm, and what both say of the variant, and decides nothing", async () => {
    const [before, after] = [await run(), await run({ slower: 1.2 })];
    const report = compareTwo(before, after, { version: "0.0.0" });
    expect(apartSchema.parse(report)).toEqual(report);
    expect(report.verdict).toBeNull();
    const found = report.levels.find(
      ({ arms, metric }) => arms.after === "control" && metric === "response_time_p50",
    )!;
    expect(found.effect!.estimate).toBeCloseTo(0.2, 1);
    expect(found.spread, "a floor, which is not knowledge").toBe("floor");
    const effect = report.effects.find(({ metric }) => metric === "response_time_p90")!;
    // Both arms were slower alike.
    expect(effect.effect!.low).toBeLessThan(0);
    expect(effect.effect!.high).toBeGreaterThan(0);
    expect(effect.spread).toBe("registered");
    const known = compareTwo(before, after, { version: "0.0.0", runSd: 0.05 });
    const wide = known.levels.find((row) => row.metric === found.metric)!;
    expect(wide.effect!.high).toBeGreaterThan(found.effect!.high);
  });

  it("one run is not two", async () => {
    const one = await run();
    expect(refusal(() => compareTwo(one, one, { version: "0.0.0" })).code).toBe("USAGE");
  });
});
