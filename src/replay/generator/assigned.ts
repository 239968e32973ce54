import {
  type Assignment,
  crossover,
  duet,
  EXPOSURE_PARTS,
  SplitAssignment,
} from "../assignment/index.ts";
import { ExposureWriter } from "../../measure/index.ts";
import type { IntendedStart } from "../../schedule/index.ts";
import type { GeneratorJob, Shard } from "./job.ts";

/** Which arms get a job's starts. */
export function assignmentOf({ arms, assigned, seed }: GeneratorJob): Assignment {
  if (assigned === undefined) return duet(arms.length);
  if ("keys" in assigned) return new SplitAssignment(assigned.spec, seed, assigned.keys);
  return crossover(assigned.spec, seed, arms.length);
}

/** Assigns a worker's starts, and keeps where each of a split went, and why. */
export class LoggedAssignment implements Pick<Assignment, "armsOf"> {
  readonly #assignment: Assignment;
  readonly #log: ExposureWriter | null;

  private constructor(assignment: Assignment, log: ExposureWriter | null) {
    this.#assignment = assignment;
    this.#log = log;
  }

  /** @throws OUTPUT_UNWRITABLE */
  static async create({ job, worker }: Shard): Promise<LoggedAssignment> {
    const { arms, assigned, stageNames } = job;
    const assignment = assignmentOf(job);
    if (assigned === undefined || !("keys" in assigned)) {
      return new LoggedAssignment(assignment, null);
    }
    const meta = {
      arms: arms.map(({ name }) => name),
      stages: stageNames,
      parts: EXPOSURE_PARTS,
    };
    const log = await ExposureWriter.create(assigned.logPaths[worker]!, meta);
    return new LoggedAssignment(assignment, log);
  }

  /** To be asked once for each start: each is a row of the log. */
  armsOf(start: IntendedStart): number {
    const exposure = this.#assignment.exposureOf?.(start);
    if (exposure === undefined || this.#log === null) return this.#assignment.armsOf(start);
    const { arm, bucket, part } = exposure;
    const { seq, stage } = start;
    this.#log.write({ seq, stage, arm, bucket, part: EXPOSURE_PARTS.indexOf(part) });
    return 1 << arm;
  }

  flush(): void {
    void this.#log?.spool.flush();
  }

  /** Rejects with DISK_WRITE_FAILED when any row could not be written. */
  async close(): Promise<void> {
    await this.#log?.spool.close();
  }
}
