import { rmSync } from "node:fs";
import { NS_PER_S, revivedError } from "../../core/index.ts";
import { TRANSPORT_LIMITS } from "../transports/index.ts";
import type { TransportTarget } from "../transports/transport.ts";
import { startAnsweringTarget } from "./answering-target.ts";
import type { CountsMessage } from "./counts.ts";
import type { FromWorker, GeneratorJob, StageArrivals, WorkerJob } from "./job.ts";
import { WorkerGenerator } from "./worker.ts";

/** Of each worker, as are the connections. */
const RATE_PER_SEC = { min: 4_000, max: 15_000 };
const CONNECTIONS = 64;
const TICK_MS = 50;
/**
 * Two generators at once, round after round. Code that was made fast for one set of objects is
 * thrown away when it meets another; what it has met at once, or again while the first were still
 * there, it is made fast for, and for the run's own. (What the engine knows of a call's target it
 * forgets when that target is collected: one generator after the other would teach it nothing.)
 */
/**
 * How long ago their runs began: up to 2^31 ns, a time can be one of the engine's small integers,
 * and what was made fast for those would be thrown away after the first 2.1 s of the run.
 */
const AGES_NS = [0, 10 * NS_PER_S];
const ROUNDS = 3;
const ROUND_NS = 0.4 * NS_PER_S;
/** Where a worker will send this much, a moment of cold code makes many starts late. */
const BUSY_PER_SEC = 5_000;
const BUSY_ROUND_NS = NS_PER_S;
/** And where it will send this much, it has hardly time to catch up with what was late. */
const FULL_PER_SEC = 20_000;
const FULL_ROUNDS = 5;
/** Of stages, whose arrivals are looked at. */
const KINDS_MAX = 16;
/** A little ahead: what is set up before is no lateness. */
const LEAD_NS = 20_000_000n;

/**
 * Replays a job's requests for a second, or three, or five, against a server of our own that answers at once.
 * Code that has not run yet is slow: without this the first seconds of every run would find the
 * generator milliseconds late. It is the run's own generator with a job of the same shape. What it
 * measures is thrown away; its counts are told often, so that those who hear them are warm, too.
 */
export async function rehearseReplay(
  workerJob: WorkerJob,
  signal: AbortSignal,
  onCounts: (counts: CountsMessage) => void,
): Promise<void> {
  await using target = await startAnsweringTarget();
  const rounds = peakPerSecOf(workerJob.job) < FULL_PER_SEC ? ROUNDS : FULL_ROUNDS;
  for (let round = 0; round < rounds && !signal.aborted; round++) {
    await rehearseRound(workerJob, target.origin, signal, onCounts);
  }
}

async function rehearseRound(
  { job, worker }: WorkerJob,
  origin: string,
  signal: AbortSignal,
  onCounts: (counts: CountsMessage) => void,
): Promise<void> {
  const jobs = AGES_NS.map((_, part) => rehearsalJob(job, origin, part));
  const say = (message: FromWorker): void => {
    if (message.kind === "counts") onCounts(message.counts);
  };
  // Names for copies are made from what is planned for the run, and here there are no copies.
  const generators = jobs.map(
    (each) => new WorkerGenerator({ job: each, worker, rekeying: null }, say, TICK_MS),
  );
  const stop = (): void => generators.forEach((generator) => generator.stop());
  signal.addEventListener("abort", stop, { once: true });
  try {
    const nowNs = process.hrtime.bigint() + LEAD_NS;
    const ended = await Promise.all(
      generators.map((generator, part) => generator.run(nowNs - BigInt(AGES_NS[part]!))),
    );
    const failed = ended.find(({ error }) => error !== null)?.error ?? null;
    if (failed !== null) throw revivedError(failed);
  } finally {
    signal.removeEventListener("abort", stop);
    for (const { spoolPaths } of jobs) rmSync(spoolPaths[worker]!, { force: true });
  }
}

/** Time that passes without a start. */
function emptyStage(durationNs: number): StageArrivals {
  const capture = { offsetsNs: Float64Array.of(0), speed: 1, loop: false, clump: 1 };
  const input = { fromPerSec: 0, toPerSec: 0, durationNs, capture };
  return { spec: { kind: "uniform" }, input };
}

interface RehearsedArrivals {
  readonly spec: StageArrivals["spec"];
  readonly ramp: boolean;
}

/**
 * The kinds of arrivals that a job has, and Poisson ones: what yields them is made fast for each
 * kind by itself. At least two, so that going from one stage to the next is rehearsed.
 */
function arrivalsOf(stages: readonly StageArrivals[]): RehearsedArrivals[] {
  const kinds = new Map<string, RehearsedArrivals>();
  for (const { input, spec } of stages.slice(0, KINDS_MAX)) {
    const ramp = input.fromPerSec !== input.toPerSec;
    kinds.set(`${spec.kind} ${ramp}`, { spec, ramp });
  }
  const poisson: RehearsedArrivals = { spec: { kind: "poisson" }, ramp: false };
  return [...kinds.values(), poisson];
}

/** So that what counts by block is warm, too. */
function rehearsedWindows(fromNs: number, lengthNs: number): GeneratorJob["lookedAt"]["windows"] {
  return [{ stage: 0, fromNs, toNs: fromNs + lengthNs, blockNs: lengthNs / 8 }];
}

/** Of each worker, in all arms. */
function peakPerSecOf({ arms, stages, workers }: GeneratorJob): number {
  const peaksPerSec = stages.map(({ input }) => Math.max(input.fromPerSec, input.toPerSec));
  return (Math.max(...peaksPerSec) * arms.length) / workers;
}

/** The job with another target, files of its own, and short stages of its kinds of arrivals. */
function rehearsalJob(job: GeneratorJob, origin: string, part: number): GeneratorJob {
  const { arms, lookedAt, spoolPaths, stages, workers } = job;
  const target: TransportTarget = { origin, address: "127.0.0.1", tls: null, http2: false };
  const peakPerSec = peakPerSecOf(job);
  const { max, min } = RATE_PER_SEC;
  const eachPerSec = Math.min(Math.max(peakPerSec, min), max) / AGES_NS.length;
  const ratePerSec = (eachPerSec * workers) / arms.length;
  const roundNs = peakPerSec >= BUSY_PER_SEC ? BUSY_ROUND_NS : ROUND_NS;
  const agedNs = AGES_NS[part]!;
  const kinds = arrivalsOf(stages);
  const rehearsed = kinds.map(({ spec, ramp }): StageArrivals => {
    const durationNs = roundNs / kinds.length;
    const starts = Math.max(Math.round((ratePerSec * durationNs) / NS_PER_S), 1);
    const offsetsNs = Float64Array.from({ length: starts }, (_, i) => (i * durationNs) / starts);
    return {
      spec,
      input: {
        fromPerSec: ramp ? ratePerSec / 2 : ratePerSec,
        toPerSec: ratePerSec,
        durationNs,
        capture: { offsetsNs, speed: 1, loop: false, clump: 1 },
      },
    };
  });
  // One generator begins with what the other ends with: each kind is met beside each other.
  if (part % 2 === 1) rehearsed.reverse();
  if (agedNs > 0) rehearsed.unshift(emptyStage(agedNs));
  // What is compared, and who got what, would be written to the run's own files.
  const { assigned: _all, responses: _none, ...plain } = job;
  // As from another thread, like the job itself: objects made elsewhere are other objects.
  return structuredClone({
    ...plain,
    arms: arms.map((arm) => ({ ...arm, target })),
    stageNames: rehearsed.map((_, i) => `rehearsal ${i}`),
    stages: rehearsed,
    lookedAt: {
      ...lookedAt,
      windows: lookedAt.windows.length === 0 ? [] : rehearsedWindows(agedNs, roundNs),
    },
    runId: "0123456789abcdef",
    seed: "0",
    timeoutNs: 5 * NS_PER_S,
    limits: { ...TRANSPORT_LIMITS, connectionsMax: CONNECTIONS * workers },
    copies: 1,
    spoolPaths: spoolPaths.map((path) => `${path}.rehearsal-${part}`),
  });
}
