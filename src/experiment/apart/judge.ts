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

/** Why nothing can be decided, where what runs or hosts differ by is not known; else null. */
function unknownNoise(rows: readonly BoundComparison[], hosts: string | null): Verdict | null {
  const judged = rows.filter(({ effect, role }) => effect !== null && role !== "secondary");
  const relative = judged.filter(({ effect }) => effect?.kind === "relative");
  const bound = relative.length > 0 ? relative : judged;
  if (bound.some(({ spread }) => spread === "blocks" || spread === "floor")) {
    return {
      decision: "hold",
      reason:
        "unreplicated: one run beside one that was kept, and nothing says how much two runs of one build differ",
      needs: "several kept runs, or runs of several each (design.runs), or --between-run-sd",
    };
  }
  if (hosts === null) return null;
  return {
    decision: "hold",
    reason: `measured elsewhere: ${hosts}`,
    needs: "kept runs of several hosts, one of this host, or --between-host-sd",
  };
}

/**
 * The verdict on a run beside runs that were kept, by the rules of a run: ship needs every primary and
 * guardrail within its margin in every judged stage. Nothing is shipped or rolled back where it is not
 * known how much runs, or hosts, differ: the interval would be that of these very runs.
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
  const unknown = sound ? unknownNoise(rows, hosts) : null;
  const verdict =
    unknown ??
    decide({
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
  return { verdict, rows: adjusted };
}
