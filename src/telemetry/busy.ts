import { Distribution } from "./buckets.ts";
import type { InsideSeries, TimeWindow } from "./inside-series.ts";
import type { InsideSignals } from "./inside.ts";
import { MS_PER } from "./unit-ms.ts";

/** How busy a target says that it is; null for what it does not tell. */
export interface InsideBusy {
  /** Share of the time that the event loop works: of the busiest process. */
  readonly loopUtilization: number | null;
  /** p99 of how late the event loop is. */
  readonly loopDelayMs: number | null;
  /** Share of the time that collecting garbage takes. */
  readonly collectingRatio: number | null;
  /** Mean time that something which could run waits for a processor. */
  readonly scheduleMs: number | null;
  /** Share of the processors that it may use. */
  readonly cpuUtilization: number | null;
}

/*
 * Names by OpenTelemetry's semantic conventions for the runtimes of Node.js, V8, the JVM, Go and .NET,
 * and for processes. Durations have their unit with them; shares have 1.
 */
const NAMES = {
  loopUtilization: ["nodejs.eventloop.utilization"],
  loopDelay: ["nodejs.eventloop.delay.p99"],
  collecting: ["v8js.gc.duration", "jvm.gc.duration", "dotnet.gc.pause.time"],
  schedule: ["go.schedule.duration"],
  cpu: ["jvm.cpu.recent_utilization", "process.cpu.utilization"],
} as const;

const scale = ({ about }: InsideSeries): number => MS_PER[about.unit] ?? MS_PER["s"]!;

const most = (values: readonly number[]): number | null =>
  values.length === 0 ? null : Math.max(...values);

/** What an arm tells of how busy it is, over some time; null where it tells nothing of that. */
export function insideBusy(
  signals: InsideSignals,
  arm: number,
  window: TimeWindow,
): InsideBusy | null {
  const named = (names: readonly string[]): readonly InsideSeries[] =>
    names.flatMap((name) => signals.series(arm, name));
  const levels = (names: readonly string[], of: (series: InsideSeries) => number): number[] =>
    named(names).flatMap((each) => {
      const level = each.level(window);
      return level === null ? [] : level.mean * of(each);
    });
  const spentMs = named(NAMES.collecting).flatMap((each) => {
    const found = each.distribution(window);
    if (found !== null && Number.isFinite(found.mean))
      return found.mean * found.count * scale(each);
    return found === null ? (each.increase(window) ?? Number.NaN) * scale(each) : [];
  });
  const known = spentMs.filter(Number.isFinite);
  const waits = named(NAMES.schedule).flatMap((each) => {
    const found = each.distribution(window, new Distribution());
    return found !== null && Number.isFinite(found.mean) ? found.mean * scale(each) : [];
  });
  const lengthMs = (window.toNs - window.fromNs) / 1e6;
  const busy: InsideBusy = {
    loopUtilization: most(levels(NAMES.loopUtilization, () => 1)),
    loopDelayMs: most(levels(NAMES.loopDelay, scale)),
    collectingRatio:
      known.length === 0 ? null : known.reduce((sum, each) => sum + each, 0) / lengthMs,
    scheduleMs: most(waits),
    cpuUtilization: most(levels(NAMES.cpu, () => 1)),
  };
  return Object.values(busy).every((value) => value === null) ? null : busy;
}
