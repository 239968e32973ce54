import type { LiveBegins } from "./model.ts";

const nothing = (of: readonly unknown[]): number[][] => of.map(() => []);

/**
 * What the page's script draws, in the form of a report's `ChartData` as far as that is known while a
 * run goes on, and empty: the page fills it with what it is told. Times in s, latencies in ms, shares
 * in per cent.
 */
export function livePageData(begins: LiveBegins | null) {
  const { arms = [], dependencies = [], metrics = [], runs = 1, stages = [] } = begins ?? {};
  return {
    begun: begins !== null,
    runs,
    windowsPerPoint: 1,
    arms,
    stages: stages.map(({ endS, judgedFromS, name, ratePerSec, startS }) => ({
      name,
      ratePerSec,
      startS,
      endS,
      judgedFromS: judgedFromS ?? endS,
    })),
    marks: [],
    atS: [],
    offered: [],
    // Requests are told when they have ended: no line for starts.
    started: nothing(arms),
    answered: nothing(arms),
    failed: nothing(arms),
    errors: nothing(arms),
    p50: nothing(arms),
    p99: nothing(arms),
    lag: nothing(arms),
    dependencies: dependencies.map((name) => ({
      name,
      calls: nothing(arms),
      inFlight: nothing(arms),
      perRequest: nothing(arms),
      late: [],
      pools: [],
    })),
    lifts: metrics.map(({ kind, margin, metric, unit }) => ({
      metric,
      kind,
      unit,
      margin,
      harmSign: 1,
      x: [],
      range: null,
      lines: arms.slice(1).map((_, index) => ({
        arm: index + 1,
        estimate: [],
        low: [],
        high: [],
        looked: [],
      })),
    })),
  };
}
