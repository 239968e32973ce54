import { describe, expect, it } from "vitest";
import { seededPrng } from "../../../src/core/index.ts";
import {
  cutIntoBlocks,
  cutIntoKeyGroups,
  type KeyGroupsUntil,
  LiveJudge,
  type Plan,
  type StageBlocks,
} from "../../../src/experiment/index.ts";
import type { Observation } from "../../../src/measure/index.ts";
import { gaussians } from "../../stats/simulate.ts";
import { observationTable, response } from "../blocks-fixture.ts";
import { LIVE_PLAN } from "./virtual-evidence.ts";

const [RUNS, USERS, BLOCKS, STARTS] = [60, 200, 40, 50];
const [STAGE] = LIVE_PLAN.stages;

/** Two stages of a split: a gate stands after the first, and harm is looked for in both. */
const SPLIT: Plan = {
  ...LIVE_PLAN,
  primary: { metric: "response_time_mean", margin: 0.02 },
  guardrails: [],
  assignment: {
    kind: "split",
    by: { kind: "session" },
    weights: [0.5, 0.5],
    shares: [0.5, 0.5],
    holdout: 0,
    reserved: [],
  },
};

/** Users who stay for the whole stage, and differ; the variant is so many times as slow. */
function run(seed: string, slower: number) {
  const normal = gaussians(seed);
  const uniform = seededPrng(`${seed} users`);
  const users = Array.from({ length: USERS }, () => ({ bucket: uniform(), level: 0.7 * normal() }));
  const buckets = new Map<number, number>();
  const rows = Array.from({ length: BLOCKS * STARTS }, (_, seq): Observation => {
    const { bucket, level } = users[Math.floor(uniform() * USERS)]!;
    buckets.set(seq, bucket);
    const arm = bucket < 0.5 ? 1 : 0;
    const tookNs = 20e6 * Math.exp(level + 0.3 * normal()) * (arm === 1 ? slower : 1);
    return response(arm, seq, (seq * STAGE!.blockNs) / STARTS, tookNs);
  });
  const stages = [STAGE!];
  const whole = { observations: observationTable(rows), calls: null, dependencies: [] };
  const [cut] = cutIntoBlocks({ ...whole, stages, capNs: SPLIT.timeoutNs });
  const groups: KeyGroupsUntil = (stage, untilNs) => {
    const soFar = rows.filter(({ intendedNs }) => intendedNs < untilNs);
    const keyed = { ...whole, observations: observationTable(soFar), buckets };
    return cutIntoKeyGroups(SPLIT, keyed, [{ ...stage, endNs: untilNs }]);
  };
  return { cut: cut!, groups };
}

/** What ends the stage: of all its blocks, one after the other, and its gate. */
function stopOf(judge: LiveJudge, { blocks, stage }: StageBlocks): string | null {
  for (let block = 0; block < BLOCKS; block++) {
    const { stop } = judge.see({
      stage,
      stageIndex: 0,
      block,
      endNs: (block + 1) * stage.blockNs,
      lastOfStage: block === BLOCKS - 1,
      blocks: blocks.map((own) => own.slice(0, block + 1)),
    });
    if (stop !== null) return stop.rule;
  }
  return null;
}

const SEEDS = Array.from({ length: RUNS }, (_, index) => `keys ${index}`);
const BY_REQUEST: Plan = {
  ...SPLIT,
  assignment: {
    ...(SPLIT.assignment as { kind: "split" }),
    by: { kind: "request" },
  } as NonNullable<Plan["assignment"]>,
};

describe("looks and gates of a split in which users stay", () => {
  it("stop no more runs falsely than alpha allows, which blocks of time alone do", () => {
    const runs = SEEDS.map((seed) => run(seed, 1));
    const stopped = (judges: (groups: KeyGroupsUntil) => LiveJudge): number =>
      runs.filter(({ cut, groups }) => stopOf(judges(groups), cut) !== null).length;
    // The looks' quarter of alpha and the gates' are 2.5 % together; four standard errors above it.
    const most = 0.025 * RUNS + 4 * Math.sqrt(RUNS * 0.025 * 0.975);
    expect(stopped((groups) => new LiveJudge(SPLIT, [], [], groups))).toBeLessThan(most);
    expect(stopped(() => new LiveJudge(BY_REQUEST, []))).toBeGreaterThan(most);
  });

  it("stop for what the keys show, too, and never where nothing is known of keys", () => {
    const slow = SEEDS.slice(0, 10).map((seed) => run(seed, 2));
    const rules = slow.map(({ cut, groups }) => stopOf(new LiveJudge(SPLIT, [], [], groups), cut));
    expect(rules).toEqual(slow.map(() => "harm"));
    const blind = slow.map(({ cut }) => stopOf(new LiveJudge(SPLIT, []), cut));
    expect(blind).toEqual(slow.map(() => null));
  });
});
