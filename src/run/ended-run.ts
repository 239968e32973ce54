import type { ArmFlush } from "./flush-caches.ts";
import type { MadeLoad } from "./load-maker.ts";
import type { Manifest } from "./manifest.ts";
import { nowIso } from "./now-iso.ts";
import { type EmulatedHow, fleetOf } from "./run-emulator.ts";
import type { TrafficEnd } from "./traffic.ts";

type Ended = NonNullable<Manifest["ended"]>;

/** What the manifest says of a run's end; its exit code is not known yet. */
export function endedRun(
  sent: TrafficEnd,
  besides: {
    readonly flushes: readonly ArmFlush[];
    /** What emulators wrote. */
    readonly written: { keptRows: number; lostRows: number; evictions: number } | undefined;
    readonly made: MadeLoad | null;
    readonly emulated: EmulatedHow;
  },
): Ended {
  const { cuts, durationNs, held, stop, throttlings, totals } = sent;
  const { emulated, flushes, made, written = { keptRows: 0, lostRows: 0, evictions: 0 } } = besides;
  return {
    at: nowIso(),
    durationNs,
    incompleteBecause: stop === null || stop.rule !== null ? null : stop.because,
    ...(stop === null || stop.rule === null ? {} : { stoppedBy: stop.rule }),
    ...(cuts.length === 0 ? {} : { cuts: [...cuts] }),
    ...(throttlings.length === 0 ? {} : { throttlings: [...throttlings] }),
    ...(held.length === 0 ? {} : { held: [...held] }),
    ...(flushes.length === 0 ? {} : { flushes: [...flushes] }),
    exitCode: null,
    rows: {
      observations: totals.keptRows,
      calls: written.keptRows,
      lost: totals.lostRows + written.lostRows,
    },
    ...(made === null ? {} : { fleet: fleetOf(made, emulated) }),
    emulatorEvictions: written.evictions,
    resends: totals.resends,
    substitutions: totals.substitutions,
  };
}
