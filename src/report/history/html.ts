import { formatCount } from "../../core/index.ts";
import { contents } from "../page/headline.ts";
import { badge, icon } from "../page/marks.ts";
import { type Markup, markup, table } from "../page/markup.ts";
import { pageShell } from "../page/shell.ts";
import { sdWords } from "../playbook/noise.ts";
import { Plots } from "../profile/plot.ts";
import { metricWords } from "../words.ts";
import type { History, HistoryEvent, HistorySeries } from "./model.ts";
import { trendPictures } from "./pictures.ts";
import {
  changeWords,
  eventNotes,
  eventWords,
  exampleWords,
  falseAlarmWords,
  flakyWords,
  fromToWords,
  hostNames,
  noEventWords,
  placeWords,
  runsWords,
  significanceWords,
  summaryWords,
  valueWords,
  whoseWords,
} from "./words.ts";

const STATUS = { worse: "harm", better: "improved", mixed: "open", spread: "open" } as const;
const DIRECTION_WORDS = {
  worse: "worse",
  better: "better",
  mixed: "worse and better",
  spread: "other spread",
} as const;

function event(one: HistoryEvent, history: History): Markup {
  const hosts = hostNames(history);
  const rows = one.changes.map((change) => {
    const series = history.series[change.series]!;
    return [
      placeWords(series),
      whoseWords(series, hosts),
      badge(STATUS[change.direction], DIRECTION_WORDS[change.direction]),
      fromToWords(series, change),
    ];
  });
  return markup`<h3 class="dependency">${icon(STATUS[one.direction])} ${one.scenario}: ${eventWords(one)}</h3>${table(
    {
      caption: "What changed",
      columns: [
        { head: "Metric and stage" },
        { head: "Whose" },
        { head: "Direction" },
        { head: "From and to", figure: true },
      ],
      rows,
      cards: true,
    },
  )}${eventNotes(one, history.runs).map((note) => markup`<p>${note}</p>`)}`;
}

function changes(history: History): Markup {
  const { events } = history;
  return markup`<section id="changes"><h2>Changes</h2><p class="lead">The newest first.</p>${
    events.length === 0
      ? markup`<p>${noEventWords(history)}</p>`
      : events.map((one) => event(one, history))
  }<p class="muted small">${significanceWords(history)}</p></section>`;
}

function trendRow(series: HistorySeries, hosts: ReadonlyMap<string, string>) {
  const { change, parts, runs } = series;
  const [first, last] = [parts[0]!.median, parts.at(-1)!.median];
  return [
    { shows: placeWords(series), by: null },
    whoseWords(series, hosts),
    { shows: formatCount(runs.length), by: runs.length },
    valueWords(series, first),
    valueWords(series, last),
    { shows: change === null ? "~" : changeWords(series, change), by: change ?? 0 },
    { shows: String(parts.length - 1), by: parts.length - 1 },
  ];
}

function trends(history: History, scenario: string, at: number, plots: Plots): Markup {
  const hosts = hostNames(history);
  const own = history.series.filter((series) => series.scenario === scenario);
  return markup`<section id="trends-${at}"><h2>${scenario}</h2>${trendPictures({ history, plots }, scenario)}${table(
    {
      caption: `Trends of ${scenario}`,
      columns: [
        { head: "Metric and stage", sort: "name" },
        { head: "Whose", sort: "name" },
        { head: "Runs", figure: true, sort: "figure" },
        { head: "First level", figure: true },
        { head: "Last level", figure: true },
        { head: "Change", figure: true, sort: "figure" },
        { head: "Changes", figure: true, sort: "figure" },
      ],
      rows: own.map((series) => trendRow(series, hosts)),
      cards: true,
    },
  )}</section>`;
}

function flaky({ flaky: all }: History): Markup {
  const none = markup`<p>No clean revision was decided on more than once: how steady verdicts are is not known.</p>`;
  const items = all.map(
    (one) =>
      markup`<li>${icon(one.differing === 0 ? "pass" : "doubt")} <strong>${one.scenario}</strong>: ${flakyWords(one)}${one.examples.length > 0 && markup`<ul class="plain">${one.examples.map((example) => markup`<li class="muted">${exampleWords(example)}</li>`)}</ul>`}</li>`,
  );
  return markup`<section id="flaky"><h2>Flaky scenarios</h2><p class="lead">Whose verdict changes without a change of revision.</p>${all.length === 0 ? none : markup`<ul class="plain">${items}</ul>`}</section>`;
}

function noise({ aaRuns, noise: all }: History): Markup {
  const measured = all.filter(({ runs }) => runs > 0);
  const hosts = aaRuns.map(
    ({ host, rolledBack, runs }) =>
      markup`<li>${icon(rolledBack === 0 ? "pass" : "doubt")} ${host}: ${runsWords(runs)} of like arms, ${falseAlarmWords(rolledBack)}</li>`,
  );
  const rows = measured.map((one) => [
    one.host,
    one.scenario,
    `${metricWords(one.metric)}, ${one.stage}`,
    formatCount(one.runs),
    sdWords(one),
  ]);
  const body =
    aaRuns.length === 0
      ? markup`<p>No A/A run is here: how much two runs of the same build differ is not known.</p>`
      : markup`<ul class="plain">${hosts}</ul>${rows.length > 0 && table({ caption: "Noise of A/A runs", columns: [{ head: "Host" }, { head: "Scenario" }, { head: "Metric and stage" }, { head: "Runs", figure: true }, { head: "SD", figure: true }], rows, cards: true })}`;
  return markup`<section id="noise"><h2>Host noise</h2>${body}</section>`;
}

function unread({ unread: all, warnings }: History): Markup | false {
  if (all.length + warnings.length === 0) return false;
  const notes = warnings.map((warning) => markup`<li>${warning}</li>`);
  const items = all.map(
    ({ directory, why }) =>
      markup`<li><code>${directory}</code> <span class="muted">${why}</span></li>`,
  );
  return markup`<section id="unread"><h2>What is left out</h2><ul class="notes">${notes}${items}</ul></section>`;
}

/** One page, offline, of many runs: changes first, then each scenario's trends, flakiness and noise. */
export function historyHtml(history: History): string {
  const plots = new Plots();
  const scenarios = [...new Set(history.series.map(({ scenario }) => scenario))];
  const of = scenarios.map(
    (name, at) => [`trends-${at}`, name, trends(history, name, at, plots)] as const,
  );
  const parts = [
    ["changes", "Changes", changes(history)] as const,
    ...of,
    ["flaky", "Flaky scenarios", flaky(history)] as const,
    ["noise", "Host noise", noise(history)] as const,
    ["unread", "What is left out", unread(history)] as const,
  ].filter(([, , part]) => part !== false);
  return pageShell({
    title: "shakedown history",
    tool: history.tool,
    scripts: ["profile-kinds.js", "sortable.js"],
    data: plots.data,
    skipTo: "changes",
    main: markup`<header>
<p class="brand">shakedown <span class="muted">history</span></p>
<h1>${summaryWords(history)}</h1>
</header>${contents(parts.map(([id, title]) => [id, title] as const))}${parts.map(([, , part]) => part)}`,
  }).html;
}
