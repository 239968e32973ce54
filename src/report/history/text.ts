import { styleText } from "node:util";
import { formatCount } from "../../core/index.ts";
import { sdWords } from "../playbook/noise.ts";
import { type Paint, wrapped } from "../text-lines.ts";
import { metricWords, NOTHING, plainText } from "../words.ts";
import type { History, HistoryEvent, HistorySeries } from "./model.ts";
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

const MARKS = { worse: "✗", better: "✓", mixed: "△", spread: "△" } as const;
const COLORS = { worse: "red", better: "green", mixed: "yellow", spread: "yellow" } as const;
const CHANGES_MAX = 12;
const NAME_CHARS = 44;

interface Writing {
  readonly history: History;
  readonly paint: Paint;
  readonly width: number;
}

function eventLines(event: HistoryEvent, { history, paint, width }: Writing): string[] {
  const hosts = hostNames(history);
  const head = `${MARKS[event.direction]} ${plainText(event.scenario, 60)}: ${eventWords(event)}`;
  const told = event.changes.slice(0, CHANGES_MAX).flatMap((change) => {
    const series = history.series[change.series]!;
    const name = `${placeWords(series)}, ${whoseWords(series, hosts)}`;
    return wrapped(
      `    ${MARKS[change.direction]} `,
      `${name}: ${fromToWords(series, change)}`,
      width,
    );
  });
  const left = event.changes.length - CHANGES_MAX;
  return [
    paint(["bold", COLORS[event.direction]], head),
    ...told,
    ...(left > 0 ? [`      and ${left} more, in the page and the JSON`] : []),
    ...eventNotes(event, history.runs).flatMap((note) =>
      wrapped("    ", note, width).map((line) => paint("dim", line)),
    ),
  ];
}

function changeLines(writing: Writing): string[] {
  const { history, paint, width } = writing;
  const { events } = history;
  const significance = significanceWords(history);
  return [
    paint("bold", "Changes, the newest first"),
    ...(events.length === 0 ? [noEventWords(history)] : []),
    ...events.flatMap((event) => eventLines(event, writing)),
    ...(significance === ""
      ? []
      : wrapped("", significance, width).map((line) => paint("dim", line))),
  ];
}

const HEAD = ["  metric", "whose", "runs", "first", "last", "change"] as const;
const LEFT = new Set([0, 1]);

function trendCells(series: HistorySeries, hosts: ReadonlyMap<string, string>): string[] {
  const [first, last] = [series.parts[0]!, series.parts.at(-1)!];
  return [
    `  ${plainText(placeWords(series), NAME_CHARS)}`,
    plainText(whoseWords(series, hosts), 28),
    formatCount(series.runs.length),
    valueWords(series, first.median),
    valueWords(series, last.median),
    series.change === null ? "~" : changeWords(series, series.change),
  ];
}

function trendTable(all: readonly HistorySeries[], { history, paint }: Writing): string[] {
  const hosts = hostNames(history);
  const rows = [HEAD, ...all.map((series) => trendCells(series, hosts))];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((cells) => cells[column]!.length)));
  const lines = rows.map((cells) =>
    cells
      .map((cell, column) =>
        LEFT.has(column) ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
      )
      .join("  ")
      .trimEnd(),
  );
  return [paint("dim", lines[0]!), ...lines.slice(1)];
}

/** Those that change, and what plans rest on; of the others their number. */
function trendLines(writing: Writing): string[] {
  const { history, paint } = writing;
  const byScenario = Map.groupBy(history.series, ({ scenario }) => scenario);
  return [...byScenario].flatMap(([scenario, all]) => {
    const shown = all.filter(
      ({ change, role }) => change !== null || role === "primary" || role === null,
    );
    const left = all.length - shown.length;
    return [
      "",
      paint("bold", `Trends of ${plainText(scenario, 60)}`),
      ...(shown.length === 0 ? [] : trendTable(shown, writing)),
      ...(left === 0 ? [] : [`  and ${left} that do not change, in the page and the JSON`]),
    ];
  });
}

function flakyLines({ history: { flaky }, paint, width }: Writing): string[] {
  const lines = flaky.flatMap((one) => [
    ...wrapped(
      one.differing === 0 ? "✓ " : "△ ",
      `${plainText(one.scenario, 60)}: ${flakyWords(one)}`,
      width,
    ),
    ...one.examples.map((example) => `    ${exampleWords(example)}`),
  ]);
  const none =
    "No clean revision was decided on more than once: how steady verdicts are is not known.";
  return [
    "",
    paint("bold", "Flaky scenarios"),
    ...(lines.length === 0 ? wrapped("", none, width) : lines),
  ];
}

function noiseLines({ history: { aaRuns, noise }, paint, width }: Writing): string[] {
  const hosts = aaRuns.map(
    ({ host, rolledBack, runs }) =>
      `${plainText(host, 80)}: ${runsWords(runs)} of like arms, ${falseAlarmWords(rolledBack)}`,
  );
  const rows = noise
    .filter(({ runs }) => runs > 0)
    .map((one) => {
      const sd = sdWords(one);
      const told = sd === NOTHING ? "one run tells no SD" : `SD ${sd}`;
      const place = `${metricWords(one.metric)}, ${plainText(one.stage, 40)}`;
      return `${plainText(one.scenario, 60)}: ${place}: ${told} of ${runsWords(one.runs)}, ${plainText(one.host, 80)}`;
    });
  const none = "No A/A run is here: how much two runs of the same build differ is not known.";
  const all = aaRuns.length === 0 ? [none] : [...hosts, ...rows];
  return ["", paint("bold", "Host noise"), ...all.flatMap((line) => wrapped("  ", line, width))];
}

/**
 * What a terminal shows of a history: what changed and with which revision, trends, scenarios that
 * are flaky, the hosts' noise, and what could not be read. Ends with a line feed.
 */
export function historyText(
  history: History,
  options: { readonly color: boolean; readonly width: number },
): string {
  const paint: Paint = (format, text) =>
    options.color ? styleText(format, text, { validateStream: false }) : text;
  const writing = { history, paint, width: Math.max(40, options.width) };
  const { runs, unread, warnings } = history;
  const notes = warnings.flatMap((warning) => wrapped("! ", warning, writing.width));
  const missing = unread.flatMap(({ directory, why }) =>
    wrapped("  ", `${plainText(directory, 120)}: ${plainText(why, 300)}`, writing.width),
  );
  const lines = [
    paint("bold", summaryWords(history)),
    ...notes,
    ...(runs.length === 0
      ? []
      : [
          "",
          ...changeLines(writing),
          ...trendLines(writing),
          ...flakyLines(writing),
          ...noiseLines(writing),
        ]),
    ...(missing.length === 0 ? [] : ["", paint("bold", "Not read"), ...missing]),
  ];
  return `${lines.join("\n")}\n`;
}
