import { NS_PER_S } from "../core/index.ts";
import { Histogram, isFailure, type ObservationTable, responseTimeUs } from "../measure/index.ts";
import { LATENCY_BINS_PER_DECADE, type LatencyBins, type ReportModel } from "../report/index.ts";

/** Of everything that a report draws over time. */
export const WINDOW_NS = NS_PER_S;

interface Window {
  planned: number;
  started: number;
  answered: number;
  failed: number;
  latency: Histogram | null;
}

/** A window's latencies in bins as wide as a picture can show. */
function binsOf(latency: Histogram | null): LatencyBins {
  const bins = new Map<number, number>();
  for (const { count, valueUs } of latency?.buckets() ?? []) {
    const bin = Math.floor(LATENCY_BINS_PER_DECADE * Math.log10(Math.max(valueUs, 1)));
    bins.set(bin, (bins.get(bin) ?? 0) + count);
  }
  return [...bins];
}

/**
 * Requests in one-second windows: what was offered, failed, and how long it took by intended start;
 * what was started by when it was, and what was answered by when the answer came. A request without
 * an answer counts with the timeout (`capNs`), as everywhere.
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
      started: 0,
      answered: 0,
      failed: 0,
      latency: null,
    })),
  }));
  for (const observation of observations) {
    const own = arms[observation.arm]?.windows ?? [];
    const at = (ns: number): Window | undefined => own[Math.floor(ns / WINDOW_NS)];
    const window = at(observation.intendedNs);
    if (observation.kind !== "dropped") {
      const started = at(observation.startNs);
      if (started !== undefined) started.started++;
      const ended = at(observation.endNs);
      if (ended !== undefined && !isFailure(observation)) ended.answered++;
    }
    if (window === undefined) continue;
    if (observation.kind === "dropped") {
      // What was still to come when a run ended early is told as one: no burst at that moment.
      if (observation.reason === "in-flight-cap") window.planned += observation.count;
      continue;
    }
    window.planned++;
    if (isFailure(observation)) window.failed++;
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
      startedPerSec: own.map((window) => window.started),
      answeredPerSec: own.map((window) => window.answered),
      failedPerSec: own.map((window) => window.failed),
      p50Us: own.map((window) => quantile(window, 0.5)),
      p99Us: own.map((window) => quantile(window, 0.99)),
      latency: own.map((window) => binsOf(window.latency)),
    })),
  };
}
