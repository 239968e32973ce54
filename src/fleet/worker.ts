import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, hostname, tmpdir } from "node:os";
import { join } from "node:path";
import {
  formatBytes,
  formatCount,
  formatRatePerSec,
  messageOf,
  plainError,
  ShakedownError,
} from "../core/index.ts";
import { defaultCache } from "./blobs.ts";
import { emulationKeys, KEPT_S, LEFT_S, runKeys, TAKEN_MS, WORKERS, workerKeys } from "./keys.ts";
import { EmulatorDuty } from "./emulator-duty.ts";
import { type MemberOptions, Membership } from "./membership.ts";
import { decodeCall, type RunCall, WIRE_VERSION, type WorkerCard } from "./messages.ts";
import { connectRedis, placeOf, unusable } from "./redis.ts";
import { releaseWorkers } from "./roster.ts";
import { LAST_WAIT_MS, waitedInVain } from "./last-wait.ts";
import { every } from "./ticker.ts";

/** A worker that has not been heard of for so long is not there. */
export const CARD_MS = 5_000;
const BEAT_MS = 1_000;
/** How soon an idle worker sees that it is to end. */
const CALL_WAIT_S = 1;

export interface WorkerOptions {
  readonly redis: string;
  readonly password?: string;
  readonly version: string;
  /** The address at which it emulates dependencies for runs that ask it to; it does not unless given. */
  readonly emulateAt?: string;
  /** Starts a second that it sends in time, asked for once Redis can be used; null: nobody knows. */
  readonly ceiling: () => Promise<number | null>;
  /** Where content is kept from run to run; a folder of the user's own in the system's for temporary files. */
  readonly cache?: string;
  /** What it says of itself, a line at a time. */
  readonly note: (line: string) => void;
}

/**
 * Offers this process' capacity to a fleet, and sends what runs ask it to, one run after another.
 * When the signal is aborted it takes nothing more, finishes what it has, and resolves; for a Redis
 * that does not answer it waits no longer than `LAST_WAIT_MS` then.
 * @throws USAGE, FLEET_UNREACHABLE when Redis cannot be used, or did not hear all at the end
 */
export async function runWorker(options: WorkerOptions, signal: AbortSignal): Promise<void> {
  const redis = await connectRedis(options.redis, options.password);
  const ceilingPerSec = await options.ceiling().catch((thrown: unknown) => {
    redis.disconnect();
    throw thrown;
  });
  const folder = mkdtempSync(join(tmpdir(), "shakedown-worker-"));
  const worker = new Worker(options, { redis, folder, ceilingPerSec });
  // A second Ctrl-C ends the process, whatever it is at.
  const onExit = (): void => {
    if (worker.untold !== null) options.note(`ended at once: ${worker.untold}`);
    rmSync(folder, { recursive: true, force: true });
  };
  process.once("exit", onExit);
  const over = new AbortController();
  try {
    const { cores, id } = worker.card;
    const known = ceilingPerSec === null ? "" : `, ${formatRatePerSec(ceilingPerSec)} in time`;
    options.note(`worker ${id} at ${placeOf(options.redis)}: ${cores} cores${known}`);
    const serving = worker.serve(signal).then(() => true);
    serving.catch(() => {});
    const vain = waitedInVain(redis, signal, over.signal).then(() => false);
    if (await Promise.race([serving, vain])) return;
    const { untold } = worker;
    worker.abandon();
    const silent = `the Redis at ${placeOf(options.redis)} has not answered for ${LAST_WAIT_MS / 1_000} s`;
    if (untold !== null) throw new ShakedownError("FLEET_UNREACHABLE", `${silent}: ${untold}`);
    options.note(`${silent}: ended without it, with nothing to tell`);
  } finally {
    over.abort();
    redis.disconnect();
    process.off("exit", onExit);
    rmSync(folder, { recursive: true, force: true });
  }
}

class Worker {
  readonly card: WorkerCard;
  readonly #options: WorkerOptions;
  readonly #at: {
    readonly redis: Awaited<ReturnType<typeof connectRedis>>;
    readonly folder: string;
    readonly ceilingPerSec: number | null;
  };
  readonly #abandoned = new AbortController();
  #part: Membership | EmulatorDuty | null = null;
  #run = "";
  #refusal: string | null = null;
  #draining = false;

  constructor(
    options: WorkerOptions,
    at: {
      readonly redis: Awaited<ReturnType<typeof connectRedis>>;
      readonly folder: string;
      readonly ceilingPerSec: number | null;
    },
  ) {
    this.#options = options;
    this.#at = at;
    this.card = {
      wireVersion: WIRE_VERSION,
      toolVersion: options.version,
      id: `${hostname()}-${process.pid}-${randomBytes(3).toString("hex")}`,
      host: hostname(),
      pid: process.pid,
      cores: availableParallelism(),
      ceilingPerSec: at.ceilingPerSec,
      emulatesAt: options.emulateAt ?? null,
      draining: false,
    };
  }

  /** What of its run nobody has heard, in words; null where all was heard. */
  get untold(): string | null {
    const { bytes = 0, messages = 0 } = this.#part?.unheard ?? {};
    if (messages === 0) return null;
    return `${formatCount(messages)} messages of run ${this.#run} (${formatBytes(bytes)}) were not heard`;
  }

  /** Leaves everything as it is. */
  abandon(): void {
    this.#part?.abandon();
    this.#abandoned.abort();
  }

  async serve(signal: AbortSignal): Promise<void> {
    const { redis } = this.#at;
    const keys = workerKeys(this.card.id);
    const drain = (): void => {
      this.#draining = true;
      this.#part?.drain();
      void this.#beat();
    };
    if (signal.aborted) return;
    signal.addEventListener("abort", drain, { once: true });
    await this.#beat();
    using _beating = every(BEAT_MS, () => void this.#beat());
    // It waits for calls on a connection of its own.
    const waiting = redis.duplicate();
    waiting.on("error", () => {});
    this.#abandoned.signal.addEventListener("abort", () => waiting.disconnect(), { once: true });
    try {
      while (!this.#draining) {
        // oxlint-disable-next-line no-await-in-loop -- one run after another
        const told = await waiting.blpop(keys.calls, CALL_WAIT_S);
        const call = told === null ? null : this.#read(told[1]);
        // oxlint-disable-next-line no-await-in-loop -- as above
        if (call !== null) await this.#join(call);
      }
    } finally {
      signal.removeEventListener("abort", drain);
      waiting.disconnect();
      await redis.pipeline().del(keys.card, keys.calls).srem(WORKERS, this.card.id).exec();
    }
  }

  #read(words: string): RunCall | null {
    const { note, version } = this.#options;
    try {
      const call = decodeCall(words);
      if (call.toolVersion === version) return call;
      note(`refused run ${call.runId}: it is of ${call.toolVersion}, this worker of ${version}`);
    } catch (thrown) {
      note(`refused a call that cannot be read: ${messageOf(thrown)}`);
    }
    return null;
  }

  async #join(call: RunCall): Promise<void> {
    const { note } = this.#options;
    const { folder, redis } = this.#at;
    note(`run ${call.runId} begins`);
    this.#run = call.runId;
    const parts = { redis, worker: this.card.id, folder: join(folder, call.runId), note };
    const part = this.#partIn(call, parts);
    this.#part = part;
    try {
      await part.take();
      note(`run ${call.runId} is over`);
    } catch (thrown) {
      note(`run ${call.runId}: ${messageOf(thrown)}`);
      const error = plainError(thrown, "INTERNAL");
      const keys = call.kind === "send" ? runKeys(call.runId) : emulationKeys(call.runId);
      const failed = JSON.stringify({ worker: parts.worker, error });
      await redis.pipeline().rpush(keys.failed, failed).expire(keys.failed, LEFT_S).exec();
    } finally {
      this.#part = null;
      // Late, it may be another run's already.
      await releaseWorkers(redis, [this.card], call.runId);
    }
  }

  /** What a run asks it to do. */
  #partIn(
    call: RunCall,
    parts: Pick<MemberOptions, "redis" | "worker" | "folder" | "note">,
  ): Membership | EmulatorDuty {
    const { cache = defaultCache(), emulateAt = "127.0.0.1", password, redis } = this.#options;
    if (call.kind === "send") return new Membership({ ...parts, call, cache });
    const own = password === undefined ? {} : { password };
    return new EmulatorDuty({ ...parts, ...own, call, address: emulateAt, redisUrl: redis });
  }

  async #beat(): Promise<void> {
    const { redis } = this.#at;
    const keys = workerKeys(this.card.id);
    const card = JSON.stringify({ ...this.card, draining: this.#draining });
    const telling = redis
      .pipeline()
      .set(keys.card, card, "PX", CARD_MS)
      .sadd(WORKERS, this.card.id)
      .expire(WORKERS, KEPT_S);
    const [part, run] = [this.#part, this.#run];
    // A Redis that came back empty does not know that it has a run.
    if (part !== null) telling.set(keys.takenBy, run, "PX", TAKEN_MS, "NX").get(keys.takenBy);
    const told = (await telling.exec().catch(() => null)) ?? [];
    const takenBy = part === null ? run : told.at(-1)?.[1];
    if (takenBy === run) await redis.pexpire(keys.takenBy, TAKEN_MS).catch(() => 0);
    else if (typeof takenBy === "string" && part !== null && !part.isOver)
      this.#leave(part, takenBy);
    this.#seeRefusal(told.find(([error]) => error !== null)?.[0] ?? null);
  }

  /** It stood still for so long that its run did without it, and another took it. */
  #leave(part: Membership | EmulatorDuty, takenBy: string): void {
    this.#options.note(`run ${this.#run} did without this worker: run ${takenBy} has it now`);
    part.abandon();
  }

  /** A Redis that takes no sign of life: no run finds this worker. Said when it begins. */
  #seeRefusal(error: Error | null): void {
    const { note, redis } = this.#options;
    const refusal = error === null ? null : unusable(redis, error).message;
    if (refusal !== null && refusal !== this.#refusal)
      note(`${refusal}: runs cannot find this worker`);
    this.#refusal = refusal;
  }
}
