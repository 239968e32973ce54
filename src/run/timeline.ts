import { NS_PER_S } from "../core/index.ts";
import {
  type CallTable,
  Histogram,
  isFailure,
  type ObservationTable,
  responseTimeUs,
} from "../measure/index.ts";
import type { ReportModel, Series } from "../report/index.ts";

const WINDOW_NS = NS_PER_S;

interface Window {
  planned: number;
  answered: number;
  failed: number;
  latency: Histogram | null;
}

/**
 * Requests in one-second windows of intended start: what was offered, what came of it, how long it
 * took. A request without an answer counts with the timeout (`capNs`), as everywhere.
 */
export function timelineOf(
  observations: ObservationTable,
  times: { readonly durationNs: number; readonly capNs: number },
): ReportModel["timeline"] {
  const windows = Math.max(Math.ceil(times.durationNs / WINDOW_NS), 1);
  const arms = observations.meta.arms.map((arm) => ({
    arm,
    windows: Array.from({ length: windows }, (): Window => ({
      planned: 0,
      answered: 0,
      failed: 0,
      latency: null,
    })),
  }));
  for (const observation of observations) {
    const window = arms[observation.arm]?.windows[Math.floor(observation.intendedNs / WINDOW_NS)];
    if (window === undefined) continue;
    if (observation.kind === "dropped") {
      // What was still to come when a run ended early is told as one: no burst at that moment.
      if (observation.reason === "in-flight-cap") window.planned += observation.count;
      continue;
    }
    window.planned++;
    const failed = isFailure(observation);
    if (failed) window.failed++;
    else window.answered++;
    window.latency ??= new Histogram();
    window.latency.record(responseTimeUs(observation, times.capNs));
  }
  const quantile = (window: Window, p: number): number | null =>
    window.latency?.quantile(p) ?? null;
  return {
    atS: Array.from({ length: windows }, (_, i) => (i * WINDOW_NS) / NS_PER_S),
    offeredPerSec: arms[0]?.windows.map((window) => window.planned) ?? [],
    arms: arms.map(({ arm, windows: own }) => ({
      arm,
      answeredPerSec: own.map((window) => window.answered),
      failedPerSec: own.map((window) => window.failed),
      p50Us: own.map((window) => quantile(window, 0.5)),
      p99Us: own.map((window) => quantile(window, 0.99)),
    })),
  };
}

interface Occupied {
  areaNs: number;
  max: number;
  calls: number;
}

/** Calls in flight at each dependency, for each arm, in one-second windows. */
export function dependencySeries(
  calls: CallTable,
  arms: readonly string[],
  durationNs: number,
): ReportModel["dependencies"] {
  const windows = Math.max(Math.ceil(durationNs / WINDOW_NS), 1);
  const edges = calls.meta.dependencies.map(() =>
    arms.map((): { atNs: number; step: 1 | -1 }[] => []),
  );
  for (const call of calls) {
    edges[call.dependency]?.[call.arm]?.push(
      { atNs: call.arriveNs, step: 1 },
      { atNs: call.endNs, step: -1 },
    );
  }
  const seriesOf = (steps: { atNs: number; step: 1 | -1 }[]) => {
    steps.sort((a, b) => a.atNs - b.atNs || a.step - b.step);
    const occupied = Array.from({ length: windows }, (): Occupied => ({
      areaNs: 0,
      max: 0,
      calls: 0,
    }));
    let level = 0;
    let lastNs = 0;
    // Spread the time since the last edge over the windows it crosses.
    const spread = (toNs: number): void => {
      while (lastNs < toNs) {
        const index = Math.floor(lastNs / WINDOW_NS);
        const window = occupied[index];
        const untilNs = Math.min(toNs, (index + 1) * WINDOW_NS);
        if (window === undefined) break;
        window.areaNs += level * (untilNs - lastNs);
        window.max = Math.max(window.max, level);
        lastNs = untilNs;
      }
    };
    for (const { atNs, step } of steps) {
      spread(atNs);
      level += step;
      const window = occupied[Math.floor(atNs / WINDOW_NS)];
      if (window === undefined) continue;
      window.max = Math.max(window.max, level);
      if (step === 1) window.calls++;
    }
    spread(windows * WINDOW_NS);
    const column = (read: (window: Occupied) => number): Series => occupied.map(read);
    return {
      inFlightMean: column(({ areaNs }) => areaNs / WINDOW_NS),
      inFlightMax: column(({ max }) => max),
      callsPerSec: column((window) => window.calls),
    };
  };
  return calls.meta.dependencies.map((dependency, index) => ({
    dependency,
    arms: arms.map((arm, armIndex) => ({ arm, ...seriesOf(edges[index]?.[armIndex] ?? []) })),
  }));
}
