import { expect, it } from "vitest";
import { compareRuns } from "../../src/experiment/compare-runs.ts";
import {
  cutIntoBlocks,
  familyOf,
  metricEffect,
  type MetricComparison,
} from "../../src/experiment/index.ts";
import type { ProcessSample } from "../../src/telemetry/index.ts";
import { observationTable } from "./blocks-fixture.ts";
import { PLAN } from "./plan-fixture.ts";

const NAME = { metric: "peak_rss", margin: 0.1 };
const LISTS = { dependencies: [], prices: [], targets: [] };
const stage = {
  name: "all",
  ratePerSec: 1,
  fromPerSec: 1,
  startNs: 0,
  endNs: 40e9,
  judgedFromNs: 10e9,
  blockNs: 1e9,
};

const seen = (rssBytes: number, peakBytes = rssBytes): ProcessSample["arms"][string] => ({
  cpuS: 0,
  rssBytes,
  peakBytes,
  processes: 1,
  threads: 1,
  openFiles: null,
  openFilesMax: null,
  coresMax: null,
  throttledS: null,
  sockets: {},
});

/** A run in which control peaks at 100 MB, seen in between, and the variant at so many times that. */
function effectOf(times: number) {
  const processes = Array.from({ length: 40 }, (_, s) => ({
    atNs: s * 1e9,
    arms: {
      // What came before judged time is none of the stage's.
      control: s < 10 ? seen(900e6) : seen(80e6, s === 25 ? 100e6 : 80e6),
      variant: seen(s === 30 ? 100e6 * times : 70e6),
    },
  }));
  const [cut] = cutIntoBlocks({
    observations: observationTable([]),
    calls: null,
    dependencies: [],
    stages: [stage],
    capNs: 1e9,
    processes,
  });
  const [control = [], variant = []] = cut!.blocks;
  return metricEffect(NAME, { control, variant, confidence: 0.95, betweenRunSd: 0.01 }, LISTS);
}

function rowOf(times: number): MetricComparison {
  const { control, theta, variant, warnings } = effectOf(times);
  return {
    label: "peak_rss",
    arm: "variant",
    stage: "all",
    role: "guardrail",
    unit: "MB",
    better: "lower",
    control,
    variant,
    confidence: 0.95,
    effect: null,
    margin: 0.1,
    mde: null,
    theta: { ...theta, se: 0, df: 0 },
    adjustedPHarm: null,
    warnings: warnings.map(({ message }) => message),
  };
}

it("one run has one peak, in judged time, and is never judged by it", () => {
  const effect = effectOf(2);
  expect(effect).toMatchObject({ control: 100, variant: 200, judged: false, pHarm: 1 });
  expect(familyOf(NAME).onePerRun).toBe(true);
});

it("several runs are: by how much their peaks differ from run to run, and by nothing else", () => {
  const of = (times: readonly number[]): MetricComparison => {
    const rows = times.map(rowOf);
    const runs = rows.map((row, index) => ({ run: index + 1, comparisons: [row] }));
    return compareRuns({ ...PLAN, betweenRunSd: 0.0001 }, runs, [rows[0]!])[0]!;
  };
  expect(of([1.48, 1.5, 1.52, 1.5]).effect).toMatchObject({
    kind: "relative",
    estimate: expect.closeTo(0.5, 2),
  });
  expect(of([1.48, 1.5, 1.52, 1.5]).effect!.low).toBeGreaterThan(0.4);
  // A registered spread of times is not believed of memory: two runs that differ show next to nothing.
  const two = of([1, 1.5]).effect!;
  expect(two.low).toBeLessThan(-0.5);
  expect(two.high).toBeGreaterThan(3);
});
