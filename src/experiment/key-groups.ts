import {
  answeredStarts,
  type ArmMeta,
  type EmulatedCall,
  type Observation,
  type ObservationMeta,
  type Rows,
  visitRows,
} from "../measure/index.ts";
import {
  type Block,
  countObservation,
  emptyBlock,
  emptyCut,
  refusalsFail,
  type StageBlocks,
  targetsOf,
} from "./blocks.ts";
import type { RawComparison } from "./compare.ts";
import { familyOf, isOfRequests, type MetricName } from "./metrics/index.ts";
import type { Plan, PlannedStage } from "./plan.ts";

/** Enough for a variance, few enough that each holds many keys. */
const GROUPS = 60;
/** What the assignment reads of a bucket decides the arm; the group goes by digits far behind. */
const DIGITS = 2 ** 24;

/** Of an arm's calls in judged time, the share that must name a start whose key is known. */
const NAMED_RATIO = 0.9;

/** The judged stages of a split in groups of keys. */
export interface KeyGroups {
  readonly stages: readonly StageBlocks[];
  /** Whether the groups hold the arms' calls, too: the targets pass on whose request a call is of. */
  readonly holdCalls: boolean;
}

/** What keys can tell of a metric: `nothing` of what is an arm's own, `unnamed` calls are nobody's. */
export function toldByKeys(
  spec: MetricName,
  { holdCalls }: KeyGroups,
): "groups" | "unnamed" | "nothing" {
  if (isOfRequests(spec)) return "groups";
  if (familyOf(spec).dependency === "none") return "nothing";
  return holdCalls ? "groups" : "unnamed";
}

/** The group of a key, by its bucket in (0, 1): it has nothing to do with the arm that it falls to. */
export const groupOf = (bucket: number): number => Math.floor(((bucket * DIGITS) % 1) * GROUPS);

/** A split's rows, and whose each start is. */
export interface KeyedRows {
  readonly observations: Rows<Observation, ObservationMeta>;
  readonly calls: Rows<EmulatedCall, ArmMeta> | null;
  /** Of each start, by its number. */
  readonly buckets: ReadonlyMap<number, number>;
  readonly dependencies: readonly string[];
}

const NO_CALLS: Rows<EmulatedCall, unknown> = Object.assign([], { meta: null });

/** Counts calls; whether those of each arm name their start. `count`: null for one that is not judged. */
function callsAreNamed(
  { calls, observations }: KeyedRows,
  count: (call: EmulatedCall) => boolean | null,
): boolean {
  const named = observations.meta.arms.map(() => ({ all: 0, known: 0 }));
  visitRows(calls ?? NO_CALLS, (call) => {
    const known = count(call);
    const own = named[call.arm];
    if (known === null || own === undefined) return;
    own.all++;
    if (known) own.known++;
  });
  return named.every(({ all, known }) => known >= NAMED_RATIO * all);
}

/**
 * The judged stages of a split cut into groups of keys, in the place of blocks of time: all that a key
 * asks for, and what it has others asked for, is in one group, so that groups differ by what keys
 * differ by, however long each stays. A call is of the start that it names.
 * Source: Deng, Lu & Litz 2017 (the randomisation unit is the unit of the variance); Chamandy et al. 2012.
 */
export function cutIntoKeyGroups(
  plan: Plan,
  { buckets, calls, dependencies, observations }: KeyedRows,
  stages: readonly PlannedStage[] = plan.stages,
): KeyGroups {
  const targets = targetsOf(plan);
  const lists = { dependencies: dependencies.length, targets: targets.length };
  const arms = observations.meta.arms.length;
  const byTime = emptyCut(stages, arms, lists);
  const grouped = byTime.stages.map(({ stage }): StageBlocks => {
    const groups = (): Block[] =>
      Array.from({ length: GROUPS }, () => emptyBlock(stage.blockNs, lists));
    return { stage, blocks: Array.from({ length: arms }, groups) };
  });
  const context = {
    capNs: plan.timeoutNs,
    answered: answeredStarts(observations),
    targets,
    refusalsFail: refusalsFail(plan),
  };
  let group = 0;
  const intendedOf = new Map<number, number>();
  const at = (arm: number, atNs: number): Block | undefined => {
    if (byTime.at(arm, atNs) === undefined) return undefined;
    const place = grouped.findIndex(
      ({ stage }) => atNs >= stage.judgedFromNs! && atNs < stage.endNs,
    );
    return grouped[place]?.blocks[arm]?.[group];
  };
  visitRows(observations, (observation) => {
    const bucket = buckets.get(observation.seq);
    if (bucket === undefined) return;
    group = groupOf(bucket);
    intendedOf.set(observation.seq, observation.intendedNs);
    countObservation({ stages: grouped, at }, observation, context);
  });
  const holdCalls = callsAreNamed({ buckets, calls, dependencies, observations }, (call) => {
    const intendedNs = intendedOf.get(call.seq);
    if (byTime.at(call.arm, intendedNs ?? call.arriveNs) === undefined) return null;
    if (intendedNs === undefined) return false;
    group = groupOf(buckets.get(call.seq)!);
    const block = at(call.arm, intendedNs);
    const dependency = dependencies.indexOf(calls!.meta.dependencies[call.dependency] ?? "");
    if (block !== undefined && dependency >= 0) block.calls[dependency]!++;
    return true;
  });
  return { stages: grouped, holdCalls };
}

/** What is said of calls where they are nobody's: blocks of time do not see that users differ. */
export const unnamed = (byTime: RawComparison): RawComparison => ({
  ...byTime,
  effect: null,
  theta: null,
  pHarm: null,
  mde: null,
  warnings: [
    ...byTime.warnings,
    "the targets do not pass on whose request a call is of, and users differ in what they call: " +
      "pass on traceparent or x-request-id, or split by request",
  ],
});

/** The less certain of two views of one comparison: by blocks of time, and by groups of keys. */
export function lessCertain(byTime: RawComparison, byKeys: RawComparison | null): RawComparison {
  if (byTime.theta === null) return byTime;
  if (byKeys === null || byKeys.theta === null) {
    const why =
      "keys are too few to say how much they differ: more of them would do, or a split by request";
    const warnings = [...byTime.warnings, why];
    return { ...byTime, effect: null, theta: null, pHarm: null, mde: null, warnings };
  }
  const pHarm = Math.max(byTime.pHarm ?? 1, byKeys.pHarm ?? 1);
  return { ...(byKeys.theta.se > byTime.theta.se ? byKeys : byTime), pHarm };
}
