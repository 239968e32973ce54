import {
  answeredStarts,
  type CallTable,
  Histogram,
  isFailure,
  type Observation,
  type ObservationTable,
  responseTimeUs,
  serviceTimeUs,
} from "../measure/index.ts";
import type { PlannedStage } from "./plan.ts";

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
}

/** A judged stage cut into blocks, the same boundaries for every arm: `blocks[arm][block]`. */
export interface StageBlocks {
  readonly stage: PlannedStage;
  readonly blocks: readonly (readonly Block[])[];
}

const emptyBlock = (dependencies: number): Block => ({
  responseTime: new Histogram(),
  serviceTime: new Histogram(),
  planned: 0,
  started: 0,
  failed: 0,
  censored: 0,
  calls: Array.from({ length: dependencies }, () => 0),
});

function addTo(
  block: Block,
  observation: Observation,
  context: { readonly capNs: number; readonly answered: ReadonlySet<number> },
): void {
  const { answered, capNs } = context;
  block.planned += observation.kind === "dropped" ? observation.count : 1;
  if (observation.kind === "dropped") return;
  block.started++;
  block.responseTime.record(responseTimeUs(observation, capNs));
  block.serviceTime.record(serviceTimeUs(observation, capNs));
  if (observation.kind === "error") block.censored++;
  const refused = observation.kind === "response" && observation.status >= 400;
  if (isFailure(observation) || (refused && answered.has(observation.seq))) block.failed++;
}

/**
 * Cuts the judged stages of a run into blocks of intended time. A call belongs to the block of the
 * request that made it where the target passes identity on, else to the block in which it arrived.
 * A last block that is shorter than the others is left out.
 */
export function cutIntoBlocks(input: {
  readonly observations: ObservationTable;
  readonly calls: CallTable | null;
  readonly dependencies: readonly string[];
  readonly stages: readonly PlannedStage[];
  readonly capNs: number;
}): StageBlocks[] {
  const { capNs, calls, dependencies, observations } = input;
  const arms = observations.meta.arms.length;
  const judged = input.stages.filter((stage) => stage.judgedFromNs !== null);
  const cut = judged.map((stage): StageBlocks => {
    const count = Math.floor((stage.endNs - stage.judgedFromNs!) / stage.blockNs);
    const blocks = Array.from({ length: arms }, () =>
      Array.from({ length: count }, () => emptyBlock(dependencies.length)),
    );
    return { stage, blocks };
  });
  const blockAt = (arm: number, atNs: number): Block | undefined => {
    for (const { stage, blocks } of cut) {
      if (atNs < stage.judgedFromNs! || atNs >= stage.endNs) continue;
      return blocks[arm]?.[Math.floor((atNs - stage.judgedFromNs!) / stage.blockNs)];
    }
    return undefined;
  };
  const answered = answeredStarts(observations);
  const intendedOf = new Map<number, number>();
  for (const observation of observations) {
    intendedOf.set(observation.seq, observation.intendedNs);
    const block = blockAt(observation.arm, observation.intendedNs);
    if (block !== undefined) addTo(block, observation, { capNs, answered });
  }
  const place = (calls?.meta.dependencies ?? []).map((name) => dependencies.indexOf(name));
  for (const call of calls ?? []) {
    const block = blockAt(call.arm, intendedOf.get(call.seq) ?? call.arriveNs);
    const dependency = place[call.dependency] ?? -1;
    if (block !== undefined && dependency >= 0) block.calls[dependency]!++;
  }
  return cut;
}
