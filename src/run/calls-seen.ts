import type { ReportModel, Result } from "../report/index.ts";
import { inJudgedTime } from "./checks/index.ts";
import { DependencySeries } from "./dependency-series.ts";
import { DelayErrors, type DelayRow, EmulatorRows } from "./emulator-rows.ts";
import type { RunFiles } from "./gather.ts";
import { shownOf } from "./observed.ts";

/** What is known of a run's emulated calls when they have been gone through: plain, for any thread. */
export interface CallsSeen {
  readonly emulator: Result["emulator"];
  /** Of calls that arrived in judged time. */
  readonly judgedDelays: readonly DelayRow[];
  readonly series: ReportModel["dependencies"];
}

/** Goes through the calls once, by when they arrived; null where there are none to go through. */
export function seeCalls(files: RunFiles): CallsSeen | null {
  const { calls, connections, manifest, observations, registered } = files;
  if (calls === null) return null;
  const { meta } = calls;
  const { plan } = registered;
  const { shownNs } = shownOf(observations, manifest, plan);
  const emulator = new EmulatorRows(meta);
  const delays = new DelayErrors(meta, inJudgedTime(plan));
  const series = new DependencySeries(meta, plan.arms, shownNs);
  for (const batch of calls.inTime()) {
    emulator.add(batch);
    delays.add(batch);
    series.add(batch);
    series.passed(batch.untilNs);
  }
  return {
    emulator: emulator.rows(delays, connections),
    judgedDelays: delays.rows(plan.limits),
    series: series.rows(),
  };
}
