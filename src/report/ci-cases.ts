import type { ComparisonRow, Result } from "./model.ts";
import { checkWords } from "./check-words.ts";
import { rowWords } from "./variant-words.ts";
import {
  capital,
  comparisonSentence,
  hasVariants,
  leadFinding,
  OUTCOME_WORDS,
  outcomeOf,
  plainText,
  rankedComparisons,
  rankedFindings,
  STATUS_WORDS,
} from "./words.ts";

/* A run's result as what CI systems know: test cases, each with what became of it. */

/** What a case is about: the decision, a metric in a stage, a detector, the instrument itself. */
export type CiGroup = "verdict" | "metrics" | "detectors" | "instrument";

/**
 * `error`: the instrument failed, so that nothing is said of the variant. `open`: neither shown to
 * be well nor to be ill, or harm that is not binding.
 */
export type CiStatus = "pass" | "open" | "fail" | "error";

/** One test case. All texts are one line without control characters. */
export interface CiCase {
  readonly group: CiGroup;
  /** Within its group the same in every run of a scenario, so that a CI system can follow it. */
  readonly name: string;
  readonly status: CiStatus;
  /** What kind of failure: `roll back`, `harm`, a detector's name. */
  readonly kind: string;
  readonly message: string;
  /** The variant that it is about, where it is about one. */
  readonly arm?: string;
}

/** A hold fails as a roll back does: neither may ship, and a job ends with its exit code. */
function verdictCase(
  name: string,
  { needs, reason, ...verdict }: Pick<Result, "decision" | "needs" | "reason">,
): CiCase {
  const outcome = outcomeOf(verdict);
  return {
    group: "verdict",
    name,
    status: outcome === "ship" || outcome === "measured" ? "pass" : "fail",
    kind: OUTCOME_WORDS[outcome].toLowerCase(),
    message: `${reason}${needs === undefined ? "" : `. Needs: ${needs}`}`,
  };
}

/** The run's, and, where there are several variants, each one's. */
function verdictCases(result: Result): CiCase[] {
  const { scenario } = result.run;
  const own = hasVariants(result) ? Object.entries(result.verdicts ?? {}) : [];
  return [
    verdictCase(scenario, result),
    ...own.map(([arm, verdict]) => ({ ...verdictCase(`${scenario}, ${arm}`, verdict), arm })),
  ];
}

function metricStatus({ role, status }: ComparisonRow): CiStatus {
  if (status === "harm") return role === "secondary" ? "open" : "fail";
  return status === "inconclusive" || status === "no-gain" ? "open" : "pass";
}

const metricCases = (result: Result): CiCase[] =>
  rankedComparisons(result).map((row) => ({
    group: "metrics",
    name: `${rowWords(result, row)} (${row.role}), stage ${row.stage}`,
    arm: row.arm,
    status: metricStatus(row),
    kind: STATUS_WORDS[row.status],
    message: [comparisonSentence(row), row.warnings.join("; ")].join(" "),
  }));

const FINDING_STATUS = {
  pass: "pass",
  inconclusive: "open",
  shared: "open",
  fail: "fail",
} as const;

const findingCases = (result: Result): CiCase[] =>
  rankedFindings(result).map(
    ({ arm, cure, detector, status, subject, summary, warnings = [] }) => ({
      group: "detectors",
      name: `${detector}, ${subject}`,
      ...(arm === undefined ? {} : { arm }),
      status: FINDING_STATUS[status],
      kind: detector,
      message: [capital(summary), ...(cure === undefined ? [] : [cure]), warnings.join("; ")].join(
        " ",
      ),
    }),
  );

/** What nobody measured is in the list, and nobody has to look at it. */
const NOT_MEASURED = "not measured";
const CHECK_STATUS = { pass: "pass", open: "open", doubt: "open", fail: "error" } as const;

const checkCases = ({ checks }: Result): CiCase[] =>
  checks.map((check) => ({
    group: "instrument",
    name: checkWords(check),
    ...(check.arm === undefined ? {} : { arm: check.arm }),
    status: CHECK_STATUS[check.status],
    kind: check.status === "open" ? NOT_MEASURED : "instrument",
    message: check.summary,
  }));

/** One of several variants that may not ship, in a run of which another one may: it stops nobody. */
const isSpared = ({ decision, verdicts = {} }: Result, { arm = "" }: CiCase): boolean =>
  decision === "ship" && verdicts[arm] !== undefined && verdicts[arm].decision !== "ship";

/** Everything that was judged, in the order of the verdict, metrics, detectors, the instrument. */
export function ciCases(result: Result): readonly CiCase[] {
  return [verdictCases, metricCases, findingCases, checkCases]
    .flatMap((casesOf) => casesOf(result))
    .map((each) => ({
      ...each,
      status: each.status !== "pass" && isSpared(result, each) ? ("open" as const) : each.status,
      name: plainText(each.name, 200),
      message: plainText(each.message),
    }));
}

/**
 * What someone should look at, the gravest first: nothing of a run that ships and has no doubts.
 * Detectors that could not tell, of which there are many in a short run, are not among it.
 */
export function ciProblems(result: Result): readonly CiCase[] {
  const rank = { error: 0, fail: 1, open: 2, pass: 3 } as const;
  const lead = leadFinding(result);
  const isLead = ({ group, name }: CiCase): boolean =>
    lead !== undefined && group === "detectors" && name.startsWith(`${lead.detector}, `);
  const of = (each: CiCase): number =>
    each.group === "verdict" ? -2 : isLead(each) && each.status === "fail" ? -1 : rank[each.status];
  return ciCases(result)
    .filter(
      ({ group, kind, status }) =>
        status !== "pass" && kind !== NOT_MEASURED && (group !== "detectors" || status === "fail"),
    )
    .toSorted((a, b) => of(a) - of(b));
}
