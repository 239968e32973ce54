import { randomUUID } from "node:crypto";
import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../core/index.ts";
import { REPORT_FORMATS, type ReportModel } from "../report/index.ts";
import type { CliIo } from "./command.ts";

type Stream = CliIo["stdout"];
type Env = Readonly<Record<string, string | undefined>>;

/** Formats whose files a pipeline's definition names, beside the run's own directory. */
const BESIDE = ["markdown", "junit", "gitlab"];

async function rendered(name: string, model: ReportModel): Promise<{ file: string; text: string }> {
  const format = REPORT_FORMATS.find((each) => each.name === name)!;
  return { file: format.file, text: await format.render(model) };
}

/** Whether GitHub reads what is printed. */
export const onGithub = (env: Env): boolean => env["GITHUB_ACTIONS"] === "true";

/**
 * Text that GitHub's runner prints and does not obey, whatever a capture made it hold. Source:
 * GitHub's documentation, "Workflow commands", stopping and starting.
 */
export function unheeded(text: string, env: Env): string {
  if (!onGithub(env)) return text;
  const token = randomUUID();
  return `::stop-commands::${token}\n${text}::${token}::\n`;
}

/**
 * What a pipeline shows of a run: `report.md`, `junit.xml` and `gl-code-quality-report.json` in the
 * folder of runs, the same names for every run; on GitHub, annotations, the job's summary, and the
 * outputs `decision` and `run`. A file that cannot be written is said, and changes no exit code.
 */
export async function tellCi(
  model: ReportModel,
  to: {
    readonly out: string;
    readonly run: string;
    readonly env: Env;
    readonly stream: Stream;
    readonly stderr: Stream;
  },
): Promise<void> {
  const { env, out, run, stderr, stream } = to;
  const tried = (path: string, write: (path: string) => void): void => {
    try {
      write(path);
    } catch (cause) {
      stderr.write(`shakedown: cannot write ${path}: ${messageOf(cause)}\n`);
    }
  };
  for (const name of BESIDE) {
    const { file, text } = await rendered(name, model);
    tried(join(out, file), (path) => writeFileSync(path, text));
    const summary = env["GITHUB_STEP_SUMMARY"];
    if (name !== "markdown" || summary === undefined || summary === "") continue;
    tried(summary, (path) => appendFileSync(path, `${text}\n`));
  }
  const outputs = env["GITHUB_OUTPUT"];
  if (outputs !== undefined && outputs !== "") {
    const decision = model.result.decision ?? "measured";
    tried(outputs, (path) => appendFileSync(path, `decision=${decision}\nrun=${run}\n`));
  }
  if (onGithub(env)) stream.write((await rendered("github", model)).text);
}
