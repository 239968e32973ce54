import { z } from "zod";
import type { Emulator, EmulatorOptions } from "../emulator/index.ts";
import type {
  GeneratorEvents,
  GeneratorJob,
  Generators,
  GeneratorTotals,
} from "../replay/index.ts";
import type { RunDirectory } from "./run-directory.ts";

/** What a manifest says of the machines that sent a run's load. */
export const fleetRecordSchema = z.strictObject({
  /** Where its Redis is, without a password. */
  redis: z.string(),
  workers: z.array(
    z.strictObject({
      id: z.string(),
      host: z.string(),
      cores: z.number().int(),
      /** Shards that it sent, or the last part of them. */
      shards: z.array(z.number().int()),
      /** The most that its start may have been off by, in µs: its clock's error and the coordinator's. */
      clockErrorUs: z.number(),
      /** The most that its clock has certainly moved against the coordinator's while the run went on, in µs. */
      movedUs: z.number(),
    }),
  ),
  /** Parts of the schedule that were not sent, or not by who was to send them. */
  gaps: z.array(
    z.strictObject({
      shard: z.number().int(),
      worker: z.string(),
      because: z.string(),
      fromNs: z.number(),
      /** From when another worker sent the rest; null where nobody did. */
      toNs: z.number().nullable(),
      takenOverBy: z.string().nullable(),
      /** Starts, over all arms, that nobody is known to have sent. */
      lostStarts: z.number().int(),
    }),
  ),
  /** Workers that emulated dependencies; left out where this machine did. */
  emulators: z
    .array(
      z.strictObject({
        id: z.string(),
        /** What it served. */
        dependencies: z.array(z.string()),
        /** Calls that asked for a limit that is shared with the others. */
        asked: z.number().int(),
        /** Those of them that it decided without the others, since Redis was silent. */
        alone: z.number().int(),
        /** How long it stood still: calls of that time seem to have come when it went on. */
        stoodStillMs: z.number().int(),
      }),
    )
    .optional(),
  /** From ordering a stop, or the cut of a variant, until the last worker had done it, in ms; null: none was. */
  obeyedWithinMs: z.number().nullable(),
});
export type FleetRecord = z.output<typeof fleetRecordSchema>;

/** A run's generators, elsewhere. */
export interface MadeLoad extends Generators {
  /** From `go` until the first start, at least: all must have heard of it. */
  readonly runUpNs: number;
  /** What became of who sent it; to be asked when `go` has resolved. */
  record(): FleetRecord;
}

/** What a run needs of an emulator, wherever it is. */
export interface RunEmulator
  extends
    AsyncDisposable,
    Pick<
      Emulator,
      "addresses" | "authority" | "begin" | "failed" | "rehearsed" | "snapshot" | "starved" | "stop"
    > {
  /** Dependency → arm → an address for each of its instances, where there are several. */
  readonly instances?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
}

/** A run's emulators, elsewhere. */
export interface MadeEmulator extends RunEmulator {
  /** What became of them; to be asked when `stop` has resolved. */
  record(): Pick<FleetRecord, "workers" | "emulators">;
}

/** What becomes of the part of a worker that dies: another sends the rest of it, or nobody does. */
export const LOST_SHARDS = ["take-over", "leave-out"] as const;
export type LostShards = (typeof LOST_SHARDS)[number];

/** Who sends a run's load, where it is not this process' own threads. */
export interface LoadMaker {
  /** Parts that the load is cut into, of which one machine's threads would be so many. */
  shardsFor(threads: number): number;
  /**
   * As `startEmulatorThread`; what calls come to is in the run's directory by the end. Null where it
   * is left to this process. `armsHere`: arms are processes of this machine.
   * @throws ShakedownError when they cannot begin; the signal's reason
   */
  emulate?(
    given: {
      readonly options: EmulatorOptions;
      readonly directory: RunDirectory;
      readonly armsHere: boolean;
    },
    signal: AbortSignal,
  ): Promise<MadeEmulator | null>;
  /**
   * As `startGenerators`; what they observe comes into the run's directory while they send.
   * @throws ShakedownError when they cannot begin; the signal's reason
   */
  start(
    given: {
      readonly job: GeneratorJob;
      readonly directory: RunDirectory;
      readonly lostShards: LostShards;
    },
    events: GeneratorEvents,
    signal: AbortSignal,
  ): Promise<MadeLoad>;
}

/** What became of a load whose leader was gone. */
export interface RegainedLoad {
  readonly totals: GeneratorTotals;
  readonly record: FleetRecord;
}

/** A run's generators, elsewhere, that whoever led them has left: led again, from here. */
export interface LostLoad extends AsyncDisposable {
  /** Until when somebody led them, in ns of the run's time. */
  readonly ledUntilNs: number;
  /**
   * Resolves when all that they told is in the run's directory, and its ledger whole; `stops`: they
   * send nothing more from now on. Aborting the signal stops them, too.
   * @throws RUN_LED, DISK_WRITE_FAILED, OUTPUT_UNWRITABLE
   */
  finish(stops: boolean, signal: AbortSignal): Promise<RegainedLoad>;
}
