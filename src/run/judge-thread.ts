import { parentPort, workerData } from "node:worker_threads";
import { plainError, type PlainError } from "../core/index.ts";
import { KEPT_FORMATS, type ReportModel, resilienceMarkdown } from "../report/index.ts";
import { concludeRun } from "./analyse.ts";
import { analyseRuns } from "./analyse-runs.ts";
import type { FromJudge, JudgeData } from "./judge.ts";
import { besideJudge, type BesideJudge, writeLog } from "./beside-judge.ts";
import { compareRun } from "./compare-run.ts";
import { type Manifest, readManifest } from "./manifest.ts";
import { seeRun } from "./see-run.ts";
import { RunDirectory } from "./run-directory.ts";

/* Judges in a thread: see judge.ts. */

/** What waits for one run's histogram log. */
type Log = BesideJudge["log"];

/** What is shown of one run, and what waits for its log. */
async function oneRun(
  directory: RunDirectory,
  manifest: Manifest,
  writesLog: boolean,
): Promise<{ readonly model: ReportModel; readonly logs: readonly Log[] }> {
  const { log, seen } = besideJudge(directory, manifest, writesLog);
  const run = compareRun(directory, manifest);
  const { model } = concludeRun(directory, run, await (seen ?? seeRun(run.gathered)));
  return { model, logs: [log] };
}

/** What is shown of a directory, and the logs of its runs, which are written unless `writesLog` is false. */
async function modelOf({ manifest: given, path, writesLog }: JudgeData): ReturnType<typeof oneRun> {
  const directory = new RunDirectory(path);
  if (!directory.holdsRuns) {
    return oneRun(directory, given ?? readManifest(directory), writesLog);
  }
  const model = analyseRuns(directory);
  const runs = writesLog ? (model.result.runs ?? []) : [];
  const logs = runs.map(({ run }): Log => {
    const own = directory.run(run);
    return async () => writeLog(own, readManifest(own));
  });
  return { model, logs };
}

const say = (message: FromJudge): void => parentPort?.postMessage(message);

try {
  const { model, logs } = await modelOf(workerData as JudgeData);
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
  let unwritten: PlainError | null = null;
  for (const log of logs) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other: each is large
    const failure = await log();
    unwritten ??= failure;
  }
  say({ kind: "judged", judged: { model, reports, unwritten } });
} catch (thrown) {
  say({ kind: "failed", error: plainError(thrown, "JUDGE_FAILED") });
}
