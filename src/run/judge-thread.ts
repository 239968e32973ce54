import { parentPort, workerData } from "node:worker_threads";
import { plainError, type PlainError } from "../core/index.ts";
import { registerPlan } from "../experiment/index.ts";
import { REPORT_FORMATS } from "../report/index.ts";
import { analyse } from "./analyse.ts";
import type { FromJudge, JudgeData } from "./judge.ts";
import { writeHistogramLog } from "./histogram-log.ts";
import { type Manifest, readManifest, readPlan } from "./manifest.ts";
import { RunDirectory } from "./run-directory.ts";

/* Judges in a thread: see judge.ts. */

/** What keeps the log from being written keeps nothing else from being known. */
function tryLog(directory: RunDirectory, manifest: Manifest): PlainError | null {
  try {
    const { plan } = readPlan(directory, registerPlan);
    writeHistogramLog(directory, manifest, plan.timeoutNs);
    return null;
  } catch (thrown) {
    return plainError(thrown, "DISK_WRITE_FAILED");
  }
}

const say = (message: FromJudge): void => parentPort?.postMessage(message);

try {
  const { manifest: given, path } = workerData as JudgeData;
  const directory = new RunDirectory(path);
  const manifest = given ?? readManifest(directory);
  const model = analyse(directory, manifest);
  const rendering = REPORT_FORMATS.map(async (format) => ({
    file: format.file,
    text: await format.render(model),
  }));
  const reports = await Promise.all(rendering);
  say({ kind: "judged", judged: { model, reports, unwritten: tryLog(directory, manifest) } });
} catch (thrown) {
  say({ kind: "failed", error: plainError(thrown, "JUDGE_FAILED") });
}
