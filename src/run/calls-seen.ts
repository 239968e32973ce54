import type { Plan } from "../experiment/index.ts";
import type { CallTable } from "../measure/index.ts";
import { inJudgedTime } from "./checks/index.ts";
import { DependencySeries } from "./dependency-series.ts";
import { DelayErrors, EmulatorRows } from "./emulator-rows.ts";

/** What is known of a run's emulated calls when they have been gone through. */
export interface CallsSeen {
  readonly emulator: EmulatorRows;
  /** Of calls that arrived in judged time. */
  readonly judgedDelays: DelayErrors;
  readonly series: DependencySeries;
}

/** Goes through the calls once, by when they arrived. `shownNs`: how much of the run is drawn. */
export function seeCalls(calls: CallTable, plan: Plan, shownNs: number): CallsSeen {
  const { meta } = calls;
  const emulator = new EmulatorRows(meta);
  const judgedDelays = new DelayErrors(meta, inJudgedTime(plan));
  const series = new DependencySeries(meta, plan.arms, shownNs);
  const passing = calls.inTime((call) => {
    emulator.add(call);
    judgedDelays.add(call);
    series.add(call);
  });
  for (const untilNs of passing) series.passed(untilNs);
  return { emulator, judgedDelays, series };
}
