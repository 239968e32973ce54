import {
  buildEvidence,
  detectAll,
  type Evidence,
  evidenceSample,
  type Finding,
  type Resilience,
  resilienceOf,
  type SampledStage,
  type StageWindow,
} from "../detect/index.ts";
import { formatDurationNs, formatRatio } from "../core/index.ts";
import type { RunFiles } from "./gather.ts";
import { heardDetectors, isHeard } from "./heard-detectors.ts";
import { armEnds } from "./looks-of.ts";
import { callsInOwnTime, observationsInOwnTime, OwnTime } from "./own-time.ts";

const isOf = ({ arm, subject }: Finding, wanted: string): boolean =>
  (arm ?? subject.split(" ")[0]) === wanted;

/** What detectors look at, and of which stages that is a part. */
export interface LookedAt {
  readonly evidence: Evidence;
  readonly sampled: readonly SampledStage[];
}

/**
 * What detectors find in a run: of a variant whose load was cut, in what came before; nothing of one
 * that an earlier run had cut. `lookedAt`: `evidenceIn` the whole run, where that is known already.
 */
export function findingsOf(
  gathered: RunFiles,
  { evidence }: LookedAt = evidenceIn(gathered),
): Finding[] {
  const heard = heardDetectors(gathered.registered.plan);
  const ends = armEnds(gathered.manifest);
  const whole = detectAll(evidence, heard);
  const ofOthers = whole.filter((finding) => ![...ends.keys()].some((arm) => isOf(finding, arm)));
  const ofCut = [...ends].flatMap(([arm, untilNs]) =>
    untilNs <= 0
      ? []
      : detectAll(evidenceIn(gathered, untilNs).evidence, heard).filter((finding) =>
          isOf(finding, arm),
        ),
  );
  return [...ofOthers, ...ofCut];
}

/** What probes found of each arm; null where no stage has one. */
export function resilienceIn({ registered }: RunFiles, { evidence }: LookedAt): Resilience | null {
  const { stages } = registered.plan;
  return stages.some(({ probe }) => probe !== undefined) ? resilienceOf(evidence) : null;
}

/** How caches were emptied as a stage began, by arm; nothing where nobody asked for it. */
function flushesIn(
  { ended }: RunFiles["manifest"],
  arms: readonly string[],
  stage: string,
): Pick<StageWindow, "flushes"> {
  const own = (ended?.flushes ?? []).filter((flush) => flush.stage === stage);
  if (own.length === 0) return {};
  const flushes = arms.map((arm) => {
    const flush = own.find((each) => each.arm === arm);
    if (flush === undefined) return null;
    const { atNs, ok, tookNs } = flush;
    return { fromNs: atNs, toNs: atNs + tookNs, ok };
  });
  return { flushes };
}

/** The run up to a moment, as detectors see it: of one that is too large, a part (`evidenceSample`). */
export function evidenceIn(
  {
    calls,
    connections,
    exchanges,
    inside,
    manifest,
    observations,
    processes,
    registered,
  }: RunFiles,
  untilNs = Number.POSITIVE_INFINITY,
): LookedAt {
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
    ...flushesIn(manifest, registered.plan.arms, stage.name),
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
  const inTime =
    assignment?.kind === "crossover"
      ? inOwnTime(whole, new OwnTime(seed, assignment.periodNs, arms.length))
      : whole;
  const { input, sampled } = evidenceSample(inTime, observations.rows + (calls?.rows ?? 0));
  return { evidence: buildEvidence(input), sampled };
}

/** What detectors and probes found in a run, and of which stages they saw a part: what they saw is let go. */
export interface Detected {
  readonly findings: readonly Finding[];
  readonly resilience: Resilience | null;
  readonly sampled: readonly SampledStage[];
}

export function detected(gathered: RunFiles): Detected {
  const seen = evidenceIn(gathered);
  const findings = findingsOf(gathered, seen);
  return { findings, resilience: resilienceIn(gathered, seen), sampled: seen.sampled };
}

/** What is said of a run that detectors saw a part of. */
export function sampleWords(sampled: readonly SampledStage[]): string[] {
  if (sampled.length === 0) return [];
  const parts = sampled.map(
    ({ fromNs, name, share, toNs }) =>
      `${formatRatio(share)} of stage ${name} (${formatDurationNs(toNs - fromNs)} from ${formatDurationNs(fromNs)} on)`,
  );
  return [
    `the run is too large for detectors to look at all of it: they saw ${parts.join(", ")}, where requests were under way longest`,
  ];
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
