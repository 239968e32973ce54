import { statSync } from "node:fs";
import { resourceLimits } from "node:worker_threads";
import {
  messageOf,
  plainError,
  type PlainError,
  revivedError,
  ShakedownError,
  startThread,
  systemCodeOf,
} from "../core/index.ts";
import { registerPlan } from "../experiment/index.ts";
import type { ObservationTable } from "../measure/index.ts";
import { openRun } from "./gather.ts";
import { type LogData, tryHistogramLog } from "./histogram-log.ts";
import { tooLarge } from "./judge.ts";
import { type Manifest, readPlan } from "./manifest.ts";
import { RunDirectory } from "./run-directory.ts";
import { type SeenBeside, seeRun } from "./see-run.ts";

/** Observations of fewer bytes are judged in less time than a thread takes to start. */
const LARGE_BYTES = 20e6;

function isLarge(directory: RunDirectory): boolean {
  const bytes = directory.observationSpools().map((path) => statSync(path).size);
  return bytes.reduce((sum, size) => sum + size, 0) >= LARGE_BYTES;
}

/** What a log is made of. */
function logDataOf(directory: RunDirectory, manifest: Manifest): LogData {
  const { tool, trafficStartedAt } = manifest;
  const { stages, timeoutNs } = readPlan(directory, registerPlan).plan;
  const { path } = directory;
  return { path, manifest: { tool, trafficStartedAt }, plan: { stages, timeoutNs } };
}

/** Writes a run's histogram log; why not, if not. @throws RUN_INVALID where there is no plan */
export const writeLog = (directory: RunDirectory, manifest: Manifest): PlainError | null =>
  tryHistogramLog(logDataOf(directory, manifest));

/** What the thread beside a judge is to do. */
export interface BesideData {
  readonly path: string;
  readonly manifest: Manifest;
  /** Null: no log is to be written. */
  readonly log: LogData | null;
}

type Seen = { readonly seen: SeenBeside } | { readonly failed: PlainError };

/** What it tells, in this order. */
export type FromBeside =
  | ({ readonly kind: "seen" } & Seen)
  | { readonly kind: "logged"; readonly unwritten: PlainError | null };

/** Tells what is seen of a run, or why nothing is, then writes its log. */
export function seeAndLog(
  { log, manifest, path }: BesideData,
  say: (message: FromBeside) => void,
): void {
  let observations: ObservationTable | undefined;
  try {
    const files = openRun(new RunDirectory(path), manifest);
    ({ observations } = files);
    say({ kind: "seen", seen: seeRun(files) });
  } catch (thrown) {
    say({ kind: "seen", failed: plainError(thrown, "JUDGE_FAILED") });
  }
  say({ kind: "logged", unwritten: log === null ? null : tryHistogramLog(log, observations) });
}

/** What is done beside a judge, or after it. */
export interface BesideJudge {
  /** What needs no comparison of a run (`seeRun`); null where nobody looks, and the judge is to. */
  readonly seen: Promise<SeenBeside> | null;
  /** Waits for the histogram log, or writes it now; why there is none, if there is none. */
  readonly log: () => Promise<PlainError | null>;
}

/** Of a run whose log is not wanted. */
const NO_LOG = async (): Promise<null> => null;

/**
 * Of a large run, half of what a judge does is done at the same time in a thread: detectors and calls
 * are gone through, then the histogram log is written. Of any other, nothing is, and the log is
 * written when it is asked for.
 * @throws RUN_INVALID where there is no plan
 */
export function besideJudge(
  directory: RunDirectory,
  manifest: Manifest,
  writesLog: boolean,
): BesideJudge {
  const log = writesLog ? logDataOf(directory, manifest) : null;
  if (!isLarge(directory)) {
    return { seen: null, log: log === null ? NO_LOG : async () => tryHistogramLog(log) };
  }
  const workerData: BesideData = { path: directory.path, manifest, log };
  const { maxOldGenerationSizeMb } = resourceLimits;
  const thread = startThread("beside-thread", import.meta.url, {
    workerData,
    heap: "tight",
    resourceLimits: maxOldGenerationSizeMb === undefined ? {} : { maxOldGenerationSizeMb },
  });
  const seen = Promise.withResolvers<SeenBeside>();
  const logged = Promise.withResolvers<PlainError | null>();
  // Whoever judges may have failed before it asks.
  seen.promise.catch(() => {});
  const failed = (cause: unknown): void => {
    const full = systemCodeOf(cause) === "ERR_WORKER_OUT_OF_MEMORY";
    const error = full ? tooLarge(cause) : new ShakedownError("JUDGE_FAILED", messageOf(cause));
    seen.reject(error);
    logged.resolve(plainError(error, "DISK_WRITE_FAILED"));
  };
  thread.on("message", (message: FromBeside) => {
    if (message.kind === "logged") logged.resolve(message.unwritten);
    else if ("seen" in message) seen.resolve(message.seen);
    else seen.reject(revivedError(message.failed));
  });
  thread.on("error", failed);
  thread.on("exit", (code) =>
    failed(new Error(`the thread beside the judge ended with exit code ${code}`)),
  );
  return { seen: seen.promise, log: () => logged.promise };
}
