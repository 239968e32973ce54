import { sha256Hex } from "../core/index.ts";
import { type CiCase, ciProblems } from "./ci-cases.ts";
import type { ReportFormat, Result } from "./model.ts";

/** A verdict blocks a merge, and what it rests on is grave; what is open is told. */
function severityOf({ group, status }: CiCase): string {
  if (status === "open") return "minor";
  return group === "verdict" ? "blocker" : "critical";
}

/** The same for the same case in every run of a scenario: GitLab tells by it what is new. */
const fingerprintOf = ({ group, name }: CiCase, { run }: Result): string =>
  sha256Hex(JSON.stringify([run.scenario, group, name]));

/**
 * GitLab's code-quality report: what fails, and what is open, at the scenario's file.
 * Source: GitLab's documentation, "Code Quality report format" (the fields of CodeClimate's that it reads).
 */
export const gitlabFormat: ReportFormat = {
  name: "gitlab",
  file: "gl-code-quality-report.json",
  render({ result }) {
    const path = (result.run.file ?? result.run.scenario).replace(/^\.\//, "");
    const rows = ciProblems(result).map((each) => ({
      description: `${each.name}: ${each.kind}. ${each.message}`,
      check_name: `shakedown/${each.group}`,
      fingerprint: fingerprintOf(each, result),
      severity: severityOf(each),
      location: { path, lines: { begin: 1 } },
    }));
    return `${JSON.stringify(rows, null, 2)}\n`;
  },
};
