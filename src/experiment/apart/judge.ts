import { adjustHarmTests, type MetricComparison } from "../compare.ts";
import { familyOf, type MetricSpec } from "../metrics/index.ts";
import { decide, type Verdict } from "../verdict.ts";
import type { ApartComparison } from "./compare.ts";

/** A registered metric of one stage, with how it came out. */
export interface BoundComparison extends ApartComparison {
  readonly spec: MetricSpec;
  readonly label: string;
  readonly arm: string;
  readonly stage: string;
  readonly role: MetricComparison["role"];
}

export interface ApartVerdict {
  readonly verdict: Verdict;
  /** In the order given, harm tests adjusted together (Holm). */
  readonly rows: readonly MetricComparison[];
}

const withMargin = (
  row: BoundComparison,
  confidence: number,
): MetricComparison & { pHarm: number | null } => {
  const { arm, effect, label, mde, pHarm, role, spec, stage, theta, warnings } = row;
  const { better, unit } = familyOf(spec);
  return {
    label,
    arm,
    stage,
    role,
    unit,
    better,
    control: row.before,
    variant: row.after,
    confidence,
    effect,
    margin: spec.margin,
    ...(spec.minimumEffect === undefined ? {} : { minimumEffect: spec.minimumEffect }),
    mde,
    theta,
    pHarm,
    adjustedPHarm: null,
    warnings,
  };
};

const SEVERAL = "several kept runs, or runs of several each (design.runs)";

/** The rows by which it is told whether what runs differ by is known. */
function bindingRows(rows: readonly BoundComparison[]): readonly BoundComparison[] {
  const judged = rows.filter(({ effect, role }) => effect !== null && role !== "secondary");
  const relative = judged.filter(({ effect }) => effect?.kind === "relative");
  return relative.length > 0 ? relative : judged;
}

/** Why nothing can be decided, where what runs or hosts differ by is not known; else null. */
function unknownNoise(bound: readonly BoundComparison[], hosts: string | null): Verdict | null {
  if (bound.some(({ spread }) => spread === "blocks" || spread === "floor")) {
    return {
      decision: "hold",
      reason:
        "unreplicated: one run beside one that was kept, and nothing says how much two runs of one build differ",
      needs: `${SEVERAL}; --between-run-sd can roll back, and not ship`,
    };
  }
  if (hosts === null) return null;
  return {
    decision: "hold",
    reason: `measured elsewhere: ${hosts}`,
    needs: "kept runs of several hosts, one of this host, or --between-host-sd",
  };
}

/** As it was decided, but that a number that somebody typed condemns and never ships: no run stands behind it. */
function byHistory(verdict: Verdict, bound: readonly BoundComparison[]): Verdict {
  if (verdict.decision !== "ship" || bound.every(({ spread }) => spread === "runs")) return verdict;
  return {
    decision: "hold",
    reason:
      "unreplicated: how much two runs of one build differ is --between-run-sd's word, and no runs stand behind it",
    needs: SEVERAL,
  };
}

/**
 * The verdict on a run beside runs that were kept, by the rules of a run: ship needs every primary and
 * guardrail within its margin in every judged stage. Nothing is shipped or rolled back where it is not
 * known how much runs, or hosts, differ: the interval would be that of these very runs; nothing is
 * shipped where runs themselves do not tell it.
 */
export function judgeApart(given: {
  readonly rows: readonly BoundComparison[];
  readonly alpha: number;
  readonly confidence: number;
  /** Checks of the run that did not pass. */
  readonly invalid: readonly { readonly name: string; readonly summary: string }[];
  readonly incompleteBecause: string | null;
  readonly droppedStarts: number;
  /** Why the hosts' difference is not known, where it is not. */
  readonly hosts: string | null;
}): ApartVerdict {
  const { alpha, confidence, droppedStarts, hosts, incompleteBecause, invalid, rows } = given;
  const adjusted = adjustHarmTests(rows.map((row) => withMargin(row, confidence)));
  const sound = incompleteBecause === null && invalid.length === 0;
  const bound = bindingRows(rows);
  const unknown = sound ? unknownNoise(bound, hosts) : null;
  if (unknown !== null) return { verdict: unknown, rows: adjusted };
  const decided = decide({
    alpha,
    hypothesis: true,
    comparisons: adjusted,
    findings: [],
    invalid,
    doubts: [],
    incompleteBecause,
    replicated: true,
    droppedStarts,
  });
  return { verdict: byHistory(decided, bound), rows: adjusted };
}
