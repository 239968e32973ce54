import { formatCount } from "../../core/index.ts";
import type { ArmRow, ReportModel, Result } from "../model.ts";
import {
  countsWords,
  formatArmUs,
  ledgerOf,
  NOTHING,
  orderedArms,
  plainText,
  punctualityWords,
} from "../words.ts";
import { badge } from "./marks.ts";
import { longText, type Markup, markup, type SortedCell, table } from "./markup.ts";

/** An arm's name with its colour, the control's a disc and the others' squares. */
export function armName(name: string, index: number): Markup {
  return markup`<span class="arm-name arm-${index % 5}">${plainText(name, 60)}</span>`;
}

function ledgerMark(missing: number): Markup {
  return missing === 0
    ? badge("pass", "exact")
    : badge("fail", `${formatCount(Math.abs(missing))} ${missing > 0 ? "missing" : "too many"}`);
}

const lateWords = (arm: ArmRow): string => {
  const started = arm.responses + arm.errors;
  const { connection, generator } = arm.lateStarts;
  return started === 0
    ? NOTHING
    : `${formatCount(generator + connection)} of ${formatCount(started)}`;
};

/** The exact account of every planned request in each arm, then how long they took. */
export function arms({ result }: ReportModel): Markup {
  const rows = orderedArms(result);
  const accounts = rows.map(([name, arm], index) => [
    armName(name, index),
    formatCount(arm.planned),
    formatCount(arm.responses),
    formatCount(arm.errors),
    formatCount(arm.dropped),
    ledgerMark(ledgerOf(arm).missing),
    countsWords(arm.statusCounts),
    countsWords(arm.errorCounts),
    countsWords(arm.dropCounts),
  ]);
  const figure = (head: string) => ({ head, figure: true });
  const times = rows.flatMap(([name, arm], index) =>
    (
      [
        ["response time", arm.responseTimeUs],
        ["service time", arm.serviceTimeUs],
        ["start lag", arm.startLagUs],
        ["of it, no free connection", arm.connectionWaitUs],
      ] as const
    ).map(([what, us]) => [
      armName(name, index),
      what,
      ...[us.p50, us.p90, us.p99, us.p999, us.max].map((value) => formatArmUs(arm, value)),
      what === "start lag" ? lateWords(arm) : "",
    ]),
  );
  return markup`<section id="arms"><h2>Every request accounted for</h2>
<p class="lead">Planned = responses + errors + dropped, exactly, in each arm. A dropped start was planned but not sent, because a limit was reached.</p>
${table({
  caption: "The ledger of each arm",
  columns: [
    { head: "Arm" },
    figure("Planned"),
    figure("Responses"),
    figure("Errors"),
    figure("Dropped"),
    { head: "Ledger" },
    { head: "Status codes" },
    { head: "Error kinds" },
    { head: "Drop reasons" },
  ],
  rows: accounts,
})}
<p class="lead">Response time is what a user would have waited: start lag (the generator’s own lateness) plus service time (what the target took).</p>
${table({
  caption: "Times of each arm",
  columns: [
    { head: "Arm" },
    { head: "Time" },
    ...["p50", "p90", "p99", "p99.9", "Max", "Over 1 ms late"].map(figure),
  ],
  rows: times,
  opens: (index) => index % 4 !== 3,
})}
<ul class="notes">${rows.map(([name, arm]) => markup`<li>${name}: ${punctualityWords(arm)}.</li>`)}</ul></section>`;
}

function routeRows(result: Result): readonly {
  readonly route: string;
  readonly cells: readonly (string | Markup | SortedCell)[];
}[] {
  const all = orderedArms(result);
  const names = [...new Set(all.flatMap(([, arm]) => arm.routes.map(({ route }) => route)))];
  return names.flatMap((name) =>
    all.flatMap(([armLabel, arm], index) => {
      const found = arm.routes.find(({ route }) => route === name);
      if (found === undefined) return [];
      return [
        {
          route: name,
          cells: [
            longText(name),
            armName(armLabel, index),
            {
              shows: markup`${formatCount(found.planned)}${ledgerOf(found).missing !== 0 && markup` ${ledgerMark(ledgerOf(found).missing)}`}`,
              by: found.planned,
            },
            { shows: formatCount(found.errors), by: found.errors },
            { shows: formatCount(found.dropped), by: found.dropped },
            ...[found.responseTimeUs.p50, found.responseTimeUs.p99, found.responseTimeUs.max].map(
              (value) => ({ shows: formatArmUs(found, value), by: value }),
            ),
          ],
        },
      ];
    }),
  );
}

/** What each route of the profile got from each arm. */
export function routes({ result }: ReportModel): Markup | false {
  const rows = routeRows(result);
  if (rows.length === 0) return false;
  const grid = table({
    caption: "Routes, by arm",
    columns: [
      { head: "Route", class: "route", sort: "name" },
      { head: "Arm", sort: "name" },
      ...["Planned", "Errors", "Dropped", "p50", "p99", "Max"].map((head) => ({
        head,
        figure: true,
        sort: "figure" as const,
      })),
    ],
    rows: rows.map(({ cells }) => cells),
  });
  return markup`<section id="routes"><h2>Routes</h2><p class="lead">Response times as a user would have waited. Choose a column’s head to sort by it.</p>${grid}</section>`;
}
