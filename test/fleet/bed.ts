import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NS_PER_S } from "../../src/core/index.ts";
import { Fleet } from "../../src/fleet/index.ts";
import { pause } from "../../src/fleet/ticker.ts";
import { runWorker } from "../../src/fleet/worker.ts";
import { Histogram, type Observation, readObservations } from "../../src/measure/index.ts";
import {
  type GeneratorEvents,
  type GeneratorJob,
  type GeneratorTotals,
  NOTHING_LOOKED_AT,
  TRANSPORT_LIMITS,
} from "../../src/replay/index.ts";
import {
  type FleetRecord,
  type LostShards,
  type MadeLoad,
  RunDirectory,
} from "../../src/run/index.ts";
import { recordStore } from "../profile/stored.ts";

/** A run whose leader is gone ends before. */
const LEAVE_WITHIN_MS = 40_000;

export const VERSION = "0.0.0-test";

/** A folder with all that a fleet's test makes, and the workers of this process; gone with it. */
export class FleetBed implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "shakedown-fleet-test-"));
  readonly redis: string;
  readonly notes: string[] = [];
  readonly #leaving = new AbortController();
  readonly #workers: Promise<void>[] = [];
  #runs = 0;
  #onNote: () => void = () => {};

  constructor(redis: string) {
    this.redis = redis;
  }

  /** Resolves when a worker has said so. */
  async noted(pattern: RegExp): Promise<void> {
    while (!this.notes.some((line) => pattern.test(line))) {
      await new Promise<void>((resolve) => (this.#onNote = resolve));
    }
  }

  get workers(): number {
    return this.#workers.length;
  }

  /** A worker in this process: threads of its own, and connections, but not a life of its own. */
  work(version = VERSION, emulateAt?: string): void {
    const cache = join(this.folder, "cache");
    const note = (line: string): void => {
      this.notes.push(line);
      this.#onNote();
    };
    const emulates = emulateAt === undefined ? {} : { emulateAt };
    const options = {
      redis: this.redis,
      version,
      ceiling: () => Promise.resolve(null),
      cache,
      note,
      ...emulates,
    };
    this.#workers.push(runWorker(options, this.#leaving.signal));
  }

  directory(): RunDirectory {
    const directory = new RunDirectory(join(this.folder, `run-${this.#runs++}`));
    directory.makeFolders();
    return directory;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#leaving.abort();
    const over = new AbortController();
    const left = Promise.all(this.#workers).finally(() => over.abort());
    await Promise.race([left, pause(LEAVE_WITHIN_MS, over.signal)]);
    if (!over.signal.aborted) throw new Error(`workers stay:\n${this.notes.join("\n")}`);
    await left;
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** So many starts a second, to two arms at one address. */
export function jobFor(
  directory: RunDirectory,
  {
    origin,
    ratePerSec = 200,
    runId = randomBytes(8).toString("hex"),
    seconds,
    shards,
  }: {
    readonly origin: string;
    readonly seconds: number;
    readonly shards: number;
    readonly ratePerSec?: number;
    readonly runId?: string;
  },
): GeneratorJob {
  const target = { origin, address: "127.0.0.1", tls: null, http2: false };
  const records = recordStore(
    ["/a", "/b", "/c"].map((path, i) => ({
      offsetNs: i * 1e6,
      method: "GET",
      path,
      headers: [],
      route: `GET ${path}`,
    })),
  ).data;
  const capture = { offsetsNs: records.columns.offsetsNs, speed: 1, loop: true, clump: 1 };
  const durationNs = seconds * NS_PER_S;
  const input = { fromPerSec: ratePerSec, toPerSec: ratePerSec, durationNs, capture };
  const places = Array.from({ length: shards }, (_, shard) => shard);
  return {
    arms: ["control", "variant"].map((name) => ({ name, target, headers: {}, transport: "wire" })),
    records,
    stageNames: ["all"],
    stages: [{ spec: { kind: "poisson" }, input }],
    lookedAt: NOTHING_LOOKED_AT,
    runId,
    seed: "fleet",
    timeoutNs: 30 * NS_PER_S,
    inFlightMax: 50_000,
    limits: TRANSPORT_LIMITS,
    pacing: "alarm",
    goesFirst: false,
    workers: shards,
    rehearse: false,
    rekey: false,
    copies: 1,
    substitute: [],
    spoolPaths: places.map((shard) => directory.observations(shard)),
    untoldPaths: places.map((shard) => directory.observations(shards + shard)),
  };
}

/** Counts of all windows, added up, as whoever watches has them. */
export class Merged {
  planned = 0;
  readonly responseTime = new Histogram();
  readonly events: GeneratorEvents = {
    onStage: () => {},
    onCounts: (counts) => {
      for (const each of counts) {
        this.planned += each.planned;
        this.responseTime.addCounts(each.responseTime);
      }
      this.onWindow();
    },
    onRehearsal: () => {},
    onBlocks: () => {},
    onGone: () => {},
    onDiskFailure: () => {},
  };
  onWindow: () => void = () => {};
}

export interface FleetRun {
  readonly directory: RunDirectory;
  readonly merged: Merged;
  readonly observations: readonly Observation[];
  readonly totals: GeneratorTotals;
  readonly record: FleetRecord;
}

/** Leads one run to its end; `before`: all are ready; `during`: traffic has begun. */
export async function leadRun(
  bed: FleetBed,
  given: {
    readonly origin: string;
    readonly seconds: number;
    readonly workers: number;
    readonly runId?: string;
    readonly lostShards?: LostShards;
    readonly version?: string;
    readonly before?: () => Promise<void>;
    readonly during?: (load: MadeLoad, merged: Merged) => unknown;
  },
): Promise<FleetRun> {
  const { before, during, lostShards = "take-over", version = VERSION, workers } = given;
  const directory = bed.directory();
  const job = jobFor(directory, { ...given, shards: workers });
  const merged = new Merged();
  await using fleet = await Fleet.connect({ redis: bed.redis, workers, version });
  const never = new AbortController().signal;
  const load = await fleet.start({ job, directory, lostShards }, merged.events, never);
  await using _load = load;
  await before?.();
  const going = load.go(process.hrtime.bigint() + BigInt(load.runUpNs));
  await during?.(load, merged);
  const totals = await going;
  const observations = [...readObservations(...directory.observationSpools())];
  return { directory, merged, observations, totals, record: load.record() };
}

/** Starts by arm, and how many of them were answered, failed and dropped. */
export function ledgerOf(observations: readonly Observation[]) {
  const ledger = { planned: 0, responses: 0, errors: 0, dropped: 0 };
  for (const each of observations) {
    const count = each.kind === "dropped" ? each.count : 1;
    ledger.planned += count;
    if (each.kind === "response") ledger.responses++;
    if (each.kind === "error") ledger.errors++;
    if (each.kind === "dropped") ledger.dropped += count;
  }
  return ledger;
}
