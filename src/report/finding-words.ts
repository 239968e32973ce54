import type { FindingRow, Result } from "./model.ts";
import { rankedFindings } from "./words.ts";

/** More findings than these that pass are told in one line; `result.json` has them all. */
const PASSES_MAX = 6;

/** Findings as people are told of them. */
export interface ToldFindings {
  /** Each by itself, failures first. */
  readonly each: readonly FindingRow[];
  /** Those that pass, where they are many: together. */
  readonly folded: readonly FindingRow[];
  /** `28 findings pass: pool-exhaustion, cache-thrash`; empty where none is folded. */
  readonly line: string;
}

/** What a report says one by one, and what it says in a line. */
export function toldFindings(result: Result): ToldFindings {
  const findings = rankedFindings(result);
  const passes = findings.filter(({ status }) => status === "pass");
  if (passes.length <= PASSES_MAX) return { each: findings, folded: [], line: "" };
  const names = [...new Set(passes.map(({ detector }) => detector))].join(", ");
  return {
    each: findings.filter(({ status }) => status !== "pass"),
    folded: passes,
    line: `${passes.length} findings pass: ${names}`,
  };
}
