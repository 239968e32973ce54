import {
  type ArmMeta,
  type EmulatedCall,
  type Observation,
  type ObservationMeta,
  type Rows,
  rowsAt,
  visitBatches,
  visitCallBatches,
} from "../measure/index.ts";
import type { StageWindow } from "./detector.ts";

/*
 * Detectors hold a run's requests and calls as objects, some hundred bytes each. A run of ten million
 * has more of them than there is memory, and its sicknesses show in a fraction of it: of a run that
 * is too large, each stage is looked at for a stretch, and in that at everything, since calls in
 * flight, retries and queues cannot be told of single requests drawn from many.
 */
/** Requests and calls of a run that is looked at whole, and about how many of one that is not. */
export const EVIDENCE_ROWS = { whole: 1_000_000, sample: 250_000 } as const;

/** Places where a stretch may begin, in a stage. */
const SLICES = 200;
/**
 * What is kept before a stretch and after it, in parts of its length, up to a most: requests that came
 * before it call in it, and those in it end after it.
 */
const MARGIN = { ratio: 0.1, maxNs: 10e9 } as const;

/** A stage that is looked at for a stretch only. */
export interface SampledStage {
  readonly name: string;
  readonly fromNs: number;
  readonly toNs: number;
  /** Of the whole stage's judged time. */
  readonly share: number;
}

interface Input {
  readonly observations: Rows<Observation, ObservationMeta>;
  readonly calls: Rows<EmulatedCall, ArmMeta> | null;
  readonly stages: readonly StageWindow[];
}

/** A stage in slices of its time: rows in each, and for how long requests were under way. */
class Slices {
  readonly stage: StageWindow;
  readonly rows = new Float64Array(SLICES);
  readonly busyNs = new Float64Array(SLICES);

  constructor(stage: StageWindow) {
    this.stage = stage;
  }

  add(atNs: number, busyNs: number): boolean {
    const { fromNs, toNs } = this.stage;
    if (!(atNs >= fromNs && atNs < toNs)) return false;
    const slice = Math.min(Math.floor(((atNs - fromNs) / (toNs - fromNs)) * SLICES), SLICES - 1);
    this.rows[slice]!++;
    this.busyNs[slice]! += busyNs;
    return true;
  }

  get total(): number {
    return this.rows.reduce((sum, rows) => sum + rows, 0);
  }

  /** The stretch of so much of the stage in which requests were under way longest, the last of these. */
  stretch(share: number): SampledStage {
    const length = Math.max(Math.floor(share * SLICES), 1);
    const sumAt = (at: number): number =>
      this.busyNs.subarray(at, at + length).reduce((sum, busyNs) => sum + busyNs, 0);
    let [best, most] = [0, -1];
    for (let at = 0; at + length <= SLICES; at++) {
      const sum = sumAt(at);
      if (sum >= most) [best, most] = [at, sum];
    }
    const { fromNs, name, toNs } = this.stage;
    const sliceNs = (toNs - fromNs) / SLICES;
    const beginNs = fromNs + best * sliceNs;
    return { name, fromNs: beginNs, toNs: beginNs + length * sliceNs, share: length / SLICES };
  }
}

/** How many rows each of several may have of so many: none gets less than another without need. */
export function fairShares(wanted: readonly number[], most: number): number[] {
  let [left, open] = [most, wanted.length];
  const given = wanted.map(() => 0);
  const ascending = [...wanted.keys()].toSorted((a, b) => wanted[a]! - wanted[b]!);
  for (const index of ascending) {
    given[index] = Math.min(wanted[index]!, left / open);
    left -= given[index];
    open--;
  }
  return given;
}

function slicesOf({ calls, observations, stages }: Input): Slices[] {
  const all = stages.map((stage) => new Slices(stage));
  const addTo = (atNs: number, busyNs: number): void => {
    for (const slices of all) if (slices.add(atNs, busyNs)) return;
  };
  visitBatches(observations, (batch) => {
    const { intendedNs } = batch.columns;
    const { endNs } = batch;
    for (let row = 0; row < batch.rows; row++) {
      const atNs = intendedNs[row]!;
      if (!batch.isDropped(row)) addTo(atNs, endNs[row]! - atNs);
    }
  });
  if (calls !== null) {
    visitCallBatches(calls, ({ arriveNs, rows }) => {
      for (let row = 0; row < rows; row++) addTo(arriveNs[row]!, 0);
    });
  }
  return all;
}

/** What is looked at of a stage: a stretch, or all of it, with what it settles in. */
interface Kept {
  readonly stage: StageWindow;
  readonly sampled: SampledStage | null;
  readonly fromNs: number;
  readonly toNs: number;
}

function keptOf(slices: Slices, rows: number): Kept {
  const { stage, total } = slices;
  if (rows >= total || stage.probe !== undefined) {
    const begins = stage.startNs ?? stage.fromNs;
    return { stage, sampled: null, fromNs: begins, toNs: stage.toNs + MARGIN.maxNs };
  }
  const sampled = slices.stretch(rows / total);
  const { fromNs, toNs } = sampled;
  const marginNs = Math.min(MARGIN.ratio * (toNs - fromNs), MARGIN.maxNs);
  return {
    stage: { ...stage, startNs: fromNs, fromNs, toNs },
    sampled,
    fromNs: fromNs - marginNs,
    toNs: toNs + marginNs,
  };
}

/**
 * What detectors are to look at: a run of up to `EVIDENCE_ROWS.whole` requests and calls as it is; of a
 * larger one, a stretch of each stage, about `EVIDENCE_ROWS.sample` in all, as many of each judged
 * stage as of any other where it has them, and a glance at what is not judged. A stretch lies where
 * the requests of all arms together were under way
 * longest: what makes a target ill makes requests wait. Stages that probe a dependency are looked at
 * whole: each moment of them is another. `rows`: how many requests and calls there are.
 */
export function evidenceSample<Given extends Input>(
  given: Given,
  rows: number,
  limit: { readonly whole: number; readonly sample: number } = EVIDENCE_ROWS,
): { readonly input: Given; readonly sampled: readonly SampledStage[] } {
  if (rows <= limit.whole) return { input: given, sampled: [] };
  const slices = slicesOf(given);
  const shares = fairShares(
    slices.map(({ stage, total }) => (stage.judged ? total : 0)),
    limit.sample,
  );
  const kept = slices.map((each, index) => keptOf(each, shares[index]!));
  const isKept = (atNs: number): boolean =>
    kept.some(({ fromNs, toNs }) => atNs >= fromNs && atNs < toNs);
  const { calls, observations } = given;
  const input = {
    ...given,
    stages: kept.map(({ stage }) => stage),
    observations: rowsAt(observations, ({ intendedNs }) => intendedNs, isKept),
    calls: calls && rowsAt(calls, ({ arriveNs }) => arriveNs, isKept),
  };
  return { input, sampled: kept.flatMap(({ sampled }) => sampled ?? []) };
}
