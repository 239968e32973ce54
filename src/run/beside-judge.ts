import { statSync } from "node:fs";
import { messageOf, type PlainError, startThread } from "../core/index.ts";
import { type LogData, tryHistogramLog } from "./histogram-log.ts";
import type { Manifest } from "./manifest.ts";
import type { RunDirectory } from "./run-directory.ts";

/** Observations of fewer bytes make a log in less time than a thread takes to start. */
const LARGE_BYTES = 20e6;

function isLarge(directory: RunDirectory): boolean {
  const bytes = directory.observationSpools().map((path) => statSync(path).size);
  return bytes.reduce((sum, size) => sum + size, 0) >= LARGE_BYTES;
}

/**
 * Writes a run's histogram log, which takes as long as judging it: of a large run in a thread, at
 * once, else when it is asked for. Gives what waits for it, and why there is none, if there is none.
 */
export function logBeside(
  directory: RunDirectory,
  manifest: Manifest,
): () => Promise<PlainError | null> {
  if (!isLarge(directory)) return async () => tryHistogramLog(directory, manifest);
  const workerData: LogData = { path: directory.path, manifest };
  const thread = startThread("log-thread", import.meta.url, { workerData });
  const { promise, resolve } = Promise.withResolvers<PlainError | null>();
  const failed = (message: string): void =>
    resolve({ code: "DISK_WRITE_FAILED", message, hint: null });
  thread.on("message", resolve);
  thread.on("error", (cause) => failed(`the histogram log is missing: ${messageOf(cause)}`));
  thread.on("exit", (code) => failed(`the histogram log's writer ended with exit code ${code}`));
  return () => promise;
}
