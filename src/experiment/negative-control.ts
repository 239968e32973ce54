import type { ObservationTable } from "../measure/index.ts";
import { holm, pairedBlockLogRatio, type RatioBlock } from "../stats/index.ts";
import type { NegativeControl } from "./hypothesis.ts";
import type { Plan, PlannedStage } from "./plan.ts";

/** What one negative control showed in one judged stage. */
export interface NegativeControlResult {
  readonly name: NegativeControl;
  readonly stage: string;
  /** Each arm's own value: bytes per request. NaN where an arm has none. */
  readonly control: number;
  readonly variant: number;
  /** Two-sided, adjusted over all negative controls and stages (Holm); null when too little was seen. */
  readonly adjustedP: number | null;
  /** Whether the arms are shown to differ in what cannot differ. */
  readonly differs: boolean;
}

/** Starts that every arm answered: only of an answer is it known what was sent. */
function answeredByAll(observations: ObservationTable): ReadonlySet<number> {
  const arms = observations.meta.arms.length;
  const answers = new Map<number, number>();
  const all = new Set<number>();
  for (const { kind, seq } of observations) {
    if (kind !== "response") continue;
    const count = (answers.get(seq) ?? 0) + 1;
    answers.set(seq, count);
    if (count === arms) all.add(seq);
  }
  return all;
}

type Sums = { numerator: number; denominator: number };

/** Bytes sent and requests, by arm and block, of each judged stage. */
function requestBytes(
  observations: ObservationTable,
  stages: readonly PlannedStage[],
): (readonly (readonly RatioBlock[])[])[] {
  const judged = stages.filter(({ judgedFromNs }) => judgedFromNs !== null);
  const cut = judged.map((stage): Sums[][] => {
    const count = Math.floor((stage.endNs - stage.judgedFromNs!) / stage.blockNs);
    return observations.meta.arms.map(() =>
      Array.from({ length: count }, () => ({ numerator: 0, denominator: 0 })),
    );
  });
  const all = answeredByAll(observations);
  for (const observation of observations) {
    const { arm, intendedNs, kind, seq } = observation;
    if (kind !== "response" || !all.has(seq)) continue;
    const place = judged.findIndex(
      ({ endNs, judgedFromNs }) => intendedNs >= judgedFromNs! && intendedNs < endNs,
    );
    if (place === -1) continue;
    const { blockNs, judgedFromNs } = judged[place]!;
    const block = cut[place]![arm]?.[Math.floor((intendedNs - judgedFromNs!) / blockNs)];
    if (block === undefined) continue;
    block.numerator += observation.bytesOut;
    block.denominator++;
  }
  return cut;
}

/**
 * Judges what cannot differ between the arms. `request_bytes`: the mean size of the requests that
 * every arm answered, which are the same requests, so that a difference is the instrument's. It is
 * shown where the two-sided p of paired time blocks, adjusted by Holm, is at most alpha.
 * Source: Lipsitch, Tchetgen Tchetgen & Cohen 2010 (negative controls).
 */
export function judgeNegativeControls(
  plan: Plan,
  observations: ObservationTable,
): NegativeControlResult[] {
  if (plan.negativeControls.length === 0) return [];
  const judged = plan.stages.filter(({ judgedFromNs }) => judgedFromNs !== null);
  const rows = requestBytes(observations, plan.stages).map(
    ([control = [], variant = []], index) => ({
      stage: judged[index]!.name,
      effect: pairedBlockLogRatio({ confidence: 1 - plan.alpha, control, variant }),
    }),
  );
  const seen = rows.filter(({ effect }) => effect.judged);
  const adjusted = holm(
    seen.map(({ effect: { pHarm } }) => Math.min(1, 2 * Math.min(pHarm, 1 - pHarm))),
  );
  return rows.map((row) => {
    const adjustedP = adjusted[seen.indexOf(row)] ?? null;
    return {
      name: plan.negativeControls[0]!,
      stage: row.stage,
      control: row.effect.control,
      variant: row.effect.variant,
      adjustedP,
      differs: adjustedP !== null && adjustedP <= plan.alpha,
    };
  });
}
