import { Tally } from "../measure/index.ts";
import type { Finding } from "../detect/index.ts";
import type { ReportModel, Result, Series } from "../report/index.ts";
import type { Tallies } from "./arm-rows.ts";

/* What several runs come to together. Counts are added, times by their histograms. */

/** Something of one run; runs count from 1. */
export interface OfRun<Value> {
  readonly run: number;
  readonly value: Value;
}

/** @throws nothing; arms and routes are the plan's, the same in every run */
export function mergeTallies(all: readonly Tallies[], capNs: number): Tallies {
  const arms = all[0]?.arms.map(() => new Tally(capNs)) ?? [];
  const routes = all[0]?.routes.map((each) => each.map(() => new Tally(capNs))) ?? [];
  for (const tallies of all) {
    for (const [arm, tally] of arms.entries()) tally.merge(tallies.arms[arm]!);
    for (const [arm, each] of routes.entries()) {
      for (const [route, tally] of each.entries()) tally.merge(tallies.routes[arm]![route]!);
    }
  }
  return { arms, routes };
}

type EmulatedArm = Result["emulator"][string][string];

/** Counts are added; what is a most, and how late answers were, is that of the worst run. */
function addEmulated(one: EmulatedArm, other: EmulatedArm): EmulatedArm {
  return {
    calls: one.calls + other.calls,
    errors: one.errors + other.errors,
    limited: one.limited + other.limited,
    early: one.early + other.early,
    rejected: one.rejected + other.rejected,
    aborted: one.aborted + other.aborted,
    inFlightMax: Math.max(one.inFlightMax, other.inFlightMax),
    connectionsMax: Math.max(one.connectionsMax, other.connectionsMax),
    delayErrorUs: {
      p50: Math.max(one.delayErrorUs.p50, other.delayErrorUs.p50),
      p99: Math.max(one.delayErrorUs.p99, other.delayErrorUs.p99),
    },
  };
}

export function mergeEmulator(all: readonly Result["emulator"][]): Result["emulator"] {
  const merged: Result["emulator"] = {};
  for (const dependencies of all) {
    for (const [dependency, arms] of Object.entries(dependencies)) {
      const into = (merged[dependency] ??= {});
      for (const [arm, row] of Object.entries(arms)) {
        const there = into[arm];
        into[arm] = there === undefined ? row : addEmulated(there, row);
      }
    }
  }
  return merged;
}

const WORST_FIRST = { fail: 0, doubt: 1, inconclusive: 2, open: 2, shared: 3, pass: 4 } as const;

/** Of what every run says of one thing, the worst, with the run where it was so. */
function worst<Row extends { readonly status: keyof typeof WORST_FIRST; readonly summary: string }>(
  rows: readonly OfRun<Row>[],
  keyOf: (row: Row) => string,
): Row[] {
  const byKey = new Map<string, OfRun<Row>[]>();
  for (const row of rows) {
    const key = keyOf(row.value);
    byKey.set(key, [...(byKey.get(key) ?? []), row]);
  }
  return [...byKey.values()].map((same) => {
    const [first] = same.toSorted(
      (a, b) => WORST_FIRST[a.value.status] - WORST_FIRST[b.value.status],
    );
    const { run, value } = first!;
    // What all say in the same words is no run's own.
    if (same.length > 1 && same.every((row) => row.value.summary === value.summary)) return value;
    const alike = same.filter((row) => row.value.status === value.status).length;
    const others = value.status !== "pass" && alike > 1 ? ` (and in ${alike - 1} more)` : "";
    return { ...value, summary: `in run ${run}${others}: ${value.summary}` };
  });
}

export const mergeFindings = (rows: readonly OfRun<Finding>[]): Finding[] =>
  worst(rows, ({ detector, subject }) => `${detector} ${subject}`);

export const mergeChecks = (rows: readonly OfRun<Result["checks"][number]>[]): Result["checks"] =>
  worst(rows, ({ arm, name }) => JSON.stringify([name, arm]));

/** Each message once, with the runs that it is of where it is not of all. */
export function mergeWarnings(all: readonly OfRun<readonly string[]>[]): string[] {
  const runs = new Map<string, number[]>();
  for (const { run, value } of all) {
    for (const message of value) runs.set(message, [...(runs.get(message) ?? []), run]);
  }
  return [...runs].map(([message, of]) =>
    of.length === all.length ? message : `run ${of.join(", ")}: ${message}`,
  );
}

const joined = (all: readonly Series[]): Series => all.flat();

/** One run after the other, as if nothing had been between them. */
export function joinTimelines(all: readonly ReportModel["timeline"][]): ReportModel["timeline"] {
  let fromS = 0;
  const atS = all.flatMap((timeline) => {
    const shifted = timeline.atS.map((at) => at + fromS);
    fromS += timeline.atS.length;
    return shifted;
  });
  const names = all[0]?.arms.map(({ arm }) => arm) ?? [];
  return {
    atS,
    offeredPerSec: joined(all.map(({ offeredPerSec }) => offeredPerSec)),
    arms: names.map((arm, index) => {
      const of = (key: keyof Omit<(typeof all)[number]["arms"][number], "arm" | "latency">) =>
        joined(all.map(({ arms }) => arms[index]?.[key] ?? []));
      return {
        arm,
        startedPerSec: of("startedPerSec"),
        answeredPerSec: of("answeredPerSec"),
        failedPerSec: of("failedPerSec"),
        p50Us: of("p50Us"),
        p99Us: of("p99Us"),
        latency: all.flatMap(({ arms }) => arms[index]?.latency ?? []),
      };
    }),
  };
}

/** As `joinTimelines`; each run's part is cut, or filled, to the windows of its timeline. */
export function joinDependencies(all: readonly ReportModel[]): ReportModel["dependencies"] {
  const [first] = all;
  return (first?.dependencies ?? []).map(({ arms, dependency }, place) => ({
    dependency,
    arms: arms.map(({ arm }, index) => {
      const of = (key: "inFlightMean" | "inFlightMax" | "callsPerSec"): Series =>
        joined(
          all.map(({ dependencies, timeline }) => {
            const own = dependencies[place]?.arms[index]?.[key] ?? [];
            return timeline.atS.map((_, window) => own[window] ?? null);
          }),
        );
      return {
        arm,
        inFlightMean: of("inFlightMean"),
        inFlightMax: of("inFlightMax"),
        callsPerSec: of("callsPerSec"),
        // Each run's own report has them: quantiles of several are not added.
        delays: [],
        keys: null,
      };
    }),
  }));
}
