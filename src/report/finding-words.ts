import { formatCount } from "../core/index.ts";
import type { FindingRow, Result } from "./model.ts";
import { rankedFindings } from "./words.ts";

/** More findings than these that pass, or have too little, are told in one line; `result.json` has them all. */
const EACH_MAX = 6;

/** Findings that are told together. */
export interface FoldedFindings {
  readonly status: "inconclusive" | "pass";
  /** `28 findings pass: pool-exhaustion, cache-thrash`. */
  readonly line: string;
  readonly rows: readonly FindingRow[];
}

/** Findings as people are told of them. */
export interface ToldFindings {
  /** Each by itself, failures first. */
  readonly each: readonly FindingRow[];
  /** Those that have too little to judge by, and those that pass, where they are many. */
  readonly folded: readonly FoldedFindings[];
}

const namesOf = (rows: readonly FindingRow[]): string =>
  [...new Set(rows.map(({ detector }) => detector))].join(", ");

/** How much more of it there would have to be. */
const lackOf = ({ have, need }: NonNullable<FindingRow["needs"]>): number => need / (have + 1);

/** `calls to payments: 12 of 100`: of each thing, what the finding has that lacks most of it. */
function needsOf(rows: readonly FindingRow[]): string {
  const most = new Map<string, NonNullable<FindingRow["needs"]>>();
  for (const { needs } of rows) {
    if (needs === undefined) continue;
    const known = most.get(needs.what);
    if (known === undefined || lackOf(known) < lackOf(needs)) most.set(needs.what, needs);
  }
  return [...most.values()]
    .map(({ have, need, what }) =>
      have === 0 ? `no ${what}` : `${what}: ${formatCount(have)} of ${formatCount(need)}`,
    )
    .join("; ");
}

/** What a report says one by one, and what it says in a line. */
export function toldFindings(result: Result): ToldFindings {
  const findings = rankedFindings(result);
  const passes = findings.filter(({ status }) => status === "pass");
  const wanting = findings.filter(({ needs }) => needs !== undefined);
  const folded: FoldedFindings[] = [
    {
      status: "inconclusive",
      line: `${wanting.length} findings have too little to judge by: ${namesOf(wanting)} (${needsOf(wanting)})`,
      rows: wanting,
    },
    {
      status: "pass",
      line: `${passes.length} findings pass: ${namesOf(passes)}`,
      rows: passes,
    },
  ];
  const many = folded.filter(({ rows }) => rows.length > EACH_MAX);
  const together = new Set(many.flatMap(({ rows }) => rows));
  return { each: findings.filter((finding) => !together.has(finding)), folded: many };
}
