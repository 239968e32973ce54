import {
  answeredStarts,
  type ArmMeta,
  type EmulatedCall,
  type Observation,
  type ObservationMeta,
  type Rows,
  visitBatches,
  visitRows,
} from "../measure/index.ts";
import { type Block, emptyBlock, emptyCut, type StageBlocks, targetsOf } from "./blocks.ts";
import type { RawComparison } from "./compare.ts";
import { refusalsFail, RowCounter } from "./count-rows.ts";
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
  // Numbered stage by stage, in every arm alike.
  const placeAt = (atNs: number, seq: number): number => {
    const bucket = buckets.get(seq);
    if (bucket === undefined || byTime.placeAt(atNs) < 0) return -1;
    const stage = grouped.findIndex(
      (each) => atNs >= each.stage.judgedFromNs! && atNs < each.stage.endNs,
    );
    return stage * GROUPS + groupOf(bucket);
  };
  const block = (arm: number, place: number): Block | undefined =>
    grouped[Math.floor(place / GROUPS)]?.blocks[arm]?.[place % GROUPS];
  const counter = new RowCounter(context);
  const intendedOf = new Map<number, number>();
  visitBatches(observations, (batch) => {
    const { intendedNs, seq } = batch.columns;
    for (let row = 0; row < batch.rows; row++) {
      if (buckets.has(seq[row]!)) intendedOf.set(seq[row]!, intendedNs[row]!);
    }
    counter.take(batch, placeAt);
    counter.count({ blocks: grouped.length * GROUPS, block }, batch);
  });
  const holdCalls = callsAreNamed({ buckets, calls, dependencies, observations }, (call) => {
    const intendedNs = intendedOf.get(call.seq);
    if (byTime.at(call.arm, intendedNs ?? call.arriveNs) === undefined) return null;
    if (intendedNs === undefined) return false;
    const own = block(call.arm, placeAt(intendedNs, call.seq));
    const dependency = dependencies.indexOf(calls!.meta.dependencies[call.dependency] ?? "");
    if (own !== undefined && dependency >= 0) own.calls[dependency]!++;
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
