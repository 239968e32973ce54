import type { Evidence } from "../detector.ts";
import { type BreakerReading, readBreaker } from "./breaker.ts";
import { type BulkheadReading, readBulkhead } from "./bulkhead.ts";
import { type ColdReading, readCold } from "./cold.ts";
import { type ErrorSweep, readErrorSweep } from "./error-sweep.ts";
import { type HangReading, readHang } from "./hang.ts";
import { type HysteresisReading, readHysteresis } from "./hysteresis.ts";
import { type LatencySweep, readLatencySweep } from "./latency-sweep.ts";
import { type Protocol, protocolsOf, readRecovery, type Recovery } from "./recovery.ts";
import { flushedStages } from "./stages.ts";

/** What probes found of how one arm calls one dependency; null: not probed, or too little came. */
export interface ResilienceCard {
  readonly arm: string;
  readonly dependency: string;
  readonly joinedBy: "identity" | "rates";
  readonly latency: LatencySweep | null;
  readonly errors: ErrorSweep | null;
  readonly hang: HangReading | null;
  readonly breaker: BreakerReading | null;
  readonly bulkhead: BulkheadReading | null;
  /** Of caches before it that were emptied. */
  readonly cold: ColdReading | null;
  /** Stages that were to begin with caches emptied, which not every arm's were. */
  readonly notEmptied: readonly string[];
  readonly recoveries: readonly Omit<Recovery, "slowOnes">[];
}

/** What probes found of an arm, whomever it calls. */
export interface Resilience {
  readonly cards: readonly ResilienceCard[];
  readonly hysteresis: readonly (HysteresisReading & { readonly arm: string })[];
}

function cardOf(evidence: Evidence, arm: number, dependency: number): ResilienceCard {
  const { name } = evidence.dependencies[dependency]!;
  const cold = readCold(evidence, arm, dependency);
  const concerns = ({ trigger: { name: stage, probe } }: Protocol): boolean =>
    probe?.cold === true
      ? (cold?.filling ?? null) !== null && cold?.stage === stage
      : probe?.dependency === name;
  const recoveries = protocolsOf(evidence)
    .filter(concerns)
    .map((protocol) => readRecovery(evidence, arm, protocol))
    .filter((recovery) => recovery !== null)
    .map(({ slowOnes: _ones, ...recovery }) => recovery);
  return {
    arm: evidence.arms[arm]!,
    dependency: name,
    joinedBy: evidence.joinedBy(arm, dependency),
    latency: readLatencySweep(evidence, arm, dependency),
    errors: readErrorSweep(evidence, arm, dependency),
    hang: readHang(evidence, arm, dependency),
    breaker: readBreaker(evidence, arm, dependency),
    bulkhead: readBulkhead(evidence, arm, dependency),
    cold,
    notEmptied: notEmptied(evidence),
    recoveries,
  };
}

/** The stages whose flush failed in an arm. */
function notEmptied(evidence: Evidence): string[] {
  const emptied = flushedStages(evidence);
  const asked = evidence.stages.filter(({ probe }) => probe?.cold === true);
  return asked.filter((stage) => !emptied.includes(stage)).map(({ name }) => name);
}

/**
 * A card for every arm and every dependency that a stage probes: all that are called, where caches are
 * emptied; null without such a stage or a ramp.
 */
export function resilienceOf(evidence: Evidence): Resilience | null {
  const probed = new Set(evidence.stages.map(({ probe }) => probe?.dependency));
  const isCold = evidence.stages.some(({ probe }) => probe?.cold === true);
  const isCalled = (dependency: number): boolean =>
    evidence.arms.some((_, arm) => evidence.calls(arm, dependency).length > 0);
  const cards = evidence.dependencies.flatMap(({ name }, dependency) =>
    probed.has(name) || (isCold && isCalled(dependency))
      ? evidence.arms.map((_arm, arm) => cardOf(evidence, arm, dependency))
      : [],
  );
  const hysteresis = evidence.arms.flatMap((arm, index) => {
    const reading = readHysteresis(evidence, index);
    return reading === null ? [] : [{ arm, ...reading }];
  });
  return cards.length === 0 && hysteresis.length === 0 ? null : { cards, hysteresis };
}
