import { formatCount, formatDurationNs, formatRatePerSec, formatRatio } from "../core/index.ts";
import type { Plan, PlannedStage, SizedMetric, SizedStage } from "../experiment/index.ts";
import { alphaShares, familyConfidence, metricLabel, replicatesOf } from "../experiment/index.ts";
import type { PlannedScenario } from "../run/index.ts";
import { labelled, tableLines, wrapped } from "./text-layout.ts";

const NONE = "–";

function claimLines({ hypothesis, otherwise }: Plan): string[] {
  if (hypothesis === null) return ["One arm is measured; nothing is compared."];
  const { because, if: change, then } = hypothesis;
  return labelled([
    ...(because === undefined ? [] : [["because", because] as const]),
    ["if", change],
    ["then", then],
    ["otherwise", otherwise ?? NONE],
  ]);
}

function stageRow(stage: PlannedStage, sized: SizedStage | undefined): string[] {
  const { endNs, fromPerSec, name, ratePerSec, startNs } = stage;
  const rate = formatRatePerSec(ratePerSec);
  return [
    name,
    fromPerSec === ratePerSec ? rate : `${formatRatePerSec(fromPerSec)} … ${rate}`,
    formatDurationNs(endNs - startNs),
    ...(sized === undefined
      ? [NONE, NONE, NONE]
      : [
          formatDurationNs(sized.judgedNs),
          `${sized.blocks} × ${formatDurationNs(sized.blockNs)}`,
          formatCount(sized.requests),
        ]),
  ];
}

function metricRow(row: SizedMetric): string[] {
  const { label, margin, mde, minimumEffect, power, role, stage } = row;
  const wanted =
    minimumEffect === null ? formatRatio(margin) : `${formatRatio(minimumEffect)} gain`;
  return [
    label,
    role,
    stage,
    wanted,
    mde === null ? "unknown" : formatRatio(mde),
    power === null ? "unknown" : power.toFixed(2),
  ];
}

/** What would do for one test: a length of each run, and what it holds; or runs as long as planned. */
function neededRow({ label, needed, runs, stage }: SizedMetric): string[] {
  const finite = (value: number, words: (value: number) => string): string =>
    Number.isFinite(value) ? words(value) : "none";
  const { blocks, judgedNs, requests } = needed!;
  return [
    label,
    stage,
    finite(blocks, formatCount),
    finite(requests, formatCount),
    finite(Math.ceil(judgedNs / 1e9) * 1e9, formatDurationNs),
    finite(runs, formatCount),
  ];
}

function neededLines(metrics: readonly SizedMetric[]): string[] {
  const known = metrics.filter(({ needed }) => needed !== null);
  if (known.length === 0) return [];
  const head = ["enough would be", "stage", "blocks", "requests an arm", "time", "or runs"];
  return ["", ...tableLines([head, ...known.map(neededRow)])];
}

/** `0.05 (95 % intervals): 0.025 the verdict's, 0.0125 the looks'` */
function alphaWords(plan: Plan): string {
  const { gates, looks, verdict } = alphaShares(plan);
  const number = (share: number): string => `${Number(share.toPrecision(3))}`;
  const shares = [
    `${number(verdict)} the verdict's`,
    ...(looks > 0 ? [`${number(looks)} the looks'`] : []),
    ...(gates > 0 ? [`${number(gates)} the gates'`] : []),
  ];
  const variants = plan.arms.length - 1;
  const over = variants > 1 ? ` over ${variants} variants` : "";
  const intervals = `${formatRatio(familyConfidence(plan))} intervals`;
  return `${plan.alpha}${over} (${intervals}): ${shares.join(", ")}`;
}

/** `slowness  latency of payments, times: 1 or 4`, and how often each combination is run. */
function factorRows(plan: Plan): (readonly [string, string])[] {
  const { factors, runs } = plan;
  if (factors === undefined) return [];
  const each = replicatesOf(plan, runs);
  const combinations = runs.length / each;
  const all = combinations === 2 ** factors.length ? "all" : `of ${2 ** factors.length}`;
  const times = each === 1 ? "once" : `${each} times`;
  return [
    ["combinations", `${combinations} (${all}), each ${times}; all must pass`],
    ...factors.map(({ levels, name, sets }) => {
      const [low, high] = levels;
      return [`factor ${name}`, `${sets}: ${low} or ${high}`] as const;
    }),
  ];
}

/** What the plan knows of how much runs differ, and what a single one may come to by that. */
function betweenRunsWords(plan: Plan): string {
  const { betweenRunSd, calibrationSha256, primary, runs } = plan;
  if (betweenRunSd === null) return "SD not registered";
  const sd = `SD ${formatRatio(betweenRunSd)}`;
  if (calibrationSha256 !== undefined) return `${sd}, by A/A runs of this host`;
  if (primary === null || replicatesOf(plan, runs) > 1) return sd;
  return (
    `${sd} by the scenario's word: a run alone may be rolled back and never ships; that takes ` +
    "more runs (design.runs), or A/A runs of this host (`shakedown calibrate`)"
  );
}

function designRows(plan: Plan, powerEach: number): (readonly [string, string])[] {
  const { negativeControls, power, secondary, segments } = plan;
  const runs = plan.runs.length;
  const tests = `each of the tests below at ${powerEach.toFixed(3)}, as all must pass`;
  const lengthNs = plan.stages.at(-1)?.endNs ?? 0;
  const names = segments.map(({ name, protected: bound }) =>
    bound ? `${name} (protected)` : name,
  );
  const list = (of: readonly string[]): string => (of.length === 0 ? "none" : of.join(", "));
  return [
    ["alpha", alphaWords(plan)],
    ["power", `${power}; ${tests}`],
    [
      "runs",
      `${runs} of ${formatDurationNs(lengthNs)}: ${formatDurationNs(runs * lengthNs)} in all`,
    ],
    ...factorRows(plan),
    ["between runs", betweenRunsWords(plan)],
    ["secondary", list(secondary.map((spec) => metricLabel(spec)))],
    ["negative controls", list(negativeControls)],
    ["segments", list(names)],
  ];
}

/** What is not known well, each reason once: `unknown  how much p95, p99 varies within a run: …`. */
function varianceLines(metrics: readonly SizedMetric[], key: "doubt" | "unknown"): string[] {
  const reasons = Map.groupBy(
    metrics.filter((row) => row[key] !== null),
    (row) => row[key]!,
  );
  return [...reasons].flatMap(([why, rows]) => {
    const of = [...new Set(rows.map(({ label }) => label))].join(", ");
    return wrapped(`${key}  how much ${of} varies within a run: ${why}`);
  });
}

/** A plan as people read it, with what it can show and what would do where it cannot. */
export function planText({ problems, registered, sizing }: PlannedScenario): string {
  const { plan, sha256 } = registered;
  const sizedOf = (name: string) => sizing.stages.find((stage) => stage.name === name);
  const unsure = [
    ...varianceLines(sizing.metrics, "unknown"),
    ...varianceLines(sizing.metrics, "doubt"),
  ];
  const lines = [
    plan.scenario,
    ...claimLines(plan).flatMap((line) => wrapped(line)),
    "",
    ...labelled(designRows(plan, sizing.powerEach)).flatMap((line) => wrapped(line)),
    "",
    ...tableLines([
      ["stages", "rate", "for", "judged", "blocks", "requests an arm"],
      ...plan.stages.map((stage) => stageRow(stage, sizedOf(stage.name))),
    ]),
    "",
    ...(sizing.metrics.length === 0
      ? []
      : tableLines([
          ["must pass", "role", "stage", "margin", "least shown", "power"],
          ...sizing.metrics.map(metricRow),
        ])),
    ...neededLines(sizing.metrics),
    ...(unsure.length === 0 ? [] : ["", ...unsure]),
    "",
    ...problems.flatMap(({ cure, problem }) => [
      ...wrapped(`✗  ${problem}`),
      ...wrapped(`   → ${cure}`),
    ]),
    ...(problems.length === 0
      ? [
          unsure.length === 0
            ? "✓  the plan can show what it claims"
            : "nothing known is in the way",
        ]
      : ["Refused: this plan can hardly show what it claims."]),
    `plan ${sha256}`,
  ];
  return `${lines.join("\n")}\n`;
}

/** The same for a machine. What is unknown is null; a time that no length reaches, too. */
export function planJson({ problems, registered, sizing }: PlannedScenario): string {
  return `${JSON.stringify({ ...registered, sizing, problems }, null, 2)}\n`;
}
