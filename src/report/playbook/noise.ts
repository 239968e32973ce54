import { formatCount } from "../../core/index.ts";
import { escapeMarkdown } from "../markdown.ts";
import type { ComparisonRow, Result } from "../model.ts";
import { formatValue, metricWords, NOTHING } from "../words.ts";
import type { PlaybookRun } from "./model.ts";

/** What A/A runs on one host came to, for one primary metric of one stage of a scenario. */
export interface Noise {
  readonly host: string;
  readonly scenario: string;
  readonly metric: string;
  readonly stage: string;
  /** Runs that give an effect; each of an experiment's runs is one. */
  readonly runs: number;
  /**
   * Standard deviation of the runs' effects, null of fewer than two: of ln(1 + effect) for a
   * relative effect, of the effect itself for a difference. It holds what a run's own blocks leave
   * uncertain, too, so it is an upper bound for what runs differ by.
   */
  readonly sd: number | null;
  /** What the SD is in: parts of one (of a relative effect), or the metric's own unit. */
  readonly unit: "relative" | ComparisonRow["unit"];
}

/** What a run's noise is read from. */
interface NoiseRun extends Pick<PlaybookRun, "armsDiffer" | "delayed"> {
  readonly result: Pick<Result, "run" | "comparisons" | "runs">;
}

/** Both arms alike, nothing put before one: any difference is the instrument's and the host's. */
export const isAa = ({
  armsDiffer,
  delayed,
}: Pick<PlaybookRun, "armsDiffer" | "delayed">): boolean => armsDiffer?.length === 0 && !delayed;

export const hostOf = ({ run: { host } }: Pick<Result, "run">): string =>
  host.description ??
  `${host.os}, ${host.cpus} ${host.cpus === 1 ? "core" : "cores"}, Node.js ${host.node}`;

type Effect = ComparisonRow["effect"];

const scaled = ({ estimate, kind }: NonNullable<Effect>): number =>
  kind === "relative" ? Math.log1p(estimate) : estimate;

/** The effects of a comparison, run by run. */
function effectsOf(
  result: NoiseRun["result"],
  { arm, effect, metric, stage }: ComparisonRow,
): number[] {
  const each: readonly Effect[] =
    result.runs === undefined
      ? [effect]
      : result.runs.map(
          ({ comparisons }) =>
            comparisons.find(
              (row) => row.arm === arm && row.metric === metric && row.stage === stage,
            )?.effect ?? null,
        );
  return each.flatMap((one) => (one === null ? [] : [scaled(one)])).filter(Number.isFinite);
}

function sdOf(values: readonly number[]): number | null {
  if (values.length < 2) return null;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}

/** The noise of A/A runs, sorted by host, scenario, primary metric and stage. */
export function noiseOf(runs: readonly NoiseRun[]): Noise[] {
  const groups = new Map<string, { place: Omit<Noise, "runs" | "sd">; values: number[] }>();
  for (const { result } of runs.filter(isAa)) {
    for (const row of result.comparisons.filter(({ role }) => role === "primary")) {
      const { effect, metric, stage } = row;
      const kind = effect?.kind ?? (row.unit === "ratio" ? "difference" : "relative");
      const unit: Noise["unit"] = kind === "difference" ? row.unit : "relative";
      const place = { host: hostOf(result), scenario: result.run.scenario, metric, stage, unit };
      const key = JSON.stringify(Object.values(place));
      const group = groups.get(key) ?? { place, values: [] };
      group.values.push(...effectsOf(result, row));
      groups.set(key, group);
    }
  }
  return [...groups]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { place, values }]) => ({ ...place, runs: values.length, sd: sdOf(values) }));
}

const cell = (text: string): string => escapeMarkdown(text, 120);

/** A noise's SD with its unit; a dash where one run tells none. */
export function sdWords({ sd, unit }: Pick<Noise, "sd" | "unit">): string {
  if (sd === null) return NOTHING;
  if (unit === "relative") return `${(sd * 100).toFixed(2)} %`;
  return unit === "ratio" ? `${(sd * 100).toFixed(2)} pp` : formatValue(unit, sd);
}

function hostLines(runs: readonly PlaybookRun[]): string[] {
  const hosts = [...new Set(runs.map(({ result }) => hostOf(result)))].toSorted();
  return hosts.map((host) => {
    const here = runs.filter(({ result }) => hostOf(result) === host);
    const alarms = here.filter(({ result }) => result.decision === "roll-back").length;
    const count = `${formatCount(here.length)} A/A ${here.length === 1 ? "run" : "runs"}`;
    const rolledBack = `${formatCount(alarms)} rolled back, which ${alarms === 1 ? "is a false alarm" : "are false alarms"}`;
    return `- ${escapeMarkdown(host)}: ${count}, ${alarms === 0 ? "no false alarm" : rolledBack}`;
  });
}

/** What A/A runs say of the hosts, as Markdown. */
export function noiseLines(runs: readonly PlaybookRun[]): string[] {
  const aa = runs.filter(isAa);
  if (aa.length === 0) {
    return ["No A/A run is here: how much two runs of the same build differ is not known.", ""];
  }
  const measured = noiseOf(aa).filter(({ runs: count }) => count > 0);
  const rows = measured.map((noise) => {
    const { host, metric, runs: count, scenario, stage } = noise;
    const names = [host, scenario, metricWords(metric), stage].map(cell);
    return `| ${names.join(" | ")} | ${formatCount(count)} | ${sdWords(noise)} |`;
  });
  if (rows.length === 0) return [...hostLines(aa), ""];
  return [
    ...hostLines(aa),
    "",
    "| Host | Scenario | Metric | Stage | Runs | SD |",
    "| --- | --- | --- | --- | ---: | ---: |",
    ...rows,
    "",
    "SD: of the runs' effects; it holds what a run's own blocks leave uncertain, so runs differ by no more.",
    "",
  ];
}
