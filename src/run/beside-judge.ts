import { statSync } from "node:fs";
import { messageOf, type PlainError, startThread } from "../core/index.ts";
import { type LogData, tryHistogramLog } from "./histogram-log.ts";
import { registerPlan } from "../experiment/index.ts";
import { type Manifest, readPlan } from "./manifest.ts";
import type { RunDirectory } from "./run-directory.ts";

/** Observations of fewer bytes make a log in less time than a thread takes to start. */
const LARGE_BYTES = 20e6;

function isLarge(directory: RunDirectory): boolean {
  const bytes = directory.observationSpools().map((path) => statSync(path).size);
  return bytes.reduce((sum, size) => sum + size, 0) >= LARGE_BYTES;
}

/** What a log is made of. A thread that is told so needs not know how a plan is read. */
function logDataOf(directory: RunDirectory, manifest: Manifest): LogData {
  const { tool, trafficStartedAt } = manifest;
  const { stages, timeoutNs } = readPlan(directory, registerPlan).plan;
  const { path } = directory;
  return { path, manifest: { tool, trafficStartedAt }, plan: { stages, timeoutNs } };
}

/**
 * Writes a run's histogram log, which takes a third as long as judging it: of a large run in a thread,
 * at once, else when it is asked for. Gives what waits for it, and why there is none, if there is none.
 * @throws RUN_INVALID where there is no plan
 */
export function logBeside(
  directory: RunDirectory,
  manifest: Manifest,
): () => Promise<PlainError | null> {
  const workerData = logDataOf(directory, manifest);
  if (!isLarge(directory)) return async () => tryHistogramLog(workerData);
  const thread = startThread("log-thread", import.meta.url, { workerData });
  const { promise, resolve } = Promise.withResolvers<PlainError | null>();
  const failed = (message: string): void =>
    resolve({ code: "DISK_WRITE_FAILED", message, hint: null });
  thread.on("message", resolve);
  thread.on("error", (cause) => failed(`the histogram log is missing: ${messageOf(cause)}`));
  thread.on("exit", (code) => failed(`the histogram log's writer ended with exit code ${code}`));
  return () => promise;
}
