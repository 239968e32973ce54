import { describe, expect, it } from "vitest";
import {
  type Block,
  blocksAfter,
  compareMetrics,
  emptyBlock,
  findSettled,
  judgeSoaks,
  type Plan,
  type PlannedStage,
  type SoakRules,
  type StageBlocks,
  statusOf,
} from "../../src/experiment/index.ts";
import { Histogram } from "../../src/measure/index.ts";
import {
  InsideSignals,
  type ProcessSample,
  type TelemetryLine,
} from "../../src/telemetry/index.ts";
import { autoregressive, gaussians, upperBound99 } from "../stats/simulate.ts";
import { PLAN } from "./plan-fixture.ts";

const SECOND = 1e9;
const BLOCK_NS = 10 * SECOND;
const BLOCKS = 120;
const LENGTH_NS = BLOCKS * BLOCK_NS;
const P50 = { metric: "response_time_p50", margin: 0.1 } as const;
const RULES: SoakRules = { drift: 0.1, leak: 0.1, horizonNs: LENGTH_NS };

function stageOf(soak = RULES, blocks = BLOCKS): PlannedStage {
  const rate = { ratePerSec: 50, fromPerSec: 50 };
  const endNs = blocks * BLOCK_NS;
  return {
    name: "overnight",
    ...rate,
    startNs: 0,
    endNs,
    judgedFromNs: 0,
    blockNs: BLOCK_NS,
    soak,
  };
}

const PLANNED: Plan = {
  ...PLAN,
  primary: P50,
  secondary: [],
  guardrails: [],
  stages: [stageOf()],
};

/** Two arms whose blocks have a median that differs by their own luck, and by what `late` says. */
function blocksOf(
  seed: string,
  {
    late = () => 0,
    phi = 0,
    stage = stageOf(),
  }: {
    readonly late?: (share: number) => number;
    readonly phi?: number;
    readonly stage?: PlannedStage;
  } = {},
): StageBlocks {
  const normal = gaussians(seed);
  const count = stage.endNs / BLOCK_NS;
  const arm = (moved: (share: number) => number): Block[] =>
    autoregressive(normal, count, phi).map((luck, b) => {
      const block = emptyBlock(BLOCK_NS, { dependencies: 0, targets: 0 });
      const centre = 10_000 * Math.exp(0.05 * luck + moved((b + 0.5) / count));
      const times = new Histogram();
      for (let i = 0; i < 9; i++) times.record(centre * Math.exp(0.02 * (i - 4)));
      block.responseTime.add(times);
      return { ...block, planned: 9, started: 9 };
    });
  return { stage, blocks: [arm(() => 0), arm(late)] };
}

/** What processes held, once a second: `[control, variant]` in MB and open files at each second. */
function processesOf(
  held: (second: number, arm: number) => number,
  seconds = LENGTH_NS / SECOND,
  openFiles: typeof held = () => 40,
): ProcessSample[] {
  const about = {
    cpuS: 0,
    processes: 1,
    threads: 10,
    openFilesMax: 1024,
    coresMax: null,
    throttledS: null,
  };
  return Array.from({ length: seconds }, (_, second) => {
    const of = (arm: number) => ({
      ...about,
      rssBytes: held(second, arm) * 1e6,
      openFiles: openFiles(second, arm),
      sockets: {},
    });
    return { atNs: second * SECOND, arms: { control: of(0), variant: of(1) } };
  });
}

function judge(
  stages: readonly StageBlocks[],
  processes: readonly ProcessSample[] = [],
  inside: InsideSignals | null = null,
) {
  const context = { dependencies: [], ends: new Map<string, number>() };
  const settled = findSettled(PLANNED, stages, context);
  const after = blocksAfter(settled, stages);
  const sources = { processes, inside };
  const soaks = judgeSoaks(PLANNED, { whole: stages, after }, { ...context, settled, sources });
  const rows = compareMetrics(PLANNED, after, [], soaks.rows);
  const row = (label: string) => rows.find((each) => each.label === label);
  const statusIn = (label: string) => statusOf(row(label)!, PLANNED.alpha);
  return { settled, course: soaks.courses[0]!, row, statusIn };
}

/** Up by 60 MB and down again, out of step; a new level at each collection, as chance has it. */
function sawtooth(seed: string, periodS: number) {
  const normal = gaussians(seed);
  const floors = Array.from({ length: 2 * 400 }, () => 200 + 2 * normal());
  const phases = [0, 0.37 * periodS];
  return (second: number, arm: number): number => {
    const at = second + phases[arm]!;
    return floors[400 * arm + Math.floor(at / periodS)]! + 60 * ((at % periodS) / periodS);
  };
}

const MEMORY = "leak:memory";
const DRIFT = "drift:response_time_p50";

describe("what processes hold over a soak", () => {
  it.each([7, 120, 400])(
    "a garbage collector's sawtooth of %i s is a leak no more often than alpha allows",
    (periodS) => {
      const reps = 30;
      let [found, judged] = [0, 0];
      for (let rep = 0; rep < reps; rep++) {
        const held = sawtooth(`saw ${periodS} ${rep}`, periodS);
        const stage = { ...stageOf({ ...RULES, leak: 0 }) };
        const { row } = judge([{ ...blocksOf("saw"), stage }], processesOf(held));
        if (row(MEMORY)!.effect !== null) judged++;
        // Of 0 as a margin any growth that is shown is a leak: the test is the interval's own.
        if (row(MEMORY)!.effect!.low > 0) found++;
      }
      expect(judged).toBe(reps);
      expect(found / reps).toBeLessThanOrEqual(upperBound99(PLANNED.alpha / 2, reps));
    },
  );

  it.each([7, 31])("a leak under a sawtooth of %i s is found, with its size", (periodS) => {
    const saw = sawtooth(`leak ${periodS}`, periodS);
    const held = (second: number, arm: number): number => saw(second, arm) + arm * second * 0.05;
    const { course, row, statusIn } = judge([blocksOf("leak")], processesOf(held));
    expect(statusIn(MEMORY)).toBe("harm");
    // 0.05 MB/s over 1,200 s on 200 MB is 30 %.
    const { high, low } = row(MEMORY)!.effect!;
    expect(low).toBeLessThan(0.3);
    expect(high).toBeGreaterThan(0.27);
    const memory = course.resources.find(({ resource }) => resource === "memory")!;
    expect(memory.course).toBe("leak");
    expect(memory.variant!.perHour.estimate).toBeGreaterThan(150);
    expect(memory.control!.perHour.low).toBeLessThan(0);
    expect(statusIn("leak:open_files")).toBe("within-margin");
  });

  it("connections of the warm-up that one arm closes some seconds later are no leak of the other", () => {
    const stage = stageOf(RULES, 60);
    const openFiles = (second: number, arm: number): number =>
      arm === 0 && second < 8 ? 69 : 50 + Math.floor(second / 200);
    const { statusIn } = judge(
      [blocksOf("idle", { stage })],
      processesOf(() => 100, 600, openFiles),
    );
    expect(statusIn("leak:open_files")).toBe("within-margin");
  });

  it("a leak that control has as well is shared, and is no harm of the variant's", () => {
    const saw = sawtooth("shared", 31);
    const held = (second: number, arm: number): number => saw(second, arm) + second * 0.05;
    const { course, row, statusIn } = judge([blocksOf("shared")], processesOf(held));
    expect(statusIn(MEMORY)).toBe("within-margin");
    expect(course.resources[0]!.course).toBe("shared");
    expect(row(MEMORY)!.warnings.join()).toContain("both share");
  });

  it("goes by OpenTelemetry's gauges where no process was started, all series of a name together", () => {
    const lines: TelemetryLine[] = [
      { kind: "begin", arms: ["control", "variant"], dependencies: [] } as never,
      ...[0, 1].flatMap((arm) =>
        ["old", "new"].map(
          (space, index) =>
            ({
              kind: "series",
              id: 2 * arm + index,
              arm,
              sender: `${arm}`,
              name: "v8js.memory.heap.used",
              type: "gauge",
              monotonic: false,
              delta: false,
              attributes: { "v8js.heap.space.name": space },
            }) as never,
        ),
      ),
      ...Array.from({ length: LENGTH_NS / SECOND }, (_, second) =>
        [0, 1, 2, 3].map((id) => {
          const grown = id === 2 ? second * 0.05e6 : 0;
          return { kind: "point", id, atNs: second * SECOND + 1, value: 50e6 + grown } as never;
        }),
      ).flat(),
    ];
    const { row, statusIn } = judge([blocksOf("told")], [], new InsideSignals(lines, 0));
    expect(statusIn("leak:heap")).toBe("harm");
    // 60 MB on twice 50.
    expect(row("leak:heap")!.effect!.estimate).toBeCloseTo(0.6, 2);
    expect(row(MEMORY)).toBeUndefined();
  });

  it("is not judged where nobody tells, one arm is silent, or it is too short", () => {
    expect(judge([blocksOf("none")]).row(MEMORY)!.warnings[0]).toContain("nobody tells");
    const half = processesOf(() => 100).map((sample) => ({
      ...sample,
      arms: { control: sample.arms["control"]! },
    }));
    const silent = judge([blocksOf("half")], half);
    expect(silent.statusIn(MEMORY)).toBe("inconclusive");
    expect(silent.row(MEMORY)!.warnings[0]).toContain("variant does not tell it");
    const short = stageOf(RULES, 4);
    const brief = judge(
      [blocksOf("short", { stage: short })],
      processesOf(() => 100, 40),
    );
    expect(brief.row(MEMORY)!.warnings[0]).toBe("too short to judge: it would take about 10 m");
    expect(brief.row(DRIFT)!.warnings[0]).toBe("too short to judge: it would take about 3 m 20 s");
    expect([MEMORY, DRIFT].map(brief.statusIn)).toEqual(["inconclusive", "inconclusive"]);
  });
});

describe("an effect over a soak", () => {
  it.each([0, 0.8])(
    "that keeps its level drifts no more often than alpha allows: AR(1) %d",
    (phi) => {
      const reps = 60;
      let [found, settled] = [0, 0];
      for (let rep = 0; rep < reps; rep++) {
        const verdict = judge([blocksOf(`still ${phi} ${rep}`, { phi })]);
        if (verdict.row(DRIFT)!.effect!.low > 0) found++;
        settled += verdict.settled.length;
      }
      // At AR(1) 0.8 between blocks the trend's own rate is 3.3 % (test/stats/trend.test.ts).
      expect(found / reps).toBeLessThanOrEqual(upperBound99(phi === 0 ? 0.025 : 0.033, reps));
      expect(settled / reps).toBeLessThanOrEqual(upperBound99(0.01, reps));
    },
  );

  it("that gets worse by more than the margin is harm, though its mean is none", () => {
    const { course, row, statusIn } = judge([
      blocksOf("worse", { late: (share) => 0.2 * share - 0.1 }),
    ]);
    expect(statusIn(DRIFT)).toBe("harm");
    expect(statusIn("response_time_p50")).not.toBe("harm");
    expect(course.effect.course).toBe("moving");
    const { high, low } = row(DRIFT)!.effect!;
    expect(low).toBeLessThan(Math.expm1(0.2));
    expect(high).toBeGreaterThan(Math.expm1(0.2));
  });

  it("is told over the horizon that is asked for, and says how long it would take", () => {
    const soak = { ...RULES, horizonNs: 3 * LENGTH_NS };
    const { row, statusIn } = judge([blocksOf("long", { stage: stageOf(soak) })]);
    expect(statusIn(DRIFT)).toBe("inconclusive");
    expect(row(DRIFT)!.warnings.join()).toMatch(/too short to judge: it would take about \d+ m/);
  });

  it("that wears off is judged at its late level, and says so", () => {
    const late = (share: number): number => 0.4 * Math.exp(-share / 0.08);
    const { course, row, settled, statusIn } = judge([blocksOf("novelty", { late })]);
    expect(settled).toHaveLength(1);
    expect(course.effect.course).toBe("novelty");
    expect(course.effect.settled!.early).toBeGreaterThan(0.1);
    expect(Math.abs(course.effect.settled!.late)).toBeLessThan(0.04);
    expect(statusIn("response_time_p50")).toBe("within-margin");
    expect(statusIn(DRIFT)).not.toBe("harm");
    // Over all of the soak its mean would still be a doubt.
    const [control, variant] = blocksOf("novelty", { late }).blocks;
    expect(row("response_time_p50")!.effect!.estimate).toBeLessThan(0.03);
    expect(variant!.length - settled[0]!.blocks).toBeGreaterThanOrEqual(control!.length / 2);
  });

  it("that comes late and stays is judged at what it has come to", () => {
    const late = (share: number): number => 0.3 * (1 - Math.exp(-share / 0.08));
    const { course, statusIn } = judge([blocksOf("delayed", { late })]);
    expect(course.effect.course).toBe("delayed");
    expect(statusIn("response_time_p50")).toBe("harm");
  });
});
