import { totalmem } from "node:os";
import {
  messageOf,
  type PlainError,
  revivedError,
  ShakedownError,
  systemCodeOf,
  startThread,
} from "../core/index.ts";
import type { ReportModel } from "../report/index.ts";
import { noteJudgedAgain } from "./close-run.ts";
import type { Manifest } from "./manifest.ts";
import type { RunDirectory } from "./run-directory.ts";

/** A run judged, and its reports as texts, not yet written. */
export interface Judged {
  readonly model: ReportModel;
  readonly reports: readonly { readonly file: string; readonly text: string }[];
  /** Why `histograms.hlog`, which the judge writes itself, is missing, if it is. */
  readonly unwritten: PlainError | null;
}

export interface JudgeData {
  readonly path: string;
  readonly manifest: Manifest | null;
  readonly writesLog: boolean;
}

export type FromJudge =
  | { readonly kind: "judged"; readonly judged: Judged }
  | { readonly kind: "failed"; readonly error: PlainError };

/** Of the machine's memory: what a judge may take before it is said to be too much. */
const MEMORY_SHARE = 0.75;

export const tooLarge = (cause: unknown): ShakedownError =>
  new ShakedownError("JUDGE_FAILED", "the run is too large to be judged in this machine's memory", {
    hint: "nothing is lost: `shakedown report` judges it where there is more memory",
    cause,
  });

/**
 * Judges a run in a thread of its own, so that an interrupt is heard while it goes on and a run
 * that is too large for the memory ends with a message. `manifest`: what the directory's would say,
 * had it been possible to write it. Nothing is written but `histograms.hlog`, and that not either
 * unless `writesLog`.
 * @throws RUN_INVALID, SPOOL_INVALID; JUDGE_FAILED when the judge itself crashed
 */
export async function judge(
  directory: RunDirectory,
  manifest?: Manifest,
  writesLog = true,
): Promise<Judged> {
  const workerData: JudgeData = { path: directory.path, manifest: manifest ?? null, writesLog };
  const maxOldGenerationSizeMb = Math.floor((totalmem() / 2 ** 20) * MEMORY_SHARE);
  const { promise, resolve, reject } = Promise.withResolvers<Judged>();
  const thread = startThread("judge-thread", import.meta.url, {
    workerData,
    heap: "tight",
    resourceLimits: { maxOldGenerationSizeMb },
  });
  thread.on("message", (message: FromJudge) => {
    if (message.kind === "judged") resolve(message.judged);
    else reject(revivedError(message.error));
  });
  thread.on("error", (cause) => {
    const full = systemCodeOf(cause) === "ERR_WORKER_OUT_OF_MEMORY";
    reject(
      full ? tooLarge(cause) : new ShakedownError("JUDGE_FAILED", messageOf(cause), { cause }),
    );
  });
  thread.on("exit", (code) => {
    reject(new ShakedownError("JUDGE_FAILED", `the judge ended by itself with exit code ${code}`));
  });
  return promise;
}

/** @throws DISK_WRITE_FAILED */
export function writeReports(directory: RunDirectory, { reports, unwritten }: Judged): void {
  for (const { file, text } of reports) directory.write(file, text);
  if (unwritten !== null) throw revivedError(unwritten);
}

/**
 * Judges a run from its directory and writes every report into it. Doing it again gives the same;
 * where it does not, the audit trail of a closed run is told so.
 * @throws RUN_INVALID, SPOOL_INVALID, JUDGE_FAILED, DISK_WRITE_FAILED
 */
export async function judgeAndReport(directory: RunDirectory): Promise<ReportModel> {
  const judged = await judge(directory);
  writeReports(directory, judged);
  await noteJudgedAgain(directory, judged);
  return judged.model;
}
