/** The plan, registered before; the verdict, decided after; the audit trail between. */
export {
  type AuditBreak,
  type AuditEntry,
  AuditLog,
  type AuditTrail,
  brokenAuditLine,
  mayBeLast,
  readAudit,
  readAuditFile,
} from "./audit.ts";
export {
  type ArmEnds,
  type ArmPair,
  armPairs,
  familyConfidence,
  pairedBlocks,
  reaches,
} from "./arm-pairs.ts";
export * from "./apart/index.ts";
export { withPairedTests } from "./paired-outcomes.ts";
export { compareResponses, type ComparedResponses, type FieldDifference } from "./responses.ts";
export { decideArms, type Verdicts, type VerdictsInput } from "./arm-verdicts.ts";
export {
  type Block,
  blockLists,
  cutIntoBlocks,
  emptyBlock,
  inWashout,
  judgedAt,
  type StageBlocks,
  targetsOf,
} from "./blocks.ts";
export { refusalsFail } from "./count-rows.ts";
export {
  assessCalibration,
  type Calibration,
  calibrationMismatch,
  calibrationSchema,
  MIN_CALIBRATION_RUNS,
} from "./calibration.ts";
export { crossChecked } from "./bootstrap-check.ts";
export { cutIntoKeyGroups, type KeyedRows, type KeyGroups, toldByKeys } from "./key-groups.ts";
export {
  armLevel,
  companyEffect,
  companyInRun,
  type Interference,
  judgeCompany,
  type JudgedCompany,
  MIN_COMPANY_PAIRS,
  plannedInterference,
} from "./interference.ts";
export { compareMetrics, type MetricComparison } from "./compare.ts";
export {
  type NegativeControl,
  NEGATIVE_CONTROLS,
  negativeControlSchema,
  primarySchema,
  segmentSchema,
  type SegmentSpec,
  type StopRules,
  stopSchema,
} from "./hypothesis.ts";
export { type ComparedArms, type MetricEffect, metricEffect } from "./metric-effect.ts";
export * from "./looks/index.ts";
export { metricLabel, metricSchema } from "./metric.ts";
export {
  type BlockLists,
  type Evidence,
  familyNamed,
  familyOf,
  METRIC_FAMILIES,
  METRIC_UNITS,
  toldLabel,
  type MetricFamily,
  type MetricName,
  type MetricSpec,
  type MetricUnit,
} from "./metrics/index.ts";
export {
  combinationOf,
  effectWords,
  levelWord,
  type PlannedFactor,
  replicatesOf,
} from "./factors.ts";
export { type FactorEffect, factorEffects, type FactorEffects } from "./factor-effects.ts";
export { type Combination, compareCombinations } from "./compare-combinations.ts";
export { type ComparedRun, compareRuns } from "./compare-runs.ts";
export { type PlannedRun, planOfRun, planRuns } from "./runs.ts";
export { judgeNegativeControls, type NegativeControlResult } from "./negative-control.ts";
export {
  defaultBlockNs,
  INSTRUMENT_LIMITS,
  type InstrumentLimits,
  PLAN_VERSION,
  type Plan,
  type PlannedLoad,
  type PlannedStage,
  type RegisteredPlan,
  registerPlan,
} from "./plan.ts";
export {
  type MeasuredVariance,
  type PlanSizing,
  requestsForQuantile,
  type SizedMetric,
  type SizedStage,
  sizePlan,
  type VarianceOf,
} from "./sizing.ts";
export {
  cutIntoParts,
  PartCuts,
  exploreParts,
  FALSE_DISCOVERIES_MAX,
  guardSegments,
  isByStart,
  type PartComparison,
  type StartSegments,
  type TrafficPart,
} from "./segments.ts";
export { type BlockLevel, blockLevel } from "./levels.ts";
export { blocksAfter, findWarmUps, stagesAfter, type WarmUp } from "./warm-up.ts";
export {
  findSettled,
  isOfSoak,
  judgeSoaks,
  LEAK_JUDGED_MIN_NS,
  poolSoakRows,
  type Settled,
  type SoakCourse,
  type SoakRules,
  type Soaks,
  type SoakSources,
} from "./soak/index.ts";
export { type ComparisonStatus, type JudgedComparison, statusOf } from "./comparison-status.ts";
export {
  decide,
  type Decision,
  type Verdict,
  type VerdictFinding,
  type VerdictInput,
} from "./verdict.ts";
export { countTold, toldSpecsOf, untold } from "./told.ts";
