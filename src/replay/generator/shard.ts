import {
  type IntendedStart,
  makeSchedule,
  shardStarts,
  stagedStarts,
} from "../../schedule/index.ts";
import { comparableRoutes, withRepeats } from "../answers/index.ts";
import { repeatedStarts } from "../assignment/index.ts";
import type { GeneratorJob, Shard } from "./job.ts";

/** A worker's part of a limit that holds for all workers together. */
export function shareOf(total: number, { job, worker }: Shard): number {
  const { workers } = job;
  return Math.max(Math.floor(total / workers) + (worker < total % workers ? 1 : 0), 1);
}

function plannedStarts({ job, worker }: Shard): Iterable<IntendedStart> {
  const { assigned, limits, records, seed, stages, substitute, workers } = job;
  const schedules = stages.map(({ input, spec }) => makeSchedule(spec, input));
  const { length, sessions } = records.columns;
  const planned = stagedStarts(schedules, seed, length);
  const periods = assigned?.spec.kind === "crossover" ? assigned.spec : null;
  const all =
    periods === null ? planned : repeatedStarts(planned, periods.periodNs, job.arms.length);
  if (workers === 1) return all;
  const bySession = limits.keepConnections || substitute.length > 0;
  const shard = { index: worker, count: workers };
  if (!bySession || sessions === null) return shardStarts(all, shard);
  return shardStarts(all, shard, ({ copy, record }) => {
    const session = sessions[record]!;
    return session === 0 ? null : session + copy;
  });
}

/** All starts of a job, as its workers have them together. */
export const allStarts = (job: GeneratorJob): Iterable<IntendedStart> =>
  startsOf({ job: { ...job, workers: 1 }, worker: 0 });

/**
 * The starts that fall to one worker: with sessions to keep, a session stays with one worker, and a
 * start's repeat with its start. Each call gives them anew.
 */
export function startsOf(shard: Shard): Iterable<IntendedStart> {
  const { records, responses, seed } = shard.job;
  const planned = plannedStarts(shard);
  if (responses === undefined) return planned;
  const { routeIndexes, routes } = records.columns;
  const comparable = comparableRoutes(routes, responses.methods);
  return withRepeats(
    planned,
    seed,
    responses.repeat,
    ({ record }) => comparable[routeIndexes[record]!]!,
  );
}

/** Those of a worker's starts that are intended at `fromNs` or later. */
export function startsFrom(
  starts: Iterable<IntendedStart>,
  fromNs: number,
): Iterable<IntendedStart> {
  return fromNs <= 0 ? starts : laterStarts(starts, fromNs);
}

function* laterStarts(starts: Iterable<IntendedStart>, fromNs: number): Generator<IntendedStart> {
  for (const start of starts) if (start.intendedNs >= fromNs) yield start;
}
