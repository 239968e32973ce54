import { formatRatePerSec, formatDurationNs, NS_PER_S } from "../../core/index.ts";
import type { ComparisonRow, ReportModel, Result } from "../model.ts";
import { troubledChecks } from "../check-words.ts";
import { stopSentence } from "../look-words.ts";
import {
  formatEffect,
  hasVariants,
  intervalWords,
  metricWords,
  rankedComparisons,
  STATUS_WORDS,
} from "../words.ts";
import { badge } from "./marks.ts";
import { type Markup, markup, table } from "./markup.ts";

type Row = readonly [rule: string, registered: string, happened: string | Markup];

const seconds = (value: number): string => formatDurationNs(value * NS_PER_S);

/** One metric's rule, with what each stage of each variant showed of it. */
function metricRow(result: Result, rows: readonly ComparisonRow[]): Row {
  const first = rows[0]!;
  const claim =
    first.minimumEffect === undefined
      ? `worse by less than ${formatEffect(first, first.margin, false)}`
      : `better by at least ${formatEffect(first, Math.abs(first.minimumEffect), false)}`;
  const shown = rows.map((row) => {
    const place = hasVariants(result) ? `${row.arm}, ${row.stage}` : row.stage;
    const interval = row.effect === null ? "too little to judge" : intervalWords(row);
    return markup`<li>${badge(row.status, STATUS_WORDS[row.status])} ${place} <span class="muted">(${interval})</span></li>`;
  });
  return [
    `${first.role}: ${metricWords(first.metric)}`,
    claim,
    markup`<ul class="plain">${shown}</ul>`,
  ];
}

function stageRow({ pictures, result }: ReportModel, index: number): Row {
  const { fromPerSec, judged, lengthS, name, ratePerSec } = pictures.registered.stages[index]!;
  const ramp = fromPerSec === ratePerSec ? "" : `${formatRatePerSec(fromPerSec)} to `;
  const registered = `${ramp}${formatRatePerSec(ratePerSec)} for ${seconds(lengthS)}${judged ? "" : ", not judged"}`;
  const ran = result.stages.find((stage) => stage.name === name);
  const from = ran?.judgedFromS;
  const until =
    from === null || from === undefined
      ? ""
      : from > ran!.startS
        ? `, judged from ${seconds(from - ran!.startS)} into it`
        : ", judged from its start";
  const happened =
    ran === undefined
      ? "did not begin"
      : ran.completed
        ? `ran whole${until}`
        : `was not completed${until}`;
  return [`stage: ${name}`, registered, happened];
}

function designRows({ pictures, result }: ReportModel): Row[] {
  const { alpha, betweenRunSd, power, runs, stop } = pictures.registered;
  const done = result.runs?.filter(({ judged }) => judged).length ?? (result.run.complete ? 1 : 0);
  const between =
    betweenRunSd === null
      ? "no spread between runs"
      : `runs differ by ${formatEffect({ effect: null, unit: "us" }, betweenRunSd, false)}`;
  const checks = troubledChecks(result).map(({ name }) => name);
  return [
    ["design", `alpha ${alpha}, power ${power}, ${between}`, "as registered"],
    ["runs", String(runs), `${done} whole and judged`],
    [
      "stop",
      [stop.harm ? "at harm" : "", stop.futility ? "when futile" : ""]
        .filter((text) => text !== "")
        .join(", ") || "never",
      stopSentence(result) ?? "no rule ended it",
    ],
    [
      "instrument",
      "generator, emulator and pairing within their limits",
      checks.length === 0
        ? badge("pass", "no check is against it")
        : `not passed: ${checks.join(", ")}`,
    ],
  ];
}

/** What was registered before the first request beside what happened, rule by rule. */
export function plan(model: ReportModel): Markup | false {
  const { result } = model;
  if (result.hypothesis === null) return false;
  const metrics = Map.groupBy(rankedComparisons(result), ({ metric, role }) => `${role} ${metric}`);
  const rows = [
    ...[...metrics.values()].map((same) => metricRow(result, same)),
    ...model.pictures.registered.stages.map((_, index) => stageRow(model, index)),
    ...designRows(model),
  ];
  return markup`<section id="plan"><h2>Registered, and what happened</h2><p class="lead">Fixed before the first request (SHA-256 <code>${result.run.planSha256.slice(0, 12)}</code>…), beside what came of it.</p>
${table({
  caption: "The registered plan beside what happened",
  cards: true,
  columns: [{ head: "Rule" }, { head: "Registered" }, { head: "Happened" }],
  rows,
})}</section>`;
}
