import { existsSync } from "node:fs";
import { NS_PER_S } from "../core/index.ts";
import { type AuditEntry, type Plan, readAuditFile } from "../experiment/index.ts";
import type { Tally } from "../measure/index.ts";
import type {
  LiftCurve,
  RegisteredRules,
  RunPictures,
  TimesCurve,
  TrailRow,
} from "../report/index.ts";
import { ACTION, ACTION_BEGINS, ACTION_IN_VAIN } from "./fired-in-vain.ts";
import { AUDIT_FILE } from "./run-files.ts";
import type { RunDirectory } from "./run-directory.ts";

const QUANTILES = [0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9995, 0.9999];

/** Each arm's response time, service time and start lag by percentile. */
export function timesOf(arms: readonly string[], tallies: readonly Tally[]): TimesCurve[] {
  return arms.map((arm, index) => {
    const tally = tallies[index];
    const started = tally?.responseTime.count ?? 0;
    const told = QUANTILES.filter((p) => started * (1 - p) >= 1);
    const points = told.map((quantile) => ({
      quantile,
      responseUs: tally?.responseTime.quantile(quantile) ?? 0,
      serviceUs: tally?.serviceTime.quantile(quantile) ?? 0,
      startLagUs: tally?.startLag.quantile(quantile) ?? 0,
    }));
    return { arm, points };
  });
}

/** What a plan says of when, how long, and by which rules. */
export function registeredRules(plan: Plan): RegisteredRules {
  const { alpha, betweenRunSd, inputs, power, runs, stages, stop } = plan;
  return {
    alpha,
    power,
    betweenRunSd,
    runs: Math.max(runs.length, 1),
    stop,
    stages: stages.map((stage) => ({
      name: stage.name,
      fromPerSec: stage.fromPerSec,
      ratePerSec: stage.ratePerSec,
      lengthS: (stage.endNs - stage.startNs) / NS_PER_S,
      judged: stage.judgedFromNs !== null,
      onHold: stage.onHold ?? "go-on",
    })),
    profileSha256: inputs.profileSha256,
    scenarioSha256: inputs.scenarioSha256,
  };
}

/** Entries that a report cannot hold, since they are made after it. */
const AFTERWARDS = new Set([
  "verdict",
  "run closed",
  "judged again",
  ACTION,
  ACTION_BEGINS,
  ACTION_IN_VAIN,
  "override",
]);
const DETAIL_MAX = 300;

const valueWords = (value: unknown): string =>
  typeof value === "string" ? value : JSON.stringify(value);

const detailWords = (detail: AuditEntry["detail"]): string =>
  Object.entries(detail)
    .map(([key, value]) => `${key}: ${valueWords(value)}`)
    .join("; ")
    .slice(0, DETAIL_MAX);

/** The trail's entries; looks that follow each other are one row, which ends with the last. */
export function trailOf(entries: readonly AuditEntry[]): TrailRow[] {
  const rows: TrailRow[] = [];
  for (const { at, detail, event, sha256 } of entries) {
    if (AFTERWARDS.has(event)) continue;
    const last = rows.at(-1);
    if (event === "look" && last?.event === "look") {
      rows[rows.length - 1] = { ...last, entries: last.entries + 1, sha256 };
      continue;
    }
    const words = event === "look" ? `stage: ${String(detail["stage"])}` : detailWords(detail);
    rows.push({ at, event, entries: 1, detail: words, sha256 });
  }
  return rows;
}

/** What a run's trail says so far; nothing where it has none. @throws RUN_INVALID */
export function trailEntries(directory: RunDirectory): readonly AuditEntry[] {
  const path = directory.file(AUDIT_FILE);
  return existsSync(path) ? readAuditFile(path).entries : [];
}

/** What a page draws beside the result. `lifts`: none for several runs. */
export const picturesOf = (
  plan: Plan,
  tallies: readonly Tally[],
  entries: readonly AuditEntry[],
  lifts: readonly LiftCurve[] = [],
): RunPictures => ({
  lifts,
  times: timesOf(plan.arms, tallies),
  registered: registeredRules(plan),
  trail: trailOf(entries),
});
