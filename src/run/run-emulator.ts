import { type EmulatorOptions, startEmulatorThread, withProbes } from "../emulator/index.ts";
import type { FleetRecord, MadeEmulator, MadeLoad, RunEmulator } from "./load-maker.ts";
import { probesOf } from "./probes.ts";
import type { RunParts } from "./run-once.ts";

/** What plays a run's dependencies. */
export interface EmulatedHow {
  /** Null where there are none. */
  readonly emulator: RunEmulator | null;
  /** The same, where a fleet's workers do. */
  readonly elsewhere: MadeEmulator | null;
}

export const NOTHING_EMULATED: EmulatedHow = { emulator: null, elsewhere: null };

/** Starts a run's emulator, on workers of its fleet where that was asked for. */
export async function startRunEmulator(
  parts: RunParts,
  originNs: bigint,
  signal: AbortSignal,
): Promise<EmulatedHow> {
  const { directory, loaded, maker, onEvent, served } = parts;
  if (Object.keys(served).length === 0) return NOTHING_EMULATED;
  onEvent({ kind: "starting", what: "emulator" });
  const options = optionsOf(parts, originNs);
  const armsHere = Object.values(loaded.scenario.arms).some((arm) => "command" in arm);
  const made = await maker?.emulate?.({ options, directory, armsHere }, signal);
  if (made === undefined || made === null) {
    return { emulator: await startEmulatorThread(options), elsewhere: null };
  }
  return { emulator: made, elsewhere: made };
}

function optionsOf(
  { directory, id, loaded, registered, served }: RunParts,
  originNs: bigint,
): EmulatorOptions {
  return {
    arms: registered.plan.arms,
    dependencies: withProbes(served, probesOf(registered.plan.stages)),
    incidents: loaded.scenario.incidents,
    seed: registered.plan.seed,
    runId: id,
    repeats: registered.plan.responses !== undefined,
    originNs,
    spoolPath: directory.calls,
    connectionsPath: directory.connections,
    exchangesPath: directory.exchanges,
    rehearse: true,
  };
}

/** Who sent the load, and who emulated, if that was not this machine. */
export function fleetOf(made: MadeLoad, { elsewhere }: EmulatedHow): FleetRecord {
  const sent = made.record();
  if (elsewhere === null) return sent;
  const emulated = elsewhere.record();
  return { ...sent, ...emulated, workers: [...sent.workers, ...emulated.workers] };
}
