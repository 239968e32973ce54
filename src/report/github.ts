import { type CiCase, ciProblems } from "./ci-cases.ts";
import type { ReportFormat, Result } from "./model.ts";
import { OUTCOME_WORDS, outcomeOf } from "./words.ts";

/** GitHub shows no more than these of each level for a step, and drops the rest without a word. */
const LEVEL_MAX = 10;

const LEVELS = { error: "error", fail: "error", open: "warning", pass: "notice" } as const;

/** Source: `escapeData` and `escapeProperty` of actions/toolkit, `packages/core/src/command.ts`. */
const escapeData = (text: string): string =>
  text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
const escapeProperty = (text: string): string =>
  escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");

function command(level: string, title: string, message: string, { run }: Result): string {
  const file = run.file === undefined ? "" : `file=${escapeProperty(run.file)},`;
  return `::${level} ${file}title=${escapeProperty(title)}::${escapeData(message)}`;
}

const titleOf = ({ group, kind, name }: CiCase): string =>
  group === "verdict" ? `${kind}: ${name}` : name;

/**
 * Workflow commands that GitHub shows as annotations, the gravest first: an error for what fails, a
 * warning for what is open, of each ten at most; a notice for a run in which all is well.
 */
export const githubFormat: ReportFormat = {
  name: "github",
  file: "annotations.txt",
  render({ result }) {
    const problems = ciProblems(result);
    const shown = (["error", "warning"] as const).flatMap((level) =>
      problems.filter(({ status }) => LEVELS[status] === level).slice(0, LEVEL_MAX),
    );
    const lines = shown.map((each) =>
      command(LEVELS[each.status], titleOf(each), each.message, result),
    );
    const word = OUTCOME_WORDS[outcomeOf(result)];
    const well = command("notice", `${word}: ${result.run.scenario}`, result.reason, result);
    const isWell = result.decision === "ship" || result.decision === null;
    return `${[...(isWell ? [well] : []), ...lines].join("\n")}\n`;
  },
};
