import { describe, expect, it } from "vitest";
import {
  compareMetrics,
  cutIntoBlocks,
  cutIntoKeyGroups,
  type MetricComparison,
  type Plan,
  type PlannedStage,
} from "../../src/experiment/index.ts";
import type { EmulatedCall, Observation } from "../../src/measure/index.ts";
import { seededPrng } from "../../src/core/index.ts";
import { periodOrder } from "../../src/replay/index.ts";
import { plainCall } from "../../src/testing/index.ts";
import { autoregressive, gaussians } from "../stats/simulate.ts";
import { callTable, observationTable, response } from "./blocks-fixture.ts";
import { PLAN } from "./plan-fixture.ts";

const RUNS = 100;
const PERIOD_NS = 0.5e9;
const BLOCKS = 48;
const STARTS = 20;
const MEDIAN_NS = 20e6;

const stageOf = (blockNs: number, more: Partial<PlannedStage> = {}): PlannedStage => ({
  name: "all",
  ratePerSec: 40,
  fromPerSec: 40,
  startNs: 0,
  judgedFromNs: 0,
  endNs: BLOCKS * 2 * PERIOD_NS,
  blockNs,
  ...more,
});
const planOf = (stage: PlannedStage): Plan => ({
  ...PLAN,
  betweenRunSd: null,
  primary: { metric: "response_time_mean", margin: 0.1 },
  secondary: [],
  guardrails: [],
  stages: [stage],
});

/** Of runs without an effect: how many intervals hold 0, and how many show harm at 2.5 %. */
function told(rows: readonly MetricComparison[]) {
  const holds = rows.filter(({ effect }) => effect!.low <= 0 && effect!.high >= 0).length;
  const harm = rows.filter(({ adjustedPHarm }) => adjustedPHarm! <= 0.025).length;
  return { holds, harm };
}

/** One request, at a level on the log scale. */
const at = (arm: number, seq: number, intendedNs: number, level: number): Observation =>
  response(arm, seq, intendedNs, MEDIAN_NS * Math.exp(level));

/** A crossover whose machine slows down as it goes, and has moods from period to period. */
function crossoverRun(seed: string): MetricComparison {
  const normal = gaussians(seed);
  const moods = autoregressive(normal, 2 * BLOCKS, 0.8);
  const rows = Array.from({ length: BLOCKS }, (_, cycle) => {
    const luck = Array.from({ length: STARTS }, () => normal());
    return periodOrder(seed, cycle, 2).flatMap((arm, turn) =>
      luck.map((own, i) => {
        const period = 2 * cycle + turn;
        const intendedNs = period * PERIOD_NS + (i * PERIOD_NS) / STARTS;
        const level = (0.5 * period) / BLOCKS + 0.1 * moods[period]! + 0.5 * own;
        return at(arm, cycle * STARTS + i, intendedNs, level);
      }),
    );
  }).flat();
  const periods = { lengthNs: PERIOD_NS, washoutNs: PERIOD_NS / 5 };
  const stage = stageOf(2 * PERIOD_NS, { periods });
  const input = { observations: observationTable(rows), calls: null, dependencies: [] };
  const cut = cutIntoBlocks({ ...input, stages: [stage], capNs: PLAN.timeoutNs });
  return compareMetrics(planOf(stage), cut, [])[0]!;
}

const USERS = 300;
const AMPLIFICATION = { metric: "amplification", dependency: "payments", margin: 0.1 };

/** A split of users who stay for the whole run and differ in what they ask for. */
function splitRun(seed: string) {
  const normal = gaussians(seed);
  const uniform = seededPrng(`${seed} users`);
  const users = Array.from({ length: USERS }, () => ({
    bucket: uniform(),
    level: 0.4 * normal(),
    callsShare: uniform() < 0.5 ? 0.1 : 0.9,
  }));
  const moods = autoregressive(normal, BLOCKS, 0.8);
  const buckets = new Map<number, number>();
  const calls: EmulatedCall[] = [];
  const rows = Array.from({ length: BLOCKS * 2 * STARTS }, (_, seq) => {
    const intendedNs = (seq * PERIOD_NS) / STARTS;
    const user = users[Math.floor(uniform() * USERS)]!;
    buckets.set(seq, user.bucket);
    const mood = moods[Math.floor(intendedNs / (2 * PERIOD_NS))]!;
    const level = user.level + 0.1 * mood + 0.3 * normal();
    const arm = user.bucket < 0.5 ? 1 : 0;
    const arriveNs = intendedNs + 1e5;
    if (uniform() < user.callsShare) calls.push(plainCall({ arm, seq, arriveNs }));
    return at(arm, seq, intendedNs, level);
  });
  const stage = stageOf(2 * PERIOD_NS);
  const plan = { ...planOf(stage), guardrails: [AMPLIFICATION] };
  const observations = observationTable(rows);
  const dependencies = ["payments"];
  const compared = (named: readonly EmulatedCall[], byKeys: boolean): MetricComparison[] => {
    const input = { observations, calls: callTable(named, dependencies), dependencies };
    const cut = cutIntoBlocks({ ...input, stages: [stage], capNs: PLAN.timeoutNs });
    const groups = byKeys ? cutIntoKeyGroups(plan, { ...input, buckets }) : null;
    return compareMetrics(plan, cut, dependencies, [], new Map(), groups);
  };
  return { time: compared(calls, false), both: compared(calls, true), calls, compared };
}

const SEEDS = Array.from({ length: RUNS }, (_, run) => `run ${run}`);
/** Four standard errors of a count of so many runs. */
const slack = (share: number): number => 4 * Math.sqrt(RUNS * share * (1 - share));

describe("without an effect", () => {
  it("a crossover keeps its errors under a trend and moods that last", () => {
    const { harm, holds } = told(SEEDS.map(crossoverRun));
    expect(harm).toBeLessThanOrEqual(0.025 * RUNS + slack(0.025));
    expect(holds).toBeGreaterThanOrEqual(0.95 * RUNS - slack(0.05));
  });

  it("a split of users who stay keeps them by groups of keys, which blocks of time alone do not", () => {
    const runs = SEEDS.map(splitRun);
    // Times, and calls to a dependency.
    for (const metric of [0, 1]) {
      const [time, both] = [
        told(runs.map((run) => run.time[metric]!)),
        told(runs.map((run) => run.both[metric]!)),
      ];
      expect(both.harm).toBeLessThanOrEqual(0.025 * RUNS + slack(0.025));
      expect(both.holds).toBeGreaterThanOrEqual(0.95 * RUNS - slack(0.05));
      expect(time.holds).toBeLessThan(0.85 * RUNS);
    }
  });

  it("calls that name no request are nobody's: nothing is said of them, and why", () => {
    const { calls, compared } = splitRun("unnamed");
    const unnamed = calls.map((call) => ({ ...call, seq: -1 }));
    const [times, amplification] = compared(unnamed, true);
    expect(times!.effect).not.toBeNull();
    expect(amplification).toMatchObject({ effect: null, theta: null });
    expect(amplification!.warnings.join()).toMatch(/do not pass on whose request a call is of/);
  });
});
