import { describe, expect, it } from "vitest";
import type { PlaybookModel, PlaybookRun, ReportModel, Result } from "../../src/report/index.ts";
import { playbookMarkdown } from "../../src/report/index.ts";
import { noiseOf } from "../../src/report/playbook/noise.ts";
import { FIXTURES, HOSTILE } from "./fixtures.ts";
import { golden } from "./golden.ts";

const CUT = [{ arm: "variant", setting: "env.PAYMENT_POOL", control: "64", value: "4" }];

type Changes = Partial<Omit<PlaybookRun, "result" | "directory">> & {
  readonly run?: Partial<Result["run"]>;
  readonly result?: Partial<Result>;
};

function runOf(fixture: string, day: number, changes: Changes = {}): PlaybookRun {
  const { result }: ReportModel = FIXTURES[fixture]!();
  const { run, result: changed, ...others } = changes;
  const startedAt = `2026-01-${String(day).padStart(2, "0")}T12:00:00.000Z`;
  return {
    directory: `run-${day}`,
    result: { ...result, ...changed, run: { ...result.run, startedAt, ...run } },
    armsDiffer: CUT,
    delayed: false,
    overrides: [],
    ...others,
  };
}

/** The A/A fixture's run with another effect of its primary metric. */
function aaRun(day: number, estimate: number, changes: Changes = {}): PlaybookRun {
  const run = runOf("same-build", day, { armsDiffer: [], run: { scenario: "a/a" }, ...changes });
  const comparisons = run.result.comparisons.map((row) => ({
    ...row,
    effect: row.effect === null ? null : { ...row.effect, estimate },
  }));
  return { ...run, result: { ...run.result, comparisons } };
}

const stoppedEarly = {
  rule: "harm",
  because: "p95 response time is worse by 620 %",
  evidenceUntilS: 12.5,
  breachToCutMs: 231.4,
} as const;

const FOLDER: PlaybookModel = {
  runs: [
    runOf("ship", 3),
    runOf("hold", 1, {
      overrides: [
        {
          at: "2026-01-02T09:00:00.000Z",
          decision: "ship",
          reason: "the rate never occurs",
          by: "ada",
        },
      ],
    }),
    runOf("roll-back", 2, {
      armsDiffer: [
        ...CUT,
        { arm: "variant", setting: "headers.x-flag", control: null, value: "new" },
      ],
      result: {
        stoppedEarly,
        gates: [
          { arm: "variant", stage: "pilot", decision: "go-on", alpha: 0.01, metrics: [] },
          { arm: "variant", stage: "half", decision: "roll-back", alpha: 0.02, metrics: [] },
        ],
      },
    }),
    runOf("incomplete", 4, { armsDiffer: null, run: { scenario: "catalog cache" } }),
    runOf("one-arm", 5, { run: { scenario: "how fast is it" } }),
    aaRun(6, 0.01),
    aaRun(7, -0.02, { result: { decision: "roll-back" } }),
    aaRun(8, 0.03),
  ],
  unread: [
    {
      directory: "zz-killed",
      why: "not judged: it goes on, or it was ended before it could finish",
    },
    { directory: "aa-old", why: "its result.json is another version's" },
  ],
};

describe("a playbook", () => {
  it("is the same as the golden file, whatever order the runs are read in", () => {
    const text = playbookMarkdown(FOLDER);
    expect(text).toBe(golden("playbook.md", text));
    const { runs, unread } = FOLDER;
    expect(playbookMarkdown({ runs: runs.toReversed(), unread: unread.toReversed() })).toBe(text);
  });

  it("tells what an effect depends on, and when the load was halved", () => {
    const at = (level: string, value: number) => ({ level, value, low: value, high: value });
    const slowness = {
      of: "variant" as const,
      arm: "variant",
      metric: "response_time_p95",
      unit: "us" as const,
      stage: "everybody",
      factors: ["slowness"],
      aliases: [],
      kind: "relative" as const,
      estimate: 2,
      low: 1.5,
      high: 2.5,
      confidence: 0.95,
      adjustedP: 0.001,
      shown: true,
      levels: [at("1", 0.03), at("4", 2.09)],
      errorFrom: "replicates" as const,
    };
    const halved = { stage: "everybody", share: 0.5, because: "p95 looks worse" };
    const throttlings = [{ ...halved, evidenceUntilS: 11, fromS: 12 }];
    const run = runOf("hold", 1, { result: { factors: [slowness], throttlings } });
    const text = playbookMarkdown({ runs: [run], unread: [] }).replaceAll(/[\u00A0\\]/g, " ");
    expect(text).toMatch(
      /^- Run 1: slowness decides what variant does to .* at 1, \+209 % .* at 4$/m,
    );
    expect(text).toMatch(/^- Run 1: the load was halved, to 50 % .* 12 s into .* looks worse$/m);
  });

  it("has no NaN, undefined or null where a reader would meet it, be there no run at all", () => {
    for (const model of [FOLDER, { runs: [], unread: FOLDER.unread }]) {
      expect(playbookMarkdown(model)).not.toMatch(/NaN|undefined|null|Infinity|\[object/);
    }
  });

  it("lets no text that was captured or configured become markup", () => {
    const evil = HOSTILE[3];
    const text = playbookMarkdown({
      runs: HOSTILE.slice(0, 5).map((each, index) =>
        runOf("hostile", index + 1, {
          armsDiffer: [{ arm: each, setting: each, control: each, value: each }],
          overrides: [{ at: each, decision: each, reason: each, by: each }],
          run: { scenario: each, host: { node: each, os: each, cpus: 1 } },
          result: { stoppedEarly: { ...stoppedEarly, because: each } },
        }),
      ),
      unread: [{ directory: evil, why: evil }],
    });
    expect(text).not.toMatch(/<[^>]*>|(?<!\\)\[e|@everyone|#1\b|https?:\/\/|www\./);
    // oxlint-disable-next-line no-control-regex -- what steers a terminal must not be there
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
    const tables = text.split("\n\n").filter((block) => block.startsWith("|"));
    for (const table of tables) {
      const widths = table.split("\n").map((line) => line.split(/(?<!\\)\|/).length);
      expect(new Set(widths).size).toBe(1);
    }
  });
});

describe("A/A noise", () => {
  it("is the SD of the runs' effects on the log scale, each of an experiment's runs being one", () => {
    const estimates = [0.01, -0.02, 0.03];
    const logs = estimates.map(Math.log1p);
    const mean = logs.reduce((sum, x) => sum + x, 0) / 3;
    const sd = Math.sqrt(logs.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 2);
    const apart = noiseOf(estimates.map((estimate, day) => aaRun(day + 1, estimate)));
    expect(apart.length).toBeGreaterThan(0);
    for (const row of apart) {
      expect(row.runs).toBe(3);
      expect(row.sd).toBeCloseTo(sd, 12);
    }
    const whole = aaRun(1, 0);
    const row = {
      id: "1",
      seed: "1",
      slots: ["control", "variant"],
      startedAt: "2026-01-01T00:00:00.000Z",
      durationS: 1,
      complete: true,
      judged: true,
    };
    const runs = estimates.map((estimate, index) => ({
      ...row,
      run: index + 1,
      comparisons: aaRun(1, estimate).result.comparisons,
    }));
    const together = noiseOf([{ ...whole, result: { ...whole.result, runs } }]);
    expect(together).toEqual(
      apart.map((each) => ({ ...each, sd: expect.closeTo(sd, 12) as number })),
    );
  });

  it("leaves out runs whose arms differ, or may, or were told apart by a known delay", () => {
    const others = [{ armsDiffer: CUT }, { armsDiffer: null }, { delayed: true }];
    expect(noiseOf(others.map((other, day) => aaRun(day + 1, 0.5, other)))).toEqual([]);
  });
});
