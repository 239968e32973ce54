import { intervalLogLines, readObservations } from "../measure/index.ts";
import type { Manifest } from "./manifest.ts";
import type { RunDirectory } from "./run-directory.ts";

export const HISTOGRAM_LOG = "histograms.hlog";

/**
 * Writes `histograms.hlog`, whole or not at all: every second's histograms, by arm, stage and
 * route. It may be large, so it is written as it is made.
 * @throws DISK_WRITE_FAILED; RUN_INVALID, SPOOL_INVALID when there are no observations to read
 */
export function writeHistogramLog(
  directory: RunDirectory,
  manifest: Manifest,
  timeoutNs: number,
): void {
  const table = readObservations(...directory.observationSpools());
  const meta = {
    writer: `${manifest.tool.name} ${manifest.tool.version}`,
    startedAtMs: Date.parse(manifest.trafficStartedAt),
    capNs: timeoutNs,
  };
  directory.write(HISTOGRAM_LOG, intervalLogLines(table, meta));
}
