import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { plainError } from "../core/index.ts";
import { type Emulator, startEmulatorThread } from "../emulator/index.ts";
import { type ClockOffset, measureOffset, timeOf } from "./clock-offset.ts";
import { type Emulation, servedAt, unpackEmulation } from "./emulation.ts";
import { EMULATOR_FILES, type EmulatorFile } from "./emulator-messages.ts";
import { FileTail } from "./file-tail.ts";
import { emulationKeys, expireAll, KEPT_S, LEFT_S, limitsOf, type RunKeys } from "./keys.ts";
import { LeaderWatch } from "./leader-watch.ts";
import type { FleetCommand, RunCall } from "./messages.ts";
import { Outbox, type Unheard } from "./outbox.ts";
import type { Redis } from "./redis.ts";
import { followOrders } from "./streams.ts";
import { every, pause } from "./ticker.ts";
import type { FilePiece } from "./wire-fields.ts";

const COUNTS_MS = 100;
/** Counts between two looks at what files have grown by, and at the clock. */
const FILES_EVERY = 10;
const CLOCK_EVERY = 20;
/** Beats between two that tell again what has not been heard. */
const AGAIN_BEATS = 6;
const ROOM_MS = 50;

export interface DutyOptions {
  readonly redis: Redis;
  /** The same for limits that are shared, over a connection of the emulator's own. */
  readonly redisUrl: string;
  readonly password?: string;
  readonly worker: string;
  readonly call: Extract<RunCall, { kind: "emulate" }>;
  /** At which it listens. */
  readonly address: string;
  /** For files of this run, which go with it. */
  readonly folder: string;
  readonly note: (line: string) => void;
}

/**
 * A worker's part in one run that emulates: serves what falls to its place, and tells what it is asked,
 * until the run is over, or nobody has led it for a while.
 */
export class EmulatorDuty {
  readonly #options: DutyOptions;
  readonly #keys: RunKeys;
  readonly #outbox: Outbox;
  readonly #tails: readonly FileTail<EmulatorFile>[];
  readonly #over = new AbortController();
  #clock: ClockOffset = { offsetUs: 0, errorUs: 0 };
  #emulator: Emulator | null = null;
  #stopping: Promise<void> | null = null;
  #alone = false;
  #counted = "";
  #ticks = 0;
  #beats = 0;
  #heardUpTo = 0;

  constructor(options: DutyOptions) {
    const { call, folder, redis, worker } = options;
    this.#options = options;
    this.#keys = emulationKeys(call.runId);
    this.#outbox = new Outbox(redis, this.#keys.up, {
      worker,
      shard: call.place,
      attempt: call.attempt,
    });
    this.#tails = EMULATOR_FILES.map((file) => new FileTail(file, join(folder, file)));
  }

  /** What it has it finishes: callers know its addresses. */
  drain(): void {}

  /** What it has told that was not heard. */
  get unheard(): Unheard {
    return this.#outbox.unheard;
  }

  /** The run is over, or nobody led it. */
  get isOver(): boolean {
    return this.#over.signal.aborted;
  }

  /** Nobody is there to tell: leaves everything as it is. */
  abandon(): void {
    this.#over.abort();
  }

  /**
   * Resolves when the run is over.
   * @throws FLEET_MISMATCH when it is not there, PORT_IN_USE, USAGE, EMULATOR_FAILED
   */
  async take(): Promise<void> {
    const { call, folder, note, redis } = this.#options;
    const bytes = await redis.getBuffer(this.#keys.job);
    const emulation = unpackEmulation(bytes ?? Buffer.alloc(0));
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    try {
      const emulator = await this.#serve(emulation);
      await using _emulator = emulator;
      const { down, prefix } = this.#keys;
      using _watch = new LeaderWatch(redis, this.#keys, {
        onHeard: (heard) => this.#hear(heard),
        onLeaderless: () => void this.#stopAlone(),
      });
      using _ticking = every(COUNTS_MS, () => void this.#tick());
      note(`emulates ${servedAt(emulation, call.place).join(", ")}`);
      await followOrders(redis, down, (command) => this.#obey(command), this.#over.signal);
      await expireAll(redis, prefix, this.#alone ? KEPT_S : LEFT_S);
    } finally {
      for (const tail of this.#tails) tail[Symbol.dispose]();
      rmSync(folder, { recursive: true, force: true });
    }
  }

  async #serve(emulation: Emulation): Promise<Emulator> {
    const { address, call, folder, password, redis, redisUrl } = this.#options;
    const clock = await measureOffset(timeOf(redis));
    this.#clock = clock;
    const place = { emulators: emulation.emulators, place: call.place };
    const shared = emulation.emulators > 1 && sharesLimits(emulation);
    const own = password === undefined ? {} : { password };
    const sharing = { redis: redisUrl, ...own, prefix: limitsOf(call.runId), ...place };
    const emulator = await startEmulatorThread({
      ...emulation.options,
      originNs: this.#localNs(emulation.originUs),
      host: address,
      serves: servedAt(emulation, call.place),
      ...(shared ? { sharing } : {}),
      spoolPath: join(folder, "calls"),
      connectionsPath: join(folder, "connections"),
      exchangesPath: join(folder, "exchanges"),
    });
    this.#emulator = emulator;
    await emulator.rehearsed.catch(async (thrown: unknown) => {
      await emulator.stop();
      throw thrown;
    });
    const { addresses, authority } = emulator;
    void this.#outbox.tell({ kind: "serves", addresses, authority, clock });
    for (const kind of ["failed", "starved"] as const) {
      void emulator[kind].then((thrown) => {
        const error = plainError(thrown, "EMULATOR_FAILED");
        return this.#outbox.tell({ kind: "troubled", starved: kind === "starved", error });
      });
    }
    return emulator;
  }

  /** A moment of Redis' clock on this machine's. */
  #localNs(redisUs: number): bigint {
    return BigInt(Math.round(redisUs - this.#clock.offsetUs)) * 1_000n;
  }

  #obey(command: FleetCommand): void {
    if (command.kind === "go") void this.#emulator?.begin(this.#localNs(command.originUs));
    if (command.kind === "stop") void this.#stop();
    if (command.kind === "end") this.#over.abort();
  }

  /** Hangs up on everybody, and tells all that there is to tell; once. */
  #stop(): Promise<void> {
    this.#stopping ??= (async () => {
      const totals = await this.#emulator!.stop();
      await this.#tellRest();
      void this.#outbox.tell({ kind: "served", totals });
    })();
    return this.#stopping;
  }

  /** What was asked of it is told to the end, for whoever resumes the run. */
  async #stopAlone(): Promise<void> {
    if (this.#stopping !== null) return;
    this.#alone = true;
    this.#options.note("nobody has led this run for 10 s: stopped");
    await this.#stop();
    this.#over.abort();
  }

  async #tick(): Promise<void> {
    if (this.#stopping !== null || this.#emulator === null) return;
    const tick = this.#ticks++;
    const withFiles = tick % FILES_EVERY === 0;
    const counts = await this.#emulator.snapshot();
    const words = JSON.stringify(counts);
    const changed = words !== this.#counted;
    this.#counted = words;
    if (!changed && !withFiles) return;
    const pieces = withFiles && this.#outbox.hasRoom ? this.#pieces() : [];
    void this.#outbox.tell({
      kind: "emulated",
      counts: changed ? counts : null,
      pieces,
      clock: null,
    });
    if (tick % CLOCK_EVERY !== 0) return;
    void measureOffset(timeOf(this.#options.redis)).then(
      (clock) => this.#outbox.tell({ kind: "emulated", counts: null, pieces: [], clock }),
      // Redis is away: told the next time.
      () => {},
    );
  }

  #pieces(): FilePiece<EmulatorFile>[] {
    return this.#tails.flatMap((tail) => tail.take() ?? []);
  }

  /** What the files still hold. */
  async #tellRest(): Promise<void> {
    const { signal } = this.#over;
    const counts = await this.#emulator!.snapshot();
    void this.#outbox.tell({ kind: "emulated", counts, pieces: [], clock: null });
    while (!signal.aborted) {
      if (this.#outbox.hasRoom) {
        const pieces = this.#pieces();
        if (pieces.length === 0) return;
        void this.#outbox.tell({ kind: "emulated", counts: null, pieces, clock: null });
      } else {
        // oxlint-disable-next-line no-await-in-loop -- until some of it has been heard
        await pause(ROOM_MS, signal);
      }
    }
  }

  #hear(heard: Readonly<Record<string, string>>): void {
    const { attempt, place } = this.#options.call;
    const next = Number(heard[`${place}.${attempt}`] ?? 0);
    this.#outbox.heard(next);
    if (++this.#beats % AGAIN_BEATS !== 0) return;
    if (next === this.#heardUpTo) void this.#outbox.again();
    this.#heardUpTo = next;
  }
}

/** Whether a limit holds over several of a run's emulators. */
const sharesLimits = ({ options }: Emulation): boolean =>
  Object.values(options.dependencies).some(
    (spec) =>
      spec.protocol === "http" &&
      spec.instances === "each" &&
      spec.limit !== undefined &&
      spec.limitScope !== "instance",
  );
