import { type ObservationTable, StartSet, visitRows } from "../measure/index.ts";
import { holm } from "../stats/index.ts";
import { type ArmEnds, type ArmPair, armPairs, pairedBlocks, reaches } from "./arm-pairs.ts";
import { emptyCut, type StageBlocks } from "./blocks.ts";
import type { NegativeControl } from "./hypothesis.ts";
import { metricEffect } from "./metric-effect.ts";
import type { Plan } from "./plan.ts";

const NO_LISTS = { dependencies: [], prices: [], targets: [] };

/** What one negative control showed in one judged stage. */
export interface NegativeControlResult {
  readonly name: NegativeControl;
  readonly arm: string;
  readonly stage: string;
  /** Each arm's own value: bytes per request. NaN where an arm has none. */
  readonly control: number;
  readonly variant: number;
  /** Two-sided, adjusted over all negative controls, variants and stages (Holm); null when too little was seen. */
  readonly adjustedP: number | null;
  /** Whether the arms are shown to differ in what cannot differ. */
  readonly differs: boolean;
}

/** Starts that both arms of a pair answered: only of an answer is it known what was sent. */
function answeredByBoth(observations: ObservationTable, pair: ArmPair): StartSet {
  const once = new StartSet();
  const both = new StartSet();
  visitRows(observations, ({ arm, kind, seq }) => {
    if (kind !== "response" || (arm !== pair.control && arm !== pair.variant)) return;
    if (once.has(seq)) both.add(seq);
    else once.add(seq);
  });
  return both;
}

/** The judged stages in blocks, of what both arms answered: bytes sent, and for how many requests. */
function answeredBlocks(
  observations: ObservationTable,
  plan: Plan,
  pair: ArmPair,
): readonly StageBlocks[] {
  const cut = emptyCut(plan.stages, observations.meta.arms.length, { dependencies: 0, targets: 0 });
  const all = answeredByBoth(observations, pair);
  visitRows(observations, (observation) => {
    const { arm, intendedNs, kind, seq } = observation;
    const block = cut.at(arm, intendedNs);
    if (kind !== "response" || block === undefined || !all.has(seq)) return;
    block.responses++;
    block.requestBytes += observation.bytesOut;
  });
  return cut.stages;
}

/**
 * Judges what cannot differ between the arms. `request_bytes`: the mean size of the requests that
 * both arms answered, which are the same requests, so that a difference is the instrument's. It is
 * shown where the two-sided p of paired time blocks, adjusted by Holm, is at most alpha.
 * Source: Lipsitch, Tchetgen Tchetgen & Cohen 2010 (negative controls).
 */
export function judgeNegativeControls(
  plan: Plan,
  observations: ObservationTable,
  ends: ArmEnds = new Map(),
): NegativeControlResult[] {
  if (plan.negativeControls.length === 0) return [];
  const confidence = 1 - plan.alpha;
  const compared = armPairs(plan, ends).flatMap((pair) =>
    answeredBlocks(observations, plan, pair)
      .filter((stage) => reaches(stage, pair))
      .map((stage) => ({ pair, stage })),
  );
  const rows = plan.negativeControls.flatMap((name) =>
    compared.map(({ pair, stage }) => {
      const arms = { ...pairedBlocks(stage, pair), confidence, betweenRunSd: null };
      const effect = metricEffect({ metric: name }, arms, NO_LISTS);
      return { name, arm: pair.arm, stage: stage.stage.name, effect };
    }),
  );
  const seen = rows.filter(({ effect }) => effect.judged);
  const adjusted = holm(
    seen.map(({ effect: { pHarm } }) => Math.min(1, 2 * Math.min(pHarm, 1 - pHarm))),
  );
  return rows.map((row) => {
    const adjustedP = adjusted[seen.indexOf(row)] ?? null;
    return {
      name: row.name,
      arm: row.arm,
      stage: row.stage,
      control: row.effect.control,
      variant: row.effect.variant,
      adjustedP,
      differs: adjustedP !== null && adjustedP <= plan.alpha,
    };
  });
}
