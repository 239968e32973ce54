import type { ProbeWindow } from "../emulator/index.ts";
import type { PlannedStage } from "../experiment/index.ts";
import type { Scenario } from "./scenario/index.ts";
import { noDependency } from "./data-faults.ts";
import type { Faults } from "./yaml-file.ts";

/** What the stages of a plan do to dependencies, and when. */
export function probesOf(stages: readonly PlannedStage[]): ProbeWindow[] {
  return stages.flatMap(({ endNs, probe, startNs }) =>
    probe === undefined ? [] : [{ probe, fromNs: startNs, toNs: endNs }],
  );
}

/** That probes name dependencies that there are, and that can be probed. */
export function checkProbes({ dependencies, stages }: Scenario, faults: Faults): void {
  for (const [index, { probe }] of stages.entries()) {
    if (probe === undefined) continue;
    const path = ["stages", index, "probe", "dependency"];
    const spec = Object.hasOwn(dependencies, probe.dependency)
      ? dependencies[probe.dependency]
      : undefined;
    if (spec === undefined) {
      faults.in(path, noDependency(probe.dependency, dependencies));
    } else if (spec.protocol !== "http") {
      faults.in(path, `${probe.dependency} is behind a TCP proxy; probes need emulated HTTP`);
    }
  }
}
