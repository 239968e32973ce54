import { parentPort, workerData } from "node:worker_threads";
import { plainError, type PlainError } from "../core/index.ts";
import { registerPlan } from "../experiment/index.ts";
import { KEPT_FORMATS, type ReportModel, resilienceMarkdown } from "../report/index.ts";
import { analyse } from "./analyse.ts";
import { analyseRuns } from "./analyse-runs.ts";
import type { FromJudge, JudgeData } from "./judge.ts";
import { writeHistogramLog } from "./histogram-log.ts";
import { type Manifest, readManifest, readPlan } from "./manifest.ts";
import { RunDirectory } from "./run-directory.ts";

/* Judges in a thread: see judge.ts. */

/** What keeps the log from being written keeps nothing else from being known. */
function tryLog(directory: RunDirectory, manifest: Manifest): PlainError | null {
  try {
    const { plan } = readPlan(directory, registerPlan);
    writeHistogramLog(directory, manifest, plan);
    return null;
  } catch (thrown) {
    return plainError(thrown, "DISK_WRITE_FAILED");
  }
}

interface Run {
  readonly directory: RunDirectory;
  readonly manifest: Manifest;
}

/** What is shown of a directory, and the runs in it, each with a histogram log of its own. */
function modelOf(
  directory: RunDirectory,
  given: Manifest | null,
): { readonly model: ReportModel; readonly runs: readonly Run[] } {
  if (!directory.holdsRuns) {
    const manifest = given ?? readManifest(directory);
    return { model: analyse(directory, manifest), runs: [{ directory, manifest }] };
  }
  const model = analyseRuns(directory);
  const runs = (model.result.runs ?? []).map(({ run }) => {
    const own = directory.run(run);
    return { directory: own, manifest: readManifest(own) };
  });
  return { model, runs };
}

const say = (message: FromJudge): void => parentPort?.postMessage(message);

try {
  const { manifest: given, path, writesLog } = workerData as JudgeData;
  const directory = new RunDirectory(path);
  const { model, runs } = modelOf(directory, given);
  const rendering = KEPT_FORMATS.map(async (format) => ({
    file: format.file,
    text: await format.render(model),
  }));
  const { resilience } = model;
  const probed =
    resilience === undefined
      ? []
      : [
          { file: "probe.json", text: `${JSON.stringify(resilience, null, 2)}\n` },
          { file: "probe.md", text: resilienceMarkdown(resilience) },
        ];
  const reports = [...(await Promise.all(rendering)), ...probed];
  const logs = writesLog ? runs.map((run) => tryLog(run.directory, run.manifest)) : [];
  const unwritten = logs.find((failure) => failure !== null) ?? null;
  say({ kind: "judged", judged: { model, reports, unwritten } });
} catch (thrown) {
  say({ kind: "failed", error: plainError(thrown, "JUDGE_FAILED") });
}
