import { holm } from "../stats/index.ts";
import type { Finding } from "./detector.ts";

/** How often, at most, any of a healthy run's findings with a p-value fails. */
const FAMILY_ALPHA = 0.05;

/**
 * A finding that fails with a p-value has to hold up beside all others that were looked for, over
 * detectors, arms, dependencies and stages; else it becomes a suspicion. What was looked for and is not
 * there counts with a p-value of 1; a finding's own is the least of any of the `stages` (Bonferroni).
 * Source: Holm 1979.
 */
export function adjusted(findings: readonly Finding[], stages: number): Finding[] {
  const tested = findings.filter(({ pValue }) => pValue !== undefined);
  const ps = holm(tested.map(({ pValue }) => Math.min(pValue! * Math.max(stages, 1), 1)));
  const adjustedP = new Map(tested.map((finding, i) => [finding, ps[i]!]));
  return findings.map((finding) => {
    const p = adjustedP.get(finding);
    if (p === undefined) return finding;
    const known = { ...finding, pValue: p };
    if (finding.status !== "fail" || p <= FAMILY_ALPHA) return known;
    const over = stages > 1 ? `, in ${stages} stages each,` : "";
    const why = `of ${tested.length} that were looked at${over} one may show this by chance`;
    const summary = `${finding.summary}; ${why}`;
    return finding.comparison === "worse"
      ? { ...known, status: "shared", comparison: "shared", summary }
      : { ...known, status: "inconclusive", summary };
  });
}
