import { type CallTable, Histogram } from "../measure/index.ts";
import type { DependencyArm, ReportModel, Series } from "../report/index.ts";
import { WINDOW_NS } from "./timeline.ts";

interface Occupied {
  areaNs: number;
  max: number;
  calls: number;
}

const DELAY_QUANTILES = [0, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9999];

interface Asked {
  readonly meant: Histogram;
  readonly given: Histogram;
  readonly keys: Map<number, number>;
}

/** Delays and keys of each dependency's calls, by arm. A delay counts where an answer was to wait. */
function askedOf(calls: CallTable, arms: readonly string[]): Asked[][] {
  const asked = calls.meta.dependencies.map(() =>
    arms.map((): Asked => ({ meant: new Histogram(), given: new Histogram(), keys: new Map() })),
  );
  for (const { arm, dependency, givenDelayUs, key, meantDelayUs, outcome } of calls) {
    const of = asked[dependency]?.[arm];
    if (of === undefined) continue;
    of.keys.set(key, (of.keys.get(key) ?? 0) + 1);
    if (outcome !== "ok" && outcome !== "error") continue;
    of.meant.record(meantDelayUs);
    of.given.record(givenDelayUs);
  }
  return asked;
}

function delaysAndKeys(asked: Asked | undefined): Pick<DependencyArm, "delays" | "keys"> {
  if (asked === undefined) return { delays: [], keys: null };
  const { given, keys, meant } = asked;
  const told = DELAY_QUANTILES.filter((p) => given.count > 0 && given.count * (1 - p) >= 1);
  let topCalls = 0;
  for (const calls of keys.values()) topCalls = Math.max(topCalls, calls);
  return {
    delays: told.map((p) => ({
      quantile: p,
      meantUs: meant.quantile(p),
      givenUs: given.quantile(p),
    })),
    keys: { distinct: keys.size, topCalls },
  };
}

/** Each dependency's calls, for each arm: in flight in one-second windows, how long, and for what. */
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
  const asked = askedOf(calls, arms);
  return calls.meta.dependencies.map((dependency, index) => ({
    dependency,
    arms: arms.map((arm, armIndex) => ({
      arm,
      ...seriesOf(edges[index]?.[armIndex] ?? []),
      ...delaysAndKeys(asked[index]?.[armIndex]),
    })),
  }));
}
