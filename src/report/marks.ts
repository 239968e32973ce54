import type { ComparisonRow, FindingRow } from "./model.ts";

/** Before a comparison, where colours are not to be relied on. */
export const STATUS_MARKS: Readonly<Record<ComparisonRow["status"], string>> = {
  "within-margin": "✓",
  harm: "✗",
  "small-harm": "▲",
  improved: "✓",
  "no-gain": "○",
  inconclusive: "?",
};

/** As `STATUS_MARKS`, before a finding. */
export const FINDING_MARKS: Readonly<Record<FindingRow["status"], string>> = {
  fail: "✗",
  inconclusive: "?",
  shared: "=",
  pass: "✓",
};
