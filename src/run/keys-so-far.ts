import { ShakedownError } from "../core/index.ts";
import {
  cutIntoKeyGroups,
  type KeyGroups,
  type KeyGroupsUntil,
  type Plan,
} from "../experiment/index.ts";
import { readCalls, readObservations } from "../measure/index.ts";
import { compared, exposuresOf } from "./exposures.ts";
import type { RunDirectory } from "./run-directory.ts";

/** Nothing is known of any key. */
export const noKeys = (): KeyGroups => ({ stages: [], holdCalls: false });

/** What can be read of a file that is being written; null where nothing can. */
export function readIfPossible<Read>(read: () => Read): Read | null {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof ShakedownError) return null;
    throw thrown;
  }
}

/**
 * Reads a split's files while the run goes on: workers hand on what they have once a second, so that
 * the newest is missing, of all arms alike. What cannot be read shows nothing.
 */
export function keysSoFar(
  plan: Plan,
  given: {
    readonly directory: RunDirectory;
    readonly dependencies: readonly string[];
    /** How far the emulator's clock is ahead of the run's. */
    readonly emulatorLeadNs: number;
  },
): KeyGroupsUntil {
  const { dependencies, directory, emulatorLeadNs } = given;
  return (stage, untilNs) => {
    const stages = [{ ...stage, endNs: Math.min(stage.endNs, untilNs) }];
    const groups = readIfPossible(() => {
      const observations = readObservations(...directory.observationSpools());
      const calls =
        dependencies.length === 0 ? null : readCalls(directory.callSpools(), emulatorLeadNs);
      const exposures = exposuresOf(directory, plan);
      const rows = compared(plan, { observations, calls }, exposures);
      return cutIntoKeyGroups(plan, { ...rows, dependencies }, stages);
    });
    return groups ?? noKeys();
  };
}
