import {
  formatCount,
  formatDurationNs,
  formatRatePerSec,
  formatRatio,
  formatUs,
  NS_PER_S,
} from "../core/index.ts";
import type { Look, LookedMetric, Plan } from "../experiment/index.ts";
import type { LiveArm, RunEvent } from "../run/index.ts";

type Tick = Extract<RunEvent, { kind: "tick" }>;
type Snapshot = Tick["emulator"];

const BAR_CELLS = 24;
const METRICS_MAX = 3;
const TROUBLES_MAX = 3;

const signed = (value: number): string => formatRatio(value, { signed: true }).replace(/^-/, "−");

/** How bad a metric is on the scale that stops a run: of those that stop it, the nearest first. */
const nearness = ({ lnBoundary, lnE }: LookedMetric): number => lnE / lnBoundary;

function metricWords(
  { arm, band, blocks, harm, margin, metric, reached }: LookedMetric,
  several: boolean,
): string {
  const whose = several ? `${arm} ` : "";
  const size = harm === null ? "–" : signed(harm);
  const ends = band === null ? "" : ` [${signed(band.low)} … ${signed(band.high)}]`;
  const mark = reached ? "✗" : "·";
  return `  ${mark} ${whose}${metric} harm ${size}${ends}, margin ${formatRatio(margin)}, ${blocks} blocks`;
}

/** Calls that an emulated dependency did not answer well, of one arm. */
const unwell = (counts: Snapshot[string][string]): number =>
  counts.errors + counts.limited + counts.rejected + counts.aborted;

/** What is shown of a run while it goes on, made of its events; lines of any width. */
export class RunStatus {
  #plan: Plan | null = null;
  #looked: Look | null = null;
  #last: Tick | null = null;
  #before: Tick | null = null;
  #durationNs = 1;

  see(event: RunEvent): void {
    if (event.kind === "plan") this.#plan = event.plan;
    if (event.kind === "look") this.#looked = event.look;
    if (event.kind === "traffic") {
      this.#durationNs = event.durationNs;
      [this.#last, this.#before, this.#looked] = [null, null, null];
    }
    if (event.kind === "tick") [this.#before, this.#last] = [this.#last, event];
  }

  /** Nothing before the first tick. */
  lines(): readonly string[] {
    const tick = this.#last;
    if (tick === null) return [];
    return [
      this.#progress(tick),
      ...this.#arms(tick),
      ...this.#metrics(),
      ...this.#dependencies(tick),
    ];
  }

  /** `everybody, 3 of 3  ████░░░░  12 of 22 s, 10 s left` */
  #progress({ elapsedNs, stage }: Tick): string {
    const stages = this.#plan?.stages ?? [];
    const planned = stages[stage];
    const [startNs, endNs] = [planned?.startNs ?? 0, planned?.endNs ?? this.#durationNs];
    const share = Math.min(Math.max((elapsedNs - startNs) / Math.max(endNs - startNs, 1), 0), 1);
    const filled = Math.round(share * BAR_CELLS);
    const bar = "█".repeat(filled) + "░".repeat(BAR_CELLS - filled);
    const seconds = (ns: number): number => Math.max(Math.round(ns / NS_PER_S), 0);
    const left = formatDurationNs(seconds(this.#durationNs - elapsedNs) * NS_PER_S);
    const name = planned === undefined ? "" : `${planned.name}, ${stage + 1} of ${stages.length}  `;
    const inStage = `${seconds(Math.min(elapsedNs, endNs) - startNs)} of ${seconds(endNs - startNs)} s`;
    return `${name}${bar}  ${inStage}; ${left} left in all`;
  }

  #arms({ arms, elapsedNs }: Tick): string[] {
    const sinceNs = elapsedNs - (this.#before?.elapsedNs ?? Math.max(elapsedNs - NS_PER_S, 0));
    const row = ({ arm, dropped, failed, p50Us, p99Us, planned, responses }: LiveArm): string[] => [
      `  ${arm}`,
      formatRatePerSec(((planned - dropped) * NS_PER_S) / Math.max(sinceNs, 1)),
      ...(responses === 0 ? ["–", "–"] : [formatUs(p50Us), formatUs(p99Us)]),
      formatCount(failed),
      formatCount(dropped),
    ];
    const rows = [["", "started", "p50", "p99", "failed", "dropped"], ...arms.map(row)];
    const widths = rows[0]!.map((_, column) =>
      Math.max(...rows.map((each) => each[column]!.length)),
    );
    return rows.map((each) =>
      each
        .map((text, at) => (at === 0 ? text.padEnd(widths[at]!) : text.padStart(widths[at]! + 2)))
        .join(""),
    );
  }

  /** The metrics that are nearest to ending the run. */
  #metrics(): string[] {
    const metrics = this.#looked?.metrics ?? [];
    const several = new Set(metrics.map(({ arm }) => arm)).size > 1;
    const [primary, ...others] = metrics;
    if (primary === undefined) return [];
    const near = others.toSorted((a, b) => nearness(b) - nearness(a));
    const shown = [primary, ...near].slice(0, METRICS_MAX);
    return shown.map((metric) => metricWords(metric, several));
  }

  /** Calls in flight, and which dependencies turned calls away since the last tick. */
  #dependencies({ arms, emulator }: Tick): string[] {
    const names = Object.keys(emulator);
    if (names.length === 0) return [];
    const perArm = (of: (arm: string) => number): string =>
      arms.map(({ arm }) => formatCount(of(arm))).join("/");
    const inFlight = names.map(
      (name) => `${name} ${perArm((arm) => emulator[name]?.[arm]?.inFlight ?? 0)}`,
    );
    const since = (name: string, arm: string): number => {
      const now = emulator[name]?.[arm];
      const then = this.#before?.emulator[name]?.[arm];
      return (now === undefined ? 0 : unwell(now)) - (then === undefined ? 0 : unwell(then));
    };
    const troubled = names.filter((name) => arms.some(({ arm }) => since(name, arm) > 0));
    return [
      `  in flight (${arms.map(({ arm }) => arm).join("/")}): ${inFlight.join(", ")}`,
      ...troubled
        .slice(0, TROUBLES_MAX)
        .map((name) => `  ! ${name}: ${perArm((arm) => since(name, arm))} calls not answered well`),
    ];
  }
}
