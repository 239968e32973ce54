import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { sizePlan } from "../../src/experiment/index.ts";
import { Histogram } from "../../src/measure/index.ts";
import { LIVE_FILE, type LiveEntry, liveEntrySchema } from "../../src/report/index.ts";
import type { LiveArm, RunEvent } from "../../src/run/live.ts";
import { LiveLog } from "../../src/run/live-log.ts";
import { RunDirectory } from "../../src/run/run-directory.ts";
import { PLAN } from "../experiment/plan-fixture.ts";

const NOW = "2026-01-01T00:00:00.000Z";

function arm(name: string, planned: number, us: number): LiveArm {
  const [responseTime, startLag] = [new Histogram(), new Histogram()];
  for (let each = 0; each < planned; each++) responseTime.record(us);
  const [p50Us, p99Us] = [responseTime.quantile(0.5), responseTime.quantile(0.99)];
  return {
    arm: name,
    planned,
    responses: planned,
    failed: 0,
    dropped: 0,
    p50Us,
    p99Us,
    responseTime,
    startLag,
  };
}

const tick = (atS: number, planned: number, calls = 0): RunEvent => ({
  kind: "tick",
  stage: 1,
  elapsedNs: atS * 1e9,
  arms: [arm("control", planned, 1_000), arm("variant", planned, 2_000)],
  emulator: {
    payments: { control: { calls, inFlight: 3 }, variant: { calls: 2 * calls, inFlight: 5 } },
  } as never,
});

/** What a log of these events holds, each entry as its schema has it. */
function logged(events: readonly RunEvent[]): LiveEntry[] {
  const dir = mkdtempSync(join(tmpdir(), "shakedown-live-"));
  {
    using log = new LiveLog(new RunDirectory(dir), {
      dependencies: ["payments"],
      nowIso: () => NOW,
    });
    for (const event of events) log.hear(event);
  }
  const lines = readFileSync(join(dir, LIVE_FILE), "utf8").trimEnd().split("\n");
  rmSync(dir, { recursive: true });
  return lines.map((line) => liveEntrySchema.parse(JSON.parse(line)));
}

const ticksOf = (entries: readonly LiveEntry[]) => entries.filter((entry) => entry.kind === "tick");

const PLANNED: RunEvent = { kind: "plan", plan: PLAN, sizing: sizePlan(PLAN, () => "no pilot") };
const TRAFFIC: RunEvent = {
  kind: "traffic",
  directory: "x",
  stages: 2,
  durationNs: 1,
  load: "poisson",
};

describe("the live log", () => {
  it("has an entry for each event, as its schema has it, and the plan first", () => {
    const entries = logged([
      PLANNED,
      { kind: "warning", message: "two\nlines" },
      TRAFFIC,
      tick(1, 10, 40),
      tick(2, 10, 100),
      { kind: "asked", asked: { ask: "roll-back", reason: "why", by: "Ada" } },
      { kind: "judging" },
      { kind: "verdict", decision: null, reason: "one arm was measured" },
    ]);
    const kinds = entries.map(({ kind }) => kind);
    expect(kinds).toEqual("begins note traffic tick tick asked judging verdict".split(" "));
    const [, second] = ticksOf(entries);
    expect(second?.calls[0]?.map(({ calls }) => calls)).toEqual([60, 120]);
    expect(second?.arms[1]).toMatchObject({ planned: 10, p50Us: 2_000, lagP99Us: null });
  });

  it.each([1, 3_601, 11_000])(
    "of %i ticks loses no count, leaves no gap, and is bounded",
    (ticks) => {
      const arms = [0, 1].map((planned) => [
        arm("control", planned, 1),
        arm("variant", planned, 1),
      ]);
      const events = Array.from({ length: ticks }, (_, at): RunEvent => {
        const [elapsedNs, emulator] = [(at + 1) * 1e9, {}];
        return { kind: "tick", stage: 1, elapsedNs, arms: arms[at % 2]!, emulator };
      });
      const told = ticksOf(logged([PLANNED, TRAFFIC, ...events, { kind: "judging" }]));
      const planned = told.map(({ arms: [control] }) => control!.planned);
      expect(planned.reduce((sum, each) => sum + each, 0)).toBe(Math.floor(ticks / 2));
      expect(told.map(({ fromS }) => fromS)).toEqual([
        0,
        ...told.map(({ toS }) => toS).slice(0, -1),
      ]);
      expect(told.at(-1)?.toS).toBe(ticks);
      // 3,600 of one second each, as many of two, of four, and so on.
      const lengths = Math.ceil(Math.log2(ticks / 3_600 + 1));
      expect(told.length).toBeLessThanOrEqual(lengths * 3_600);
    },
  );
});
