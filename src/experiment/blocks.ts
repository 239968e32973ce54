import {
  answeredStarts,
  type ArmMeta,
  type EmulatedCall,
  Histogram,
  type Observation,
  type ObservationBatch,
  type ObservationMeta,
  type ResponsePair,
  type Rows,
  StartNumbers,
  type StartSet,
  type UsageSample,
  visitBatches,
  visitCallBatches,
} from "../measure/index.ts";
import type { RatioBlock } from "../stats/index.ts";
import type { ProcessSample } from "../telemetry/index.ts";
import { type Context, RowCounter } from "./count-rows.ts";
import { type BlockLists, toldLabel } from "./metrics/index.ts";
import type { Plan, PlannedStage } from "./plan.ts";
import { countResponses } from "./responses.ts";
import { toldSpecsOf } from "./told.ts";
import { countPeaks, countUsage } from "./used.ts";

/** What one arm did in one time block of intended starts. */
export interface Block {
  readonly responseTime: Histogram;
  readonly serviceTime: Histogram;
  planned: number;
  started: number;
  /**
   * Requests without an answer (of any error kind), answers of 500 and above, and refusals (4xx) of
   * what another arm answered.
   */
  failed: number;
  /** Of `failed`, those that count with the timeout: right-censored. */
  censored: number;
  /** Calls to each dependency that belong to the block's requests. */
  readonly calls: number[];
  /** Of `started`, those that did not fail and kept each target. */
  readonly good: number[];
  /** Responses that came within the block's time, whenever they were asked for. */
  answered: number;
  /** Of `answered`, those that did not fail and kept each target. */
  readonly answeredGood: number[];
  /** Requests that were answered, by intended start, and what was sent for them, head and body. */
  responses: number;
  requestBytes: number;
  /** Answers that were compared, with control's or, of control, with its own again. */
  answersCompared: number;
  /** Of `answersCompared`, those that differ in a field that is no noise. */
  answersDiffering: number;
  /** CPU seconds that the arm used in the block's time; null where nobody read them. */
  cpuS: number | null;
  /** The most that the arm's processes had in memory in its time; null where nobody looked. */
  peakBytes: number | null;
  /** What the arm told of itself in its time, by metric; empty where nobody asked. */
  readonly told: RatioBlock[];
  /** For how long an arm was loaded in it, and judged. */
  readonly lengthNs: number;
}

/** The targets that a plan's metrics name, each once, ascending; in ns. */
export function targetsOf({
  guardrails,
  primary,
  secondary,
}: Pick<Plan, "guardrails" | "primary" | "secondary">): number[] {
  const specs = [...(primary === null ? [] : [primary]), ...secondary, ...guardrails];
  const targets = specs.flatMap(({ target }) => (target === undefined ? [] : [target]));
  return [...new Set(targets)].toSorted((a, b) => a - b);
}

/** What the numbers in a plan's blocks stand for, given whom they count calls to. */
export const blockLists = (plan: Plan, dependencies: readonly string[]): BlockLists => ({
  dependencies,
  prices: dependencies.map((name) => plan.prices?.[name] ?? 0),
  targets: targetsOf(plan),
  told: toldSpecsOf(plan).map(toldLabel),
});

/** A judged stage cut into blocks, the same boundaries for every arm: `blocks[arm][block]`. */
export interface StageBlocks {
  readonly stage: PlannedStage;
  readonly blocks: readonly (readonly Block[])[];
}

/** A block in which nothing has happened yet. */
export const emptyBlock = (
  lengthNs: number,
  { dependencies, targets }: { readonly dependencies: number; readonly targets: number },
): Block => ({
  responseTime: new Histogram(),
  serviceTime: new Histogram(),
  planned: 0,
  started: 0,
  failed: 0,
  censored: 0,
  calls: Array.from({ length: dependencies }, () => 0),
  good: Array.from({ length: targets }, () => 0),
  answered: 0,
  answeredGood: Array.from({ length: targets }, () => 0),
  responses: 0,
  requestBytes: 0,
  answersCompared: 0,
  answersDiffering: 0,
  cpuS: null,
  peakBytes: null,
  told: [],
  lengthNs,
});

/** The judged stages in blocks, as they are filled. */
export interface Cut {
  readonly stages: readonly StageBlocks[];
  /** Blocks are numbered over all stages, in every arm alike: so many each has. */
  readonly blocks: number;
  /** The number of the block of a moment; -1 outside judged time, and in a last block cut short. */
  readonly placeAt: (atNs: number) => number;
  readonly block: (arm: number, place: number) => Block | undefined;
  /** The block of a moment, as `placeAt` finds it. */
  readonly at: (arm: number, atNs: number) => Block | undefined;
}

/** What is cut as the whole is, and counted with it. */
export interface CountedParts {
  /** Counts what is theirs of a batch that the counter has taken. */
  count(counter: RowCounter, batch: ObservationBatch): void;
}

/** Whether a moment of a judged stage's judged time is in a period's washout. */
export const inWashout = ({ judgedFromNs, periods }: PlannedStage, atNs: number): boolean =>
  periods !== undefined && (atNs - (judgedFromNs ?? 0)) % periods.lengthNs < periods.washoutNs;

/** Finds the one whose judged time a moment is in. */
export function judgedAt<Judged extends Pick<PlannedStage, "endNs" | "judgedFromNs">>(
  stages: readonly Judged[],
): (atNs: number) => Judged | undefined {
  const isIn = ({ endNs, judgedFromNs }: Judged, atNs: number): boolean =>
    judgedFromNs !== null && atNs >= judgedFromNs && atNs < endNs;
  // Most moments are of the stage that the one before was of.
  let found: Judged | undefined;
  return (atNs) => {
    if (found === undefined || !isIn(found, atNs)) {
      found = stages.find((stage) => isIn(stage, atNs));
    }
    return found;
  };
}

/** How much of a block's time an arm is loaded and judged. */
const loadedNs = ({ blockNs, periods }: PlannedStage): number =>
  periods === undefined ? blockNs : periods.lengthNs - periods.washoutNs;

/** Every judged stage in empty blocks. A last block that is shorter than the others is left out. */
export function emptyCut(
  planned: readonly PlannedStage[],
  arms: number,
  lists: { readonly dependencies: number; readonly targets: number },
): Cut {
  const judged = planned.filter((stage) => stage.judgedFromNs !== null);
  const stages = judged.map((stage): StageBlocks => {
    const count = Math.floor((stage.endNs - stage.judgedFromNs!) / stage.blockNs);
    const blocks = Array.from({ length: arms }, () =>
      Array.from({ length: count }, () => emptyBlock(loadedNs(stage), lists)),
    );
    return { stage, blocks };
  });
  const flat = Array.from({ length: arms }, (_, arm) =>
    stages.flatMap(({ blocks }) => blocks[arm]!),
  );
  let begins = 0;
  const spans = stages.map(({ blocks, stage }) => {
    const count = blocks[0]?.length ?? 0;
    begins += count;
    const { endNs, judgedFromNs } = stage;
    return { stage, endNs, judgedFromNs, count, begins: begins - count };
  });
  const spanAt = judgedAt(spans);
  const placeAt = (atNs: number): number => {
    const span = spanAt(atNs);
    if (span === undefined || inWashout(span.stage, atNs)) return -1;
    const own = Math.floor((atNs - span.stage.judgedFromNs!) / span.stage.blockNs);
    return own < span.count ? span.begins + own : -1;
  };
  const block = (arm: number, place: number): Block | undefined => flat[arm]?.[place];
  const at = (arm: number, atNs: number): Block | undefined => block(arm, placeAt(atNs));
  return { stages, at, blocks: begins, placeAt, block };
}

/**
 * Cuts the judged stages of a run into blocks of intended time. A call belongs to the block of the
 * request that made it where the target passes identity on, else to the block in which it arrived.
 * A last block that is shorter than the others is left out.
 */
export function cutIntoBlocks(input: {
  readonly observations: Rows<Observation, ObservationMeta>;
  /** `answeredStarts` of the observations, where that is known already. */
  readonly answered?: StartSet;
  readonly calls: Rows<EmulatedCall, ArmMeta> | null;
  /** None unless given. */
  readonly usage?: readonly UsageSample[];
  /** What was seen of the arms' processes; nothing unless given. */
  readonly processes?: readonly ProcessSample[];
  /** Answers that were compared; none unless given. */
  readonly responses?: readonly ResponsePair[];
  readonly dependencies: readonly string[];
  /** Response times to keep, in ns, as `targetsOf` gives them; none unless given. */
  readonly targets?: readonly number[];
  readonly stages: readonly PlannedStage[];
  /** Parts of the traffic, cut into the same stages, that are counted on the way; none unless given. */
  readonly parts?: CountedParts;
  readonly capNs: number;
  /** See `refusalsFail`; false unless given. */
  readonly refusalsFail?: boolean;
}): readonly StageBlocks[] {
  const { capNs, calls, dependencies, observations, targets = [], usage = [] } = input;
  const lists = { dependencies: dependencies.length, targets: targets.length };
  const cut = emptyCut(input.stages, observations.meta.arms.length, lists);
  const answered = input.answered ?? answeredStarts(observations);
  const context: Context = { capNs, answered, targets, refusalsFail: input.refusalsFail === true };
  // The same start has a moment of its own in each arm where arms take turns.
  const placesOf = observations.meta.arms.map(() => new StartNumbers(cut.blocks + 2));
  const counter = new RowCounter(context);
  visitBatches(observations, (batch) => {
    const { arm, seq } = batch.columns;
    counter.take(batch, cut.placeAt);
    for (let row = 0; row < batch.rows; row++) {
      placesOf[arm[row]!]?.set(seq[row]!, counter.starts[row]! + 1);
    }
    counter.count(cut, batch);
    input.parts?.count(counter, batch);
  });
  const place = (calls?.meta.dependencies ?? []).map((name) => dependencies.indexOf(name));
  if (calls !== null) {
    visitCallBatches(calls, (batch) => {
      const { arm, dependency: placed, seqPlusOne } = batch.columns;
      for (let row = 0; row < batch.rows; row++) {
        const own = arm[row]!;
        const known = placesOf[own]?.get(seqPlusOne[row]! - 1) ?? -1;
        const block = cut.block(own, known < 0 ? cut.placeAt(batch.arriveNs[row]!) : known - 1);
        const dependency = place[placed[row]!] ?? -1;
        if (block !== undefined && dependency >= 0) block.calls[dependency]!++;
      }
    });
  }
  countUsage(cut, observations.meta.arms, usage);
  countPeaks(cut, observations.meta.arms, input.processes ?? []);
  countResponses(cut, input.responses ?? []);
  return cut.stages;
}
