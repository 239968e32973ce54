import type { Worker } from "node:worker_threads";
import {
  leaveCodeAsItIs,
  type PlainError,
  revivedError,
  type ShakedownError,
  startThread,
  untilAborted,
} from "../../core/index.ts";
import type { BlocksMessage } from "./block-counts.ts";
import type { Thinning } from "../thinner.ts";
import type { CountsMessage } from "./counts.ts";
import {
  type FromWorker,
  type GeneratorArm,
  type GeneratorJob,
  NOTHING_DONE,
  sumCounts,
  type ToWorker,
  type Shard,
  type WorkerJob,
  type WorkerTotals,
} from "./job.ts";
import { planCopies } from "./plan-copies.ts";
import { writeUntold } from "./untold.ts";

/** What generators tell while they work. */
export interface GeneratorEvents {
  /** The first start of a stage is due. Once a stage, by the first worker that gets there. */
  readonly onStage: (stage: number) => void;
  readonly onCounts: (counts: CountsMessage) => void;
  /** Blocks that a worker has seen the end of; each worker tells its own part of each. */
  readonly onBlocks: (worker: number, told: BlocksMessage) => void;
  /** Counts of the rehearsal, which mean nothing: for whoever has code to warm. */
  readonly onRehearsal: (counts: CountsMessage) => void;
  /** An arm takes no connections any more. */
  readonly onGone: (arm: number, forNs: number) => void;
  /** Observations cannot be written any more. */
  readonly onDiskFailure: (error: ShakedownError) => void;
}

const LEAVE_WITHIN_MS = 1_000;

/** All workers together. */
export interface GeneratorTotals extends WorkerTotals {
  /** The first thing that went wrong, if anything did: a bug, or the disk. */
  readonly error: ShakedownError | null;
}

/** The generator's worker threads, warm, and waiting to go. */
export interface Generators extends AsyncDisposable {
  /**
   * Resolves when all is sent and answered. The clock's origin may lie a little ahead. Whoever takes
   * over from another leaves out, without counting them, the starts intended before `fromNs`.
   */
  go(originNs: bigint, fromNs?: number): Promise<GeneratorTotals>;
  /**
   * Drops what is still to come; `go` resolves in about a second, and in one more for each ten
   * million starts that a plan still held, since each is counted.
   */
  stop(): void;
  /** Drops what is still to come for one arm; the others go on. Before `go` it never gets any. */
  cut(arm: number): void;
}

/** Generators of this machine, which can be told to send fewer starts. */
export interface ThinnedGenerators extends Generators {
  /** From a moment that is still to come on, only a share of the starts is sent, the same in all arms. */
  thin(thinning: Thinning): void;
  /** From a moment that is still to come on, what is `held` is sent again. */
  release(fromNs: number): void;
}

/**
 * Starts a job's worker threads, which rehearse until they are ready. The schedule is cut among
 * them by sequence number (or by session, where sessions are kept), so that neighbouring starts
 * are different workers': they never fire together.
 * @param shards the workers that are started here, where others are elsewhere; all unless given
 * @param aimed the job's arms where they are not up yet: of its own no more is used than their names
 * and transports, with which the workers rehearse meanwhile
 * @throws OUTPUT_UNWRITABLE, INTERNAL when a worker could not start; the signal's reason
 */
export async function startGenerators(
  job: GeneratorJob,
  events: GeneratorEvents,
  signal: AbortSignal,
  shards: readonly number[] = Array.from({ length: job.workers }, (_, worker) => worker),
  aimed?: Promise<readonly GeneratorArm[]>,
): Promise<ThinnedGenerators> {
  const rekeying = await planCopies(job, signal);
  signal.throwIfAborted();
  const given = { job, rekeying, aimsLater: aimed !== undefined };
  const workers = shards.map((worker) => new WorkerHandle({ ...given, worker }));
  const announced = new Set<number>();
  const heard = (worker: number, message: FromWorker): void => {
    if (message.kind === "stage" && !announced.has(message.stage)) {
      announced.add(message.stage);
      events.onStage(message.stage);
    }
    if (message.kind === "counts") events.onCounts(message.counts);
    if (message.kind === "blocks") events.onBlocks(worker, message.told);
    if (message.kind === "rehearsal") events.onRehearsal(message.counts);
    if (message.kind === "gone") events.onGone(message.arm, message.forNs);
    if (message.kind === "disk") events.onDiskFailure(revivedError(message.error));
  };
  const stop = (): void => {
    for (const worker of workers) worker.say({ kind: "stop" });
  };
  const leave = async (): Promise<void> => {
    await Promise.all(workers.map((worker) => worker.leave()));
  };
  for (const [index, worker] of workers.entries()) {
    worker.onMessage = (message) => heard(shards[index]!, message);
  }
  try {
    const aiming = aimed?.then((arms) => {
      for (const worker of workers) worker.say({ kind: "aim", arms });
    });
    await untilAborted(Promise.all([aiming, ...workers.map(({ ready }) => ready)]), signal);
  } catch (thrown) {
    await leave();
    throw thrown;
  }
  return {
    async go(originNs, fromNs = 0) {
      const compileAgain = leaveCodeAsItIs();
      for (const worker of workers) worker.say({ kind: "go", originNs, fromNs });
      // One worker that fails ends them all: a part of the plan is not the plan.
      for (const worker of workers) void worker.done.then(({ error }) => error && stop());
      const ended = await Promise.all(
        workers.map(async ({ done }, index) =>
          wholeLedger(await done, { job, worker: shards[index]! }),
        ),
      );
      compileAgain();
      return sumOf(ended);
    },
    stop,
    cut(arm) {
      for (const worker of workers) worker.say({ kind: "cut", arm });
    },
    thin(thinning) {
      for (const worker of workers) worker.say({ kind: "thin", thinning });
    },
    release(fromNs) {
      for (const worker of workers) worker.say({ kind: "release", fromNs });
    },
    [Symbol.asyncDispose]: leave,
  };
}

/** Of a worker that failed, what it has not told is counted here; what a disk lost, it has told. */
async function wholeLedger(ended: Ended, workerJob: Shard): Promise<Ended> {
  if (ended.error === null || ended.error.code === "DISK_WRITE_FAILED") return ended;
  try {
    const keptRows = await writeUntold(workerJob);
    return { ...ended, totals: { ...ended.totals, keptRows } };
  } catch {
    // The disk, most likely: the first failure is the one that is told.
    return ended;
  }
}

interface Ended {
  readonly totals: WorkerTotals;
  readonly error: PlainError | null;
}

function sumOf(ended: readonly Ended[]): GeneratorTotals {
  const sum = (of: (totals: WorkerTotals) => number): number =>
    ended.reduce((total, { totals }) => total + of(totals), 0);
  const failed = ended.find(({ error }) => error !== null)?.error ?? null;
  return {
    endNs: Math.max(...ended.map(({ totals }) => totals.endNs)),
    keptRows: sum(({ keptRows }) => keptRows),
    lostRows: sum(({ lostRows }) => lostRows),
    resends: sum(({ resends }) => resends),
    substitutions: sumCounts(ended.map(({ totals }) => totals.substitutions)),
    error: failed === null ? null : revivedError(failed),
  };
}

/** One worker thread. `done` never rejects: a thread that crashed is an error like any other. */
class WorkerHandle {
  onMessage: (message: FromWorker) => void = () => {};
  readonly ready: Promise<void>;
  readonly done: Promise<Ended>;
  readonly #thread: Worker;
  readonly #exited: Promise<unknown>;

  constructor(workerData: WorkerJob) {
    this.#thread = startThread("generator-thread", import.meta.url, { workerData });
    // Not `once` of node:events, which rejects when a thread crashes: that is told by `done`.
    this.#exited = new Promise((resolve) => this.#thread.once("exit", resolve));
    const ready = Promise.withResolvers<void>();
    const done = Promise.withResolvers<Ended>();
    this.ready = ready.promise;
    this.done = done.promise;
    // Looked at by whoever waits; a failure after that is told by `done`.
    this.ready.catch(() => {});
    const crashed = (message: string): void => {
      const error: PlainError = { code: "INTERNAL", message, hint: null };
      ready.reject(revivedError(error));
      done.resolve({ totals: NOTHING_DONE, error });
    };
    this.#thread.on("message", (message: FromWorker) => {
      if (message.kind === "ready") ready.resolve();
      if (message.kind === "done") {
        if (message.error !== null) ready.reject(revivedError(message.error));
        done.resolve(message);
      }
      this.onMessage(message);
    });
    this.#thread.on("error", (thrown) => {
      crashed(thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown));
    });
    this.#thread.on("exit", (code) => crashed(`a generator thread ended with exit code ${code}`));
  }

  say(message: ToWorker): void {
    this.#thread.postMessage(message);
  }

  /** Asks it to end, and ends it when it has not within a second: it may be busy building. */
  async leave(): Promise<void> {
    this.say({ kind: "leave" });
    const late = setTimeout(() => void this.#thread.terminate(), LEAVE_WITHIN_MS);
    await this.#exited;
    clearTimeout(late);
  }
}
