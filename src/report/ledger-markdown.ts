import { formatCount } from "../core/index.ts";
import { cell, escapeMarkdown, row } from "./markdown-cells.ts";
import type { Result } from "./model.ts";
import {
  countsWords,
  formatArmUs,
  ledgerOf,
  NOTHING,
  orderedArms,
  punctualityWords,
} from "./words.ts";

const ROUTES_MAX = 10;

/** What became of the starts of each arm, and how well the generator kept the plan. */
export function ledgerMarkdown(result: Result): string[] {
  const body = orderedArms(result).map(([name, arm]) =>
    row([
      cell(name),
      ledgerOf(arm).equation,
      formatArmUs(arm, arm.responseTimeUs.p50),
      formatArmUs(arm, arm.responseTimeUs.p99),
      cell(countsWords(arm.errorCounts)),
      cell(countsWords(arm.dropCounts)),
    ]),
  );
  return [
    "### Ledger",
    "",
    row(["Arm", "Planned = responses + errors + dropped", "p50", "p99", "Errors", "Dropped"]),
    "| --- | --- | ---: | ---: | --- | --- |",
    ...body,
    "",
    ...orderedArms(result).map(
      ([name, arm]) => `- ${escapeMarkdown(name)}: ${punctualityWords(arm)}`,
    ),
    "",
  ];
}

/** The p99 of each route in each arm, folded. */
export function routesMarkdown(result: Result): string[] {
  const arms = orderedArms(result);
  const names = [...new Set(arms.flatMap(([, arm]) => arm.routes.map(({ route }) => route)))];
  if (names.length === 0) return [];
  const body = names.slice(0, ROUTES_MAX).map((name) => {
    const cells = arms.map(([, arm]) => {
      const found = arm.routes.find(({ route }) => route === name);
      if (found === undefined) return NOTHING;
      const p99 = formatArmUs(found, found.responseTimeUs.p99);
      return found.errors === 0
        ? p99
        : `${p99}, ${formatCount(found.errors)} ${found.errors === 1 ? "error" : "errors"}`;
    });
    return row([cell(name), ...cells]);
  });
  const left = names.length - ROUTES_MAX;
  return [
    "<details><summary>Routes: p99 response time</summary>",
    "",
    row(["Route", ...arms.map(([arm]) => cell(arm))]),
    row(["---", ...arms.map(() => "---:")]),
    ...body,
    "",
    ...(left > 0 ? [`${formatCount(left)} more in report.html.`, ""] : []),
    "</details>",
    "",
  ];
}
