import { formatRatio } from "../../core/index.ts";
import type { Footnotes } from "../footnotes.ts";
import {
  confidenceWords,
  differenceShown,
  formatEffect,
  formatValue,
  intervalWords,
  metricWords,
  NOTHING,
  STATUS_WORDS,
} from "../words.ts";
import type { ApartDifference, ApartReport, ApartRow, ApartSide } from "./model.ts";

/* What text, Markdown and page say of runs that were done apart, so that they never disagree. */

/** One row of a table, with the marks of its notes. */
export interface ApartLine {
  readonly row: ApartRow;
  readonly metric: string;
  readonly stage: string;
  readonly before: string;
  readonly after: string;
  /** `~` where no difference is shown. */
  readonly change: string;
  readonly interval: string;
  /** Both empty where nothing is decided. */
  readonly margin: string;
  readonly status: string;
  readonly notes: string;
}

export interface ApartTable {
  readonly title: string;
  /** `95 % interval` */
  readonly interval: string;
  readonly lines: readonly ApartLine[];
}

const SPREAD_NOTES = {
  floor:
    "nothing says how much two runs of one build differ; that arms side by side do " +
    "(design.betweenRunSd) is in the interval, what a run's arms have in common is not: the truth " +
    "may lie outside more often. --between-run-sd, or several runs a side, would tell",
  blocks:
    "nothing says how much two runs of one build differ: the interval is that of these very runs, " +
    "and too short for any other. --between-run-sd, or several runs a side, would tell",
} as const;

const SHARE_NOTE =
  "how much two runs of one build differ in a share, only several runs a side would tell: this " +
  "interval is that of these very runs";

function spreadNotes({ effect, spread }: ApartRow): string[] {
  if (spread === null || spread === "runs" || spread === "registered") return [];
  return [effect?.kind === "difference" ? SHARE_NOTE : SPREAD_NOTES[spread]];
}

function lineOf(row: ApartRow, notes: Footnotes, isEffect: boolean): ApartLine {
  const { effect, margin, metric, stage, status, unit, warnings } = row;
  const told = [...spreadNotes(row), ...warnings];
  const value = (of: number | null): string => {
    if (of === null) return NOTHING;
    return isEffect ? formatEffect(row, of) : formatValue(unit, of);
  };
  return {
    row,
    metric: metricWords(metric),
    stage,
    before: value(row.before),
    after: value(row.after),
    change:
      effect === null ? NOTHING : differenceShown(row) ? formatEffect(row, effect.estimate) : "~",
    interval: intervalWords(row),
    margin: margin === null ? "" : formatEffect(row, margin, false),
    status: status === null ? "" : STATUS_WORDS[status],
    notes: told.map((text) => notes.mark(text)).join(" "),
  };
}

/** Tables in the order in which they are read: each pair of arms, then the effects. */
export function apartTables(report: ApartReport, notes: Footnotes): ApartTable[] {
  const { effects, levels } = report;
  const confidence = [...levels, ...effects].find(({ effect }) => effect !== null)?.effect
    ?.confidence;
  const interval =
    confidence === undefined ? "interval" : `${confidenceWords(confidence)} interval`;
  const nameOf = ({ arms }: ApartRow): string =>
    arms.before === arms.after ? arms.after : `${arms.before} → ${arms.after}`;
  const byArms = Map.groupBy(levels, nameOf);
  const ofLevels = [...byArms].map(([title, rows]) => ({
    title,
    interval,
    lines: rows.map((row) => lineOf(row, notes, false)),
  }));
  const byVariant = Map.groupBy(effects, nameOf);
  const ofEffects = [...byVariant].map(([arm, rows]) => ({
    title: `Effect of ${arm} beside its control`,
    interval,
    lines: rows.map((row) => lineOf(row, notes, true)),
  }));
  return [...ofLevels, ...ofEffects].filter(({ lines }) => lines.length > 0);
}

/** `runs/20260101T120000Z-shop-1a2b3c`, with when, how many runs, and of which commit. */
export function sideWords({ commit, runs, startedAt }: ApartSide): string {
  const when = startedAt.slice(0, 16).replace("T", " ");
  const many = runs === 1 ? "" : `, ${runs} runs`;
  return `${when} UTC${many}${commit === null ? "" : `, commit ${commit}`}`;
}

/** `plan stages[0].ratePerSec: 100 → 120`, with a word on what that means. */
export function differenceWords({
  about,
  after,
  before,
  field,
  measures,
}: ApartDifference): string {
  const what = about === "plan" ? `plan, ${field}` : about;
  return `${what}: ${before} → ${after}${measures ? " (another thing was measured)" : ""}`;
}

/** What is registered of noise, and what the intervals take of it. */
export function noiseWords({ noise }: ApartReport): string {
  const { hostSd, runSd } = noise;
  const parts = [
    ...(runSd === null ? [] : [`two runs differ by ${formatRatio(runSd)} (SD of one)`]),
    ...(hostSd === null ? [] : [`two hosts by ${formatRatio(hostSd)} (SD of one)`]),
  ];
  return parts.length === 0 ? "" : `Registered: ${parts.join(", ")}.`;
}
