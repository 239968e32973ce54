import { notOfTcpBecause, type ProbeWindow } from "../emulator/index.ts";
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

/** Why the caches of a scenario's arms cannot be probed cold in a stage; null where they can. */
function notColdBecause({ dependencies, flushCaches }: Scenario, index: number): string | null {
  if (flushCaches === undefined) {
    return (
      "nothing says how caches are emptied: write `flushCaches: { request: { path: /caches/flush } }`, " +
      "or a `command`, beside `stages`"
    );
  }
  if (Object.keys(dependencies).length === 0) {
    return "a cold cache shows in the calls that it lets through, and there is no dependency to see them";
  }
  if (index === 0) {
    return "nothing comes before it: a cold cache is held beside a stage before it, left alone at its rate";
  }
  return null;
}

/** That probes name dependencies that there are and that can be probed, and caches that can be emptied. */
export function checkProbes(scenario: Scenario, faults: Faults): void {
  const { dependencies, stages } = scenario;
  for (const [index, { probe }] of stages.entries()) {
    if (probe === undefined) continue;
    const { cold, dependency } = probe;
    if (cold === true) {
      const why = notColdBecause(scenario, index);
      if (why !== null) faults.in(["stages", index, "probe", "cold"], why);
    }
    if (dependency === undefined) continue;
    const path = ["stages", index, "probe", "dependency"];
    const spec = Object.hasOwn(dependencies, dependency) ? dependencies[dependency] : undefined;
    if (spec === undefined) {
      faults.in(path, noDependency(dependency, dependencies));
    } else if (spec.protocol === "tcp") {
      const why = notOfTcpBecause(probe);
      if (why !== null) faults.in(path, `${dependency} ${why}`);
    }
  }
}
