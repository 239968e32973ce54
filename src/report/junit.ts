import escapeHtml from "escape-html";
import { type CiCase, ciCases, type CiGroup } from "./ci-cases.ts";
import type { ReportFormat, Result } from "./model.ts";

const GROUPS: readonly CiGroup[] = ["verdict", "metrics", "detectors", "instrument"];

/** Without what XML 1.0 cannot hold even when it is escaped. */
const escapeXml = (text: string): string =>
  escapeHtml(text.toWellFormed().replaceAll(/[\uFFFE\uFFFF]/g, ""));

const attributes = (of: Readonly<Record<string, string | number>>): string =>
  Object.entries(of)
    .map(([name, value]) => ` ${name}="${escapeXml(String(value))}"`)
    .join("");

/** What says that a case did not pass. */
function outcomeLines({ kind, message, status }: CiCase): string[] {
  if (status === "pass") return [];
  if (status === "open") return [`      <skipped${attributes({ message })}/>`];
  const element = status === "fail" ? "failure" : "error";
  return [`      <${element}${attributes({ message, type: kind })}/>`];
}

function caseLines(each: CiCase, timeS: number): string[] {
  const { group, name } = each;
  const open = `    <testcase${attributes({ name, classname: `shakedown.${group}`, time: timeS })}`;
  const inner = outcomeLines(each);
  return inner.length === 0 ? [`${open}/>`] : [`${open}>`, ...inner, "    </testcase>"];
}

function properties({ run, tool }: Result): string[] {
  const { id, planSha256, seed } = run;
  const rows = Object.entries({ version: tool.version, run: id, seed, planSha256 });
  return [
    "    <properties>",
    ...rows.map(([name, value]) => `      <property${attributes({ name, value })}/>`),
    "    </properties>",
  ];
}

/** The verdict took the run's time; what is in it took none of its own. */
function suiteLines(result: Result, group: CiGroup, id: number): string[] {
  const cases = ciCases(result).filter((each) => each.group === group);
  const count = (status: CiCase["status"]): number =>
    cases.filter((each) => each.status === status).length;
  const timeS = group === "verdict" ? Number(result.run.durationS.toFixed(3)) : 0;
  const head = {
    name: group,
    package: "shakedown",
    id,
    timestamp: result.run.startedAt.slice(0, "2026-01-01T12:00:00".length),
    hostname: "localhost",
    tests: cases.length,
    failures: count("fail"),
    errors: count("error"),
    skipped: count("open"),
    time: timeS,
  };
  return [
    `  <testsuite${attributes(head)}>`,
    ...properties(result),
    ...cases.flatMap((each, index) => caseLines(each, index === 0 ? timeS : 0)),
    "    <system-out/>",
    "    <system-err/>",
    "  </testsuite>",
  ];
}

/**
 * `junit.xml`: the verdict, each metric in each stage, each detector and each instrument check is a
 * test case. What is neither shown to be well nor to be ill is skipped, with its reason; an
 * instrument that failed is an error. Valid by the schema of Ant's JUnit task, which asks for the
 * most (Source: windyroad/JUnit-Schema, `JUnit.xsd`).
 */
export const junitFormat: ReportFormat = {
  name: "junit",
  file: "junit.xml",
  render({ result }) {
    const lines = [
      '<?xml version="1.0" encoding="UTF-8"?>',
      "<testsuites>",
      ...GROUPS.flatMap((group, id) => suiteLines(result, group, id)),
      "</testsuites>",
    ];
    return `${lines.join("\n")}\n`;
  },
};
