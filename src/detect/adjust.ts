import { holm } from "../stats/index.ts";
import type { Finding } from "./detector.ts";

/** How often, at most, any of a healthy run's findings with a p-value fails. */
const FAMILY_ALPHA = 0.01;

/**
 * A finding that fails with a p-value has to hold up beside all others that were looked for (over
 * detectors, arms and dependencies, passes included); else it becomes a suspicion. Source: Holm 1979.
 */
export function adjusted(findings: readonly Finding[]): Finding[] {
  const tested = findings.filter(({ pValue }) => pValue !== undefined);
  const ps = holm(tested.map(({ pValue }) => pValue!));
  const adjustedP = new Map(tested.map((finding, i) => [finding, ps[i]!]));
  return findings.map((finding) => {
    const p = adjustedP.get(finding);
    if (p === undefined) return finding;
    const known = { ...finding, pValue: p };
    if (finding.status !== "fail" || p <= FAMILY_ALPHA) return known;
    const why = `of ${tested.length} that were looked at, one may show this by chance`;
    return { ...known, status: "inconclusive", summary: `${finding.summary}; ${why}` };
  });
}
