import { closeSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { messageOf, ShakedownError } from "../core/index.ts";
import { intervalLogLines, readObservations } from "../measure/index.ts";
import type { Manifest } from "./manifest.ts";
import type { RunDirectory } from "./run-directory.ts";

const CHUNK_CHARS = 262_144;

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
  const path = directory.file("histograms.hlog");
  try {
    const file = openSync(`${path}.part`, "w");
    try {
      let text = "";
      for (const line of intervalLogLines(table, meta)) {
        text += line;
        if (text.length < CHUNK_CHARS) continue;
        writeSync(file, text);
        text = "";
      }
      writeSync(file, text);
    } finally {
      closeSync(file);
    }
    renameSync(`${path}.part`, path);
  } catch (cause) {
    rmSync(`${path}.part`, { force: true });
    throw new ShakedownError("DISK_WRITE_FAILED", `cannot write ${path}: ${messageOf(cause)}`, {
      hint: "what was measured before is kept; free some space, then `shakedown report` makes this again",
      cause,
    });
  }
}
