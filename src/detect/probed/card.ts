import type { Evidence } from "../detector.ts";
import { type BreakerReading, readBreaker } from "./breaker.ts";
import { type BulkheadReading, readBulkhead } from "./bulkhead.ts";
import { type ErrorSweep, readErrorSweep } from "./error-sweep.ts";
import { type HangReading, readHang } from "./hang.ts";
import { type HysteresisReading, readHysteresis } from "./hysteresis.ts";
import { type LatencySweep, readLatencySweep } from "./latency-sweep.ts";
import { protocolsOf, readRecovery, type Recovery } from "./recovery.ts";

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
  readonly recoveries: readonly Omit<Recovery, "slowOnes">[];
}

/** What probes found of an arm, whomever it calls. */
export interface Resilience {
  readonly cards: readonly ResilienceCard[];
  readonly hysteresis: readonly (HysteresisReading & { readonly arm: string })[];
}

function cardOf(evidence: Evidence, arm: number, dependency: number): ResilienceCard {
  const { name } = evidence.dependencies[dependency]!;
  const recoveries = protocolsOf(evidence)
    .filter(({ trigger }) => trigger.probe?.dependency === name)
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
    recoveries,
  };
}

/** A card for every arm and every dependency that a stage probes; null without such a stage or a ramp. */
export function resilienceOf(evidence: Evidence): Resilience | null {
  const probed = new Set(evidence.stages.map(({ probe }) => probe?.dependency));
  const cards = evidence.dependencies.flatMap(({ name }, dependency) =>
    probed.has(name) ? evidence.arms.map((_arm, arm) => cardOf(evidence, arm, dependency)) : [],
  );
  const hysteresis = evidence.arms.flatMap((arm, index) => {
    const reading = readHysteresis(evidence, index);
    return reading === null ? [] : [{ arm, ...reading }];
  });
  return cards.length === 0 && hysteresis.length === 0 ? null : { cards, hysteresis };
}
