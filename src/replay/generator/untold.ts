import { existsSync } from "node:fs";
import {
  type Observation,
  type ObservationMeta,
  ObservationWriter,
  readObservations,
} from "../../measure/index.ts";
import { assignmentOf } from "./assigned.ts";
import type { Shard } from "./job.ts";
import { startsOf } from "./shard.ts";

type Dropped = Extract<Observation, { kind: "dropped" }>;

/**
 * What a worker that died was to do and has not told of: starts that it had not come to, and those
 * whose answers it was waiting for, or had not yet written down. They are written, counted by arm,
 * stage and route, as starts dropped by `generator-died`, so that the ledger still adds up to the
 * plan. Resolves to the rows that there are now, of the worker's spools and of this one.
 * @param spoolPaths where it told of its starts, and where those did who took over from it
 * @throws OUTPUT_UNWRITABLE, DISK_WRITE_FAILED
 */
export async function writeUntold(
  workerJob: Shard,
  spoolPaths: readonly string[] = [workerJob.job.spoolPaths[workerJob.worker]!],
): Promise<number> {
  const { job, worker } = workerJob;
  const there = spoolPaths.filter((path) => existsSync(path));
  const told = there.length > 0 ? readObservations(...there) : null;
  const untold = untoldOf(workerJob, told ?? []);
  const meta: ObservationMeta = {
    arms: job.arms.map(({ name }) => name),
    stages: job.stageNames,
    routes: job.records.columns.routes,
  };
  const writer = await ObservationWriter.create(job.untoldPaths[worker]!, meta);
  for (const each of untold) writer.write(each);
  await writer.spool.close();
  return (told?.rows ?? 0) + untold.length;
}

/** The worker's starts, less those that it told of: by arm, stage and route, without zeros. */
export function untoldOf(workerJob: Shard, told: Iterable<Observation>): Dropped[] {
  const { job } = workerJob;
  const counts = new Map<number, Dropped & { count: number }>();
  const routes = job.records.columns.routes.length;
  const places = job.stages.length * routes;
  const placeOf = ({ arm, route, stage }: Pick<Dropped, "arm" | "stage" | "route">): number =>
    arm * places + stage * routes + route;
  for (const planned of plannedBy(workerJob)) {
    const known = counts.get(placeOf(planned));
    if (known === undefined) counts.set(placeOf(planned), planned);
    else known.count++;
  }
  for (const each of told) {
    const known = counts.get(placeOf(each));
    if (known !== undefined) known.count -= each.kind === "dropped" ? each.count : 1;
  }
  return [...counts.values()].filter(({ count }) => count > 0);
}

/** One start at a time, in each arm that it was to go to. */
function* plannedBy(workerJob: Shard): Generator<Dropped & { count: number }> {
  const { arms, records } = workerJob.job;
  const assignment = assignmentOf(workerJob.job);
  const { routeIndexes } = records.columns;
  for (const start of startsOf(workerJob)) {
    const { intendedNs, record, seq, stage } = start;
    const route = routeIndexes[record]!;
    const goesTo = assignment.armsOf(start);
    for (const arm of arms.keys()) {
      if (((goesTo >> arm) & 1) === 0) continue;
      const place = { arm, stage, seq, route, intendedNs };
      yield { kind: "dropped", ...place, reason: "generator-died", count: 1 };
    }
  }
}
