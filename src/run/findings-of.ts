import {
  buildEvidence,
  detectAll,
  type Evidence,
  type Finding,
  type Resilience,
  resilienceOf,
} from "../detect/index.ts";
import type { Gathered } from "./gather.ts";
import { heardDetectors, isHeard } from "./heard-detectors.ts";
import { armEnds } from "./looks-of.ts";
import { callsInOwnTime, observationsInOwnTime, OwnTime } from "./own-time.ts";

const isOf = ({ arm, subject }: Finding, wanted: string): boolean =>
  (arm ?? subject.split(" ")[0]) === wanted;

/**
 * What detectors find in a run: of a variant whose load was cut, in what came before; nothing of one
 * that an earlier run had cut.
 */
export function findingsOf(gathered: Gathered): Finding[] {
  const heard = heardDetectors(gathered.registered.plan);
  const ends = armEnds(gathered.manifest);
  const whole = detectAll(evidenceIn(gathered), heard);
  const ofOthers = whole.filter((finding) => ![...ends.keys()].some((arm) => isOf(finding, arm)));
  const ofCut = [...ends].flatMap(([arm, untilNs]) =>
    untilNs <= 0
      ? []
      : detectAll(evidenceIn(gathered, untilNs), heard).filter((finding) => isOf(finding, arm)),
  );
  return [...ofOthers, ...ofCut];
}

/** What probes found of each arm; null where no stage has one. */
export function resilienceIn(gathered: Gathered): Resilience | null {
  const { stages } = gathered.registered.plan;
  return stages.some(({ probe }) => probe !== undefined)
    ? resilienceOf(evidenceIn(gathered))
    : null;
}

function evidenceIn(
  {
    calls,
    connections,
    exchanges,
    inside,
    manifest,
    observations,
    processes,
    registered,
  }: Gathered,
  untilNs = Number.POSITIVE_INFINITY,
): Evidence {
  const begun = registered.plan.stages.filter(({ startNs }) => startNs < untilNs);
  const stages = begun.map((stage) => ({
    name: stage.name,
    ratePerSec: stage.ratePerSec,
    fromPerSec: stage.fromPerSec,
    startNs: stage.startNs,
    fromNs: stage.judgedFromNs ?? stage.startNs,
    toNs: Math.min(stage.endNs, untilNs),
    judged: stage.judgedFromNs !== null && isHeard(registered.plan, stage),
    ...(stage.probe === undefined ? {} : { probe: stage.probe }),
  }));
  const { dependencies, profile } = manifest;
  // A capture that is scaled chooses its records itself: no two starts are known to ask the same.
  const { load, responses } = registered.plan;
  // Where starts are repeated, their numbers go up by two.
  const inOrder = load.arrivals.kind !== "recorded" && responses === undefined;
  const recordCount = inOrder ? profile.records : Number.POSITIVE_INFINITY;
  const seen = { observations, calls, connections, exchanges, inside, processes };
  const whole = { ...seen, stages, dependencies, recordCount };
  const { arms, assignment, seed } = registered.plan;
  if (assignment?.kind !== "crossover") return buildEvidence(whole);
  return buildEvidence(inOwnTime(whole, new OwnTime(seed, assignment.periodNs, arms.length)));
}

/** What arms did in turns, side by side; what is told by the run's clock alone is left out. */
function inOwnTime(whole: Parameters<typeof buildEvidence>[0], time: OwnTime): typeof whole {
  const { calls, observations } = whole;
  const stages = whole.stages.map(({ fromNs, startNs = fromNs, toNs, ...stage }) => ({
    ...stage,
    startNs: time.ofCycleNs(startNs),
    fromNs: time.ofCycleNs(fromNs),
    toNs: time.ofCycleNs(toNs),
  }));
  return {
    ...whole,
    stages,
    observations: observationsInOwnTime(observations, time),
    calls: calls === null ? null : callsInOwnTime(calls, observations, time),
    connections: null,
    exchanges: null,
    inside: null,
    processes: [],
  };
}
