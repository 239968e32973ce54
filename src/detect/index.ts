/** One detector a file: from what was seen to a named cause. */
import { messageOf } from "../core/index.ts";
import { acquireTimeout } from "./acquire-timeout.ts";
import { adjusted } from "./adjust.ts";
import { unlessShown } from "./beside.ts";
import { breaker } from "./breaker.ts";
import { cacheThrash } from "./cache-thrash.ts";
import type { Detector, Evidence, Finding } from "./detector.ts";
import { hysteresis } from "./hysteresis.ts";
import { confirmed } from "./inside/index.ts";
import { metastable } from "./metastable.ts";
import { judgedStages } from "./pairs.ts";
import { noBackpressure } from "./no-backpressure.ts";
import { noBulkhead } from "./no-bulkhead.ts";
import { noCalls } from "./no-calls.ts";
import { noTimeout } from "./no-timeout.ts";
import { noKeepAlive } from "./no-keep-alive.ts";
import { poolExhaustion } from "./pool-exhaustion.ts";
import { poolLeak } from "./pool-leak.ts";
import { portExhaustion } from "./port-exhaustion.ts";
import { rateLimit } from "./rate-limit.ts";
import { retryStorm } from "./retry-storm.ts";
import { saturation } from "./saturation.ts";
import { serialCalls } from "./serial-calls.ts";
import { slowDependency } from "./slow-dependency.ts";
import { stampede } from "./stampede.ts";
import { timeoutInversion } from "./timeout-inversion.ts";

export type {
  Began,
  Beside,
  CacheFlush,
  Confirmation,
  DependencyFacts,
  Detector,
  Evidence,
  Finding,
  FindingEffect,
  JoinedBy,
  RequestRow,
  Size,
  StageWindow,
} from "./detector.ts";
export { buildEvidence } from "./evidence.ts";
export { EVIDENCE_ROWS, evidenceSample, type SampledStage } from "./sample.ts";
export { type Occupancy, occupancyOf } from "./occupancy.ts";
export {
  type ColdReading,
  type Resilience,
  type ResilienceCard,
  resilienceOf,
} from "./probed/index.ts";

/** Every detector, in the order of their findings. */
export const DETECTORS: readonly Detector[] = [
  poolExhaustion,
  acquireTimeout,
  poolLeak,
  cacheThrash,
  stampede,
  retryStorm,
  noTimeout,
  timeoutInversion,
  breaker,
  rateLimit,
  metastable,
  hysteresis,
  noKeepAlive,
  portExhaustion,
  noBackpressure,
  noBulkhead,
  slowDependency,
  saturation,
  serialCalls,
  noCalls,
];

/**
 * Runs detectors; one that crashes gives an inconclusive finding, never a pass. What findings say
 * with a p-value is adjusted over all of them.
 */
export function detectAll(
  evidence: Evidence,
  detectors: readonly Detector[] = DETECTORS,
): Finding[] {
  const findings = detectors.flatMap((detector): Finding[] => {
    try {
      return [...detector.detect(evidence)];
    } catch (thrown) {
      return [
        {
          detector: detector.name,
          subject: "all arms",
          status: "inconclusive" as const,
          cause: "a detector crashed",
          summary: `the detector ${detector.name} crashed: ${messageOf(thrown)}`,
          evidence: {},
        },
      ];
    }
  });
  const beside = findings.map((each) => unlessShown(besideNobody(evidence, each)));
  return confirmed(evidence, adjusted(beside, judgedStages(evidence).length));
}

/** A control that was asked nothing cannot show that it lacks a sickness. */
function besideNobody(evidence: Evidence, finding: Finding): Finding {
  if (finding.comparison !== "absent-in-control" || evidence.requests(0).length > 0) return finding;
  const summary = `${finding.summary}; of control nothing was asked`;
  return { ...finding, status: "inconclusive", summary };
}
