import { fitCapacity, inFlightOf, sampleQuantile } from "../../stats/index.ts";
import type { KeptCall } from "./call-table.ts";
import type { ProfileCapacity } from "./schema.ts";

/** Of calls in their order, none of which was refused: what was in flight, and how long they took. */
export interface Load {
  readonly about: Omit<ProfileCapacity, "fits">;
  /** What each call took of a server; null where these were not seen to be bounded. */
  readonly serviceTimesUs: readonly number[] | null;
}

/** 1, 2, 3–4, 5–8, …: the first and the last of the level that a count is in. */
function levelOf(inFlight: number): { readonly from: number; readonly to: number } {
  const to = 2 ** Math.ceil(Math.log2(inFlight));
  return { from: Math.floor(to / 2) + 1, to };
}

function levelsOf(calls: readonly KeptCall[], inFlight: Int32Array): ProfileCapacity["levels"] {
  const byLevel = new Map<number, number[]>();
  for (const [index, { latencyUs }] of calls.entries()) {
    const { to } = levelOf(inFlight[index]!);
    const latencies = byLevel.get(to) ?? [];
    byLevel.set(to, latencies);
    latencies.push(latencyUs);
  }
  return [...byLevel]
    .toSorted(([a], [b]) => a - b)
    .map(([to, latencies]) => ({
      ...levelOf(to),
      calls: latencies.length,
      medianUs: sampleQuantile(
        latencies.toSorted((a, b) => a - b),
        0.5,
      ),
    }));
}

/** @param calls at least one */
export function loadOf(calls: readonly KeptCall[]): Load {
  const timed = {
    atUs: Float64Array.from(calls, ({ atUs }) => atUs),
    latencyUs: Float64Array.from(calls, ({ latencyUs }) => latencyUs),
  };
  const inFlight = inFlightOf(timed);
  const fit = fitCapacity(timed);
  const servers = fit?.servers ?? null;
  return {
    about: {
      inFlightMax: inFlight.reduce((most, count) => Math.max(most, count), 1),
      levels: levelsOf(calls, inFlight),
      capacity: servers === null ? null : { servers, discipline: "fifo" },
      rises: fit?.rises ?? null,
    },
    serviceTimesUs: servers === null ? null : [...fit!.serviceTimesUs],
  };
}
