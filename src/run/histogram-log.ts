import { NS_PER_S, plainError, type PlainError } from "../core/index.ts";
import type { Plan } from "../experiment/index.ts";
import {
  INTERVAL_MEASURES,
  intervalLengthS,
  intervalLogLines,
  type ObservationTable,
  readObservations,
} from "../measure/index.ts";
import type { Manifest } from "./manifest.ts";
import { RunDirectory } from "./run-directory.ts";

export const HISTOGRAM_LOG = "histograms.hlog";

type LogManifest = Pick<Manifest, "tool" | "trafficStartedAt">;
type LogPlan = Pick<Plan, "stages" | "timeoutNs">;

/**
 * Writes `histograms.hlog`, whole or not at all: every second's histograms, by arm, stage and
 * route; of a long run with many routes, those of longer intervals (`intervalLengthS`), by its plan.
 * It may be large, so it is written as it is made. `table`: the run's, where it is open already.
 * @throws DISK_WRITE_FAILED; RUN_INVALID, SPOOL_INVALID when there are no observations to read
 */
export function writeHistogramLog(
  directory: RunDirectory,
  manifest: LogManifest,
  { stages, timeoutNs }: LogPlan,
  table: ObservationTable = readObservations(...directory.observationSpools()),
): void {
  const meta = {
    writer: `${manifest.tool.name} ${manifest.tool.version}`,
    startedAtMs: Date.parse(manifest.trafficStartedAt),
    capNs: timeoutNs,
    intervalS: intervalLengthS(
      (stages.at(-1)?.endNs ?? 0) / NS_PER_S,
      table.meta.arms.length * (INTERVAL_MEASURES.length + table.meta.routes.length),
    ),
  };
  directory.write(HISTOGRAM_LOG, intervalLogLines(table, meta));
}

/** Of which run a thread is to write the log. */
export interface LogData {
  readonly path: string;
  readonly manifest: LogManifest;
  readonly plan: LogPlan;
}

/** Writes it, or says why not: what keeps the log from being written keeps nothing else from being known. */
export function tryHistogramLog(
  { manifest, path, plan }: LogData,
  table?: ObservationTable,
): PlainError | null {
  try {
    writeHistogramLog(new RunDirectory(path), manifest, plan, table);
    return null;
  } catch (thrown) {
    return plainError(thrown, "DISK_WRITE_FAILED");
  }
}
