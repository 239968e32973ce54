import {
  createDeadlines,
  monotonicClock,
  NS_PER_S,
  plainError,
  type PlainError,
} from "../../core/index.ts";
import { type Observation, ObservationWriter } from "../../measure/index.ts";
import { makeRekeyer } from "../../profile/rekey/index.ts";
import { RecordStore } from "../../profile/store/index.ts";
import { AnswerWatch, ResponseLogWriter } from "../answers/index.ts";
import { replay, type ReplayArm } from "../replay.ts";
import { ProfileRequests } from "../requests.ts";
import type { Thinner, Thinning } from "../thinner.ts";
import { TRANSPORTS } from "../transports/index.ts";
import type { Transport, TransportLimits } from "../transports/transport.ts";
import { LoggedAssignment } from "./assigned.ts";
import { BlockCounter } from "./block-counts.ts";
import { Counter } from "./counts.ts";
import { GoneWatch } from "./gone.ts";
import {
  type FromWorker,
  type GeneratorJob,
  NOTHING_DONE,
  sumCounts,
  type WorkerJob,
  type WorkerTotals,
} from "./job.ts";
import { shareOf, startsFrom, startsOf } from "./shard.ts";

type HeldThinner = Pick<Thinner, "add" | "release">;

const TICK_MS = 1_000;
/** How often what was observed goes to the disk, beside whole blocks. */
const FLUSH_MS = 1_000;
/** How soon a block that is whole is told: who waits for it may have to cut the load. */
const BLOCKS_TICK_MS = 100;
/**
 * Before the run, as many connections are opened as there are starts in its first millisecond: to
 * open one takes longer than the gap between two starts at 10,000 a second, and a backlog of them
 * makes the next hundred starts late. Slow traffic opens them as it needs them.
 */
const OPENED_AHEAD_NS = 1_000_000;

/** The generator of one worker, from its job to its totals. */
export class WorkerGenerator {
  readonly #workerJob: WorkerJob;
  readonly #job: GeneratorJob;
  readonly #say: (message: FromWorker) => void;
  readonly #tickMs: number;
  readonly #stopping = new AbortController();
  readonly #counter: Counter;
  readonly #blocks: BlockCounter;
  #settledNs: () => number = () => -1;
  #cut: ((arm: number) => void) | null = null;
  readonly #cutArms = new Set<number>();
  #thinner: HeldThinner | null = null;
  /** What was told before there was a replay to thin. */
  readonly #thinnings: ((thinner: HeldThinner) => void)[] = [];
  readonly #transports: Transport[] = [];
  readonly #requests: readonly ProfileRequests[];

  /** `tickMs`: how often what was counted is told. */
  constructor(workerJob: WorkerJob, say: (message: FromWorker) => void, tickMs = TICK_MS) {
    const { job, rekeying } = workerJob;
    this.#tickMs = tickMs;
    this.#workerJob = workerJob;
    this.#job = job;
    this.#say = say;
    this.#counter = new Counter(job.arms.length, job.timeoutNs);
    this.#blocks = new BlockCounter(job.lookedAt, job.arms.length, job.timeoutNs);
    const { limits, substitute } = job;
    const records = new RecordStore(job.records);
    const rekeyer = rekeying === null ? null : makeRekeyer(records, rekeying);
    this.#requests = job.arms.map(({ headers, target }) => {
      const arm = { origin: target.origin, headers };
      const keepSessions = limits.keepConnections;
      return new ProfileRequests({
        records,
        arm,
        rekeyer,
        keepSessions,
        substitute,
      });
    });
  }

  stop(): void {
    this.#stopping.abort();
  }

  /** Cuts the load of one arm; before the run, it never gets any. */
  cut(arm: number): void {
    this.#cutArms.add(arm);
    this.#cut?.(arm);
  }

  /** For some time only a share of the starts is sent. */
  thin(thinning: Thinning): void {
    this.#toThinner((thinner) => thinner.add(thinning));
  }

  /** A ramp that was held goes on, from some moment of the run on. */
  release(fromNs: number): void {
    this.#toThinner((thinner) => thinner.release(fromNs));
  }

  #toThinner(tell: (thinner: HeldThinner) => void): void {
    if (this.#thinner === null) this.#thinnings.push(tell);
    else tell(this.#thinner);
  }

  /**
   * Replays this worker's starts, from those intended at `fromNs` on; the clock's origin may lie a
   * little ahead. Never throws.
   */
  async run(
    originNs: bigint,
    fromNs = 0,
  ): Promise<{ totals: WorkerTotals; error: PlainError | null }> {
    const clock = monotonicClock(originNs);
    const { arms, pacing, records, spoolPaths, stageNames } = this.#job;
    let writer: ObservationWriter | undefined;
    let assignment: LoggedAssignment | undefined;
    let responses: ResponseLogWriter | undefined;
    let error: PlainError | null = null;
    try {
      writer = await ObservationWriter.create(spoolPaths[this.#workerJob.worker]!, {
        arms: arms.map(({ name }) => name),
        stages: stageNames,
        routes: records.columns.routes,
      });
      writer.spool.onFailure = (failure) =>
        this.#say({ kind: "disk", error: plainError(failure, "DISK_WRITE_FAILED") });
      responses = this.#responseLog();
      assignment = await LoggedAssignment.create(this.#workerJob);
      const deadlines = await createDeadlines(clock, pacing);
      const flushing = setInterval(() => flush(writer!, responses, assignment!), FLUSH_MS);
      const ticking = setInterval(() => this.#tellCounts(), this.#tickMs);
      const looked = this.#job.lookedAt.windows.length > 0;
      const looking = looked ? setInterval(() => this.#tellBlocks(), BLOCKS_TICK_MS) : undefined;
      try {
        await this.#replay(writer, responses, { clock, deadlines, assignment, fromNs });
        if (!this.#stopping.signal.aborted) this.#tellBlocks();
      } finally {
        clearInterval(flushing);
        clearInterval(ticking);
        clearInterval(looking);
        await deadlines.close();
      }
    } catch (thrown) {
      error = plainError(thrown, "INTERNAL");
    }
    const endNs = clock.nowNs();
    await responses?.close();
    const closed = await Promise.allSettled([writer?.spool.close(), assignment?.close()]);
    for (const each of closed) {
      if (each.status === "rejected") error ??= plainError(each.reason, "DISK_WRITE_FAILED");
    }
    this.#tellCounts();
    return { totals: this.#totals(endNs, writer), error };
  }

  #responseLog(): ResponseLogWriter | undefined {
    const path = this.#job.responses?.paths[this.#workerJob.worker];
    if (path === undefined) return undefined;
    return new ResponseLogWriter(path, (failure) =>
      this.#say({ kind: "disk", error: plainError(failure, "DISK_WRITE_FAILED") }),
    );
  }

  #answers(log: ResponseLogWriter | undefined): { readonly answers?: AnswerWatch } {
    const { arms, records, responses, seed } = this.#job;
    if (log === undefined || responses === undefined) return {};
    const { routes } = records.columns;
    const onPair = log.write.bind(log);
    return {
      answers: new AnswerWatch({ rules: responses, seed, arms: arms.length, routes, onPair }),
    };
  }

  #replay(
    writer: ObservationWriter,
    responses: ResponseLogWriter | undefined,
    {
      fromNs,
      ...time
    }: Pick<Parameters<typeof replay>[0], "assignment" | "clock" | "deadlines"> & {
      readonly fromNs: number;
    },
  ): Promise<void> {
    const { inFlightMax, runId, seed, timeoutNs } = this.#job;
    const gone = new GoneWatch(this.#job.arms.length, (arm, forNs) =>
      this.#say({ kind: "gone", arm, forNs }),
    );
    const onObservation = (observation: Observation): void => {
      writer.write(observation);
      this.#counter.add(observation);
      if (this.#job.lookedAt.windows.length > 0) this.#blocks.add(observation);
      gone.see(observation);
    };
    return replay(
      {
        arms: this.#arms(),
        starts: startsFrom(startsOf(this.#workerJob), fromNs)[Symbol.iterator](),
        runId,
        seed,
        inFlightMax: shareOf(inFlightMax, this.#workerJob),
        timeoutNs,
        ...time,
        onObservation,
        ...this.#answers(responses),
        onBegin: (settledNs, cut, thinner) => {
          this.#settledNs = settledNs;
          this.#cut = cut;
          for (const arm of this.#cutArms) cut(arm);
          this.#thinner = thinner;
          for (const tell of this.#thinnings) tell(thinner);
        },
        onStage: (stage) => {
          // First what is still to be told of the stage before.
          this.#tellCounts();
          this.#say({ kind: "stage", stage });
        },
      },
      this.#stopping.signal,
    );
  }

  #arms(): ReplayArm[] {
    const { arms, limits, stages, workers } = this.#job;
    const connectionsMax = shareOf(limits.connectionsMax, this.#workerJob);
    // What would else be opened all at once, each for a request that is due.
    const ratePerSec = (stages[0]?.input.fromPerSec ?? 0) / workers;
    const connectionsAhead = Math.floor((ratePerSec * OPENED_AHEAD_NS) / NS_PER_S);
    const own: TransportLimits = { ...limits, connectionsMax };
    return arms.map(({ name, target, transport }, index) => ({
      name,
      requests: this.#requests[index]!,
      makeTransport: (sink) => {
        const made = TRANSPORTS[transport](target, own, sink);
        this.#transports.push(made);
        if (!limits.keepConnections) made.open?.(connectionsAhead);
        return made;
      },
    }));
  }

  #tellCounts(): void {
    this.#say({ kind: "counts", counts: this.#counter.take() });
  }

  #tellBlocks(): void {
    const told = this.#blocks.take(this.#settledNs());
    if (told !== null) this.#say({ kind: "blocks", told });
  }

  #totals(endNs: number, writer: ObservationWriter | undefined): WorkerTotals {
    return {
      endNs,
      keptRows: writer?.spool.keptRows ?? 0,
      lostRows: writer?.spool.lostRows ?? 0,
      resends: this.#transports.reduce((total, { resends = 0 }) => total + resends, 0),
      substitutions: sumCounts(
        this.#requests.map(
          ({ substitutions }) => substitutions?.counts ?? NOTHING_DONE.substitutions,
        ),
      ),
    };
  }
}

function flush(
  writer: ObservationWriter,
  responses: ResponseLogWriter | undefined,
  assignment: LoggedAssignment,
): void {
  void writer.spool.flush();
  assignment.flush();
  responses?.flush();
}
