import { parentPort, workerData } from "node:worker_threads";
import { plainError } from "../core/index.ts";
import { REPORT_FORMATS } from "../report/index.ts";
import { analyse } from "./analyse.ts";
import type { FromJudge, JudgeData } from "./judge.ts";
import { RunDirectory } from "./run-directory.ts";

/* Judges in a thread: see judge.ts. */

const say = (message: FromJudge): void => parentPort?.postMessage(message);

try {
  const { manifest, path } = workerData as JudgeData;
  const model = analyse(new RunDirectory(path), manifest ?? undefined);
  const rendering = REPORT_FORMATS.map(async (format) => ({
    file: format.file,
    text: await format.render(model),
  }));
  say({ kind: "judged", judged: { model, reports: await Promise.all(rendering) } });
} catch (thrown) {
  say({ kind: "failed", error: plainError(thrown, "JUDGE_FAILED") });
}
