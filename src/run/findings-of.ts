import {
  buildEvidence,
  detectAll,
  type Evidence,
  type Finding,
  type Resilience,
  resilienceOf,
} from "../detect/index.ts";
import type { Gathered } from "./gather.ts";

/** What detectors find in a run. */
export function findingsOf(gathered: Gathered): Finding[] {
  // They hold an arm beside control under the same load, at the same moments.
  if (gathered.registered.plan.assignment !== undefined) return [];
  return detectAll(evidenceIn(gathered));
}

/** What probes found of each arm; null where no stage has one. */
export function resilienceIn(gathered: Gathered): Resilience | null {
  const { stages } = gathered.registered.plan;
  return stages.some(({ probe }) => probe !== undefined)
    ? resilienceOf(evidenceIn(gathered))
    : null;
}

function evidenceIn({
  calls,
  connections,
  inside,
  manifest,
  observations,
  processes,
  registered,
}: Gathered): Evidence {
  const stages = registered.plan.stages.map((stage) => ({
    name: stage.name,
    ratePerSec: stage.ratePerSec,
    fromPerSec: stage.fromPerSec,
    startNs: stage.startNs,
    fromNs: stage.judgedFromNs ?? stage.startNs,
    toNs: stage.endNs,
    judged: stage.judgedFromNs !== null,
    ...(stage.probe === undefined ? {} : { probe: stage.probe }),
  }));
  const { dependencies, profile } = manifest;
  // A capture that is scaled chooses its records itself: no two starts are known to ask the same.
  const { load, responses } = registered.plan;
  // Where starts are repeated, their numbers go up by two.
  const inOrder = load.arrivals.kind !== "recorded" && responses === undefined;
  const recordCount = inOrder ? profile.records : Number.POSITIVE_INFINITY;
  const seen = { observations, calls, connections, inside, processes };
  return buildEvidence({ ...seen, stages, dependencies, recordCount });
}
