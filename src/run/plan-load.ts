import { NS_PER_S, ShakedownError } from "../core/index.ts";
import type { PlannedLoad, PlannedStage } from "../experiment/index.ts";
import type { StoredProfile } from "../profile/index.ts";
import type { StageArrivals } from "../replay/index.ts";
import { clumpKeeping } from "../schedule/index.ts";
import { indexOfDispersion } from "../stats/index.ts";
import type { Scenario, ScenarioRate, ScenarioStage } from "./scenario/index.ts";

/** What a capture's arrivals come to, at the speed they are played at. */
interface CaptureFacts {
  /** From its first arrival until it would begin anew: one mean gap after the last. */
  readonly periodNs: number;
  readonly ratePerSec: number;
  /** Thinned in clumps of about this many arrivals, counts in a second stay as dispersed as they are. */
  readonly clump: number;
}

/** By profile and speed: a run asks several times, and each time costs a look at every record. */
const known = new WeakMap<StoredProfile, Map<number, CaptureFacts | null>>();

/** Null when all records arrive at one moment: then there is no rate to speak of. */
export function captureFacts(profile: StoredProfile, speed: number): CaptureFacts | null {
  let bySpeed = known.get(profile);
  if (bySpeed === undefined) known.set(profile, (bySpeed = new Map()));
  let facts = bySpeed.get(speed);
  if (facts === undefined) bySpeed.set(speed, (facts = findFacts(profile, speed)));
  return facts;
}

function findFacts({ records }: StoredProfile, speed: number): CaptureFacts | null {
  const { length, offsetsNs } = records;
  const lastNs = (offsetsNs.at(-1) ?? 0) / speed;
  if (lastNs === 0) return null;
  const periodNs = (lastNs * length) / (length - 1);
  // A second as it is played, in the capture's own time.
  const windowNs = NS_PER_S * speed;
  const dispersion = indexOfDispersion(offsetsNs, windowNs, periodNs * speed);
  return {
    periodNs,
    ratePerSec: length / (periodNs / NS_PER_S),
    clump: clumpKeeping(offsetsNs, windowNs, dispersion),
  };
}

/** Starts per second that 100 % stands for. */
export function fullRatePerSec(rate: ScenarioRate, facts: CaptureFacts | null): number {
  if ("ratePerSec" in rate) return rate.ratePerSec;
  if (facts !== null) return rate.multiple * facts.ratePerSec;
  throw new ShakedownError(
    "PROFILE_INVALID",
    "all records of the profile arrive at one moment, so it has no rate of its own",
    { hint: "give the rate: rate: 100/s, or --rate 100/s" },
  );
}

export function stageRatePerSec(rate: ScenarioStage["rate"], fullPerSec: number): number {
  return "shareOfRate" in rate ? rate.shareOfRate * fullPerSec : rate.ratePerSec;
}

/** What of a scenario's load the verdict depends on, for the registered plan. */
export function plannedLoad(scenario: Scenario): PlannedLoad {
  const { arrivals, connections, filter, keepConnections, loop, rekey, sample, speed } = scenario;
  return {
    arrivals,
    speed,
    loop,
    rekey,
    keepConnections,
    substitute: scenario.substitute,
    ...(connections === undefined ? {} : { connections }),
    ...(filter === undefined ? {} : { filter }),
    ...(sample === undefined ? {} : { sample }),
  };
}

/** The arrivals of each stage as data for the generator. */
export function stageArrivals(
  load: PlannedLoad,
  stages: readonly PlannedStage[],
  profile: StoredProfile,
): StageArrivals[] {
  const facts = captureFacts(profile, load.speed);
  const { offsetsNs } = profile.records;
  const capture = { offsetsNs, speed: load.speed, loop: load.loop, clump: facts?.clump ?? 1 };
  return stages.map(({ endNs, fromPerSec, ratePerSec, startNs }) => ({
    spec: load.arrivals,
    input: {
      fromPerSec,
      toPerSec: ratePerSec,
      durationNs: endNs - startNs,
      // The capture goes on from stage to stage, however fast each is.
      capture: { ...capture, fromNs: startNs },
    },
  }));
}

/** How many copies of the capture the busiest moment superposes, the capture itself included. */
export function copiesOf(
  load: PlannedLoad,
  stages: readonly PlannedStage[],
  profile: StoredProfile,
): number {
  const facts = captureFacts(profile, load.speed);
  if (load.arrivals.kind !== "recorded" || facts === null) return 1;
  const most = Math.max(
    ...stages.flatMap(({ fromPerSec, ratePerSec }) => [fromPerSec, ratePerSec]),
  );
  // A multiple that is whole but for its rounding needs no further copy.
  return Math.max(Math.ceil(most / facts.ratePerSec - 1e-9), 1);
}
