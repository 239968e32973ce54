/** The plan, registered before; the verdict, decided after; the audit trail between. */
export { type AuditEntry, AuditLog, brokenAuditLine } from "./audit.ts";
export { type Block, cutIntoBlocks, type StageBlocks } from "./blocks.ts";
export { compareMetrics, type MetricComparison } from "./compare.ts";
export {
  type Metric,
  metricLabel,
  metricOf,
  metricSchema,
  type MetricSpec,
  primarySchema,
} from "./metric.ts";
export {
  defaultBlockNs,
  INSTRUMENT_LIMITS,
  type InstrumentLimits,
  type Plan,
  type PlannedLoad,
  type PlannedStage,
  type RegisteredPlan,
  registerPlan,
} from "./plan.ts";
export {
  type ComparisonStatus,
  decide,
  type Decision,
  type JudgedComparison,
  statusOf,
  type Verdict,
  type VerdictFinding,
  type VerdictInput,
} from "./verdict.ts";
