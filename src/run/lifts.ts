import { NS_PER_S } from "../core/index.ts";
import {
  type ArmEnds,
  armPairs,
  type AuditEntry,
  blockLists,
  familyConfidence,
  familyOf,
  type Look,
  metricEffect,
  metricLabel,
  type MetricSpec,
  pairedBlocks,
  type Plan,
  type StageBlocks,
} from "../experiment/index.ts";
import type { LiftCurve } from "../report/index.ts";
import { asymptoticHalfWidth } from "../stats/index.ts";

/** Looks and blocks at the same moment are told so by their times, which were rounded. */
const NEAR_S = 0.001;

/** More points than this a picture of one stage does not show. */
const POINTS_MAX = 30;

/** Whole numbers from 2 to `count`, at most `POINTS_MAX` of them, the last one always. */
function steps(count: number): number[] {
  const every = Math.max(1, Math.ceil((count - 1) / POINTS_MAX));
  const all = Array.from({ length: Math.max(count - 1, 0) }, (_, index) => index + 2);
  return all.filter((blocks) => (count - blocks) % every === 0);
}

/** What a look saw, above 0 for worse, of so many blocks. */
interface Seen {
  readonly atS: number;
  readonly blocks: number;
  readonly harm: number;
}

/** By variant and metric, what looks saw at the end of each block, in the order of time. */
function looksBy(entries: readonly AuditEntry[]): Map<string, Seen[]> {
  const found = new Map<string, Seen[]>();
  for (const { detail, event } of entries) {
    if (event !== "look") continue;
    const { atS, metrics } = detail as unknown as Look;
    for (const { arm = "variant", blocks, harm, metric } of metrics) {
      if (harm === null) continue;
      const key = JSON.stringify([arm, metric]);
      found.set(key, [...(found.get(key) ?? []), { atS, blocks, harm }]);
    }
  }
  return found;
}

/** The band's ends around an estimate, from the log scale where the effect is relative. */
function bandOf(
  theta: { readonly estimate: number; readonly se: number },
  kind: LiftCurve["kind"],
  of: { readonly n: number; readonly plannedN: number; readonly alpha: number },
): { readonly low: number; readonly high: number } {
  const half = asymptoticHalfWidth({ ...of, sd: theta.se * Math.sqrt(of.n) });
  const scale = (value: number): number => (kind === "relative" ? Math.expm1(value) : value);
  return { low: scale(theta.estimate - half), high: scale(theta.estimate + half) };
}

/**
 * How the effect of the primary metric and of each guardrail grew with the blocks of each stage, with
 * a confidence band that may be watched (asymptotic confidence sequence, Waudby-Smith et al. 2023),
 * and what the looks saw. Metrics that have one value a run have none.
 */
export function liftsOf(
  plan: Plan,
  stages: readonly StageBlocks[],
  context: {
    readonly dependencies: readonly string[];
    readonly ends: ArmEnds;
    readonly entries: readonly AuditEntry[];
  },
): LiftCurve[] {
  const { dependencies, ends, entries } = context;
  if (plan.primary === null) return [];
  const lists = blockLists(plan, dependencies);
  const looks = looksBy(entries);
  const alpha = 1 - familyConfidence(plan);
  const until = stages.map((at, index) => {
    const next = stages[index + 1]?.stage;
    return [at, (next?.judgedFromNs ?? Infinity) / NS_PER_S + NEAR_S] as const;
  });
  const curveOf = (
    spec: MetricSpec,
    role: LiftCurve["role"],
    [at, untilS]: readonly [StageBlocks, number],
    pair: ReturnType<typeof armPairs>[number],
  ): LiftCurve[] => {
    const { better, effect: kind, onePerRun = false, unit } = familyOf(spec);
    if (onePerRun) return [];
    const { control, variant } = pairedBlocks(at, pair);
    const fromNs = at.stage.judgedFromNs ?? at.stage.startNs;
    const metric = metricLabel(spec);
    const { blockNs, breached = false, name: stage } = at.stage;
    const seen = looks.get(JSON.stringify([pair.arm, metric])) ?? [];
    const signed = ({ harm }: Seen): number => (better === "lower" ? harm : -harm);
    const points = steps(control.length).flatMap((blocks) => {
      const arms = { control: control.slice(0, blocks), variant: variant.slice(0, blocks) };
      const cut = { ...arms, confidence: 1 - alpha, betweenRunSd: null };
      const { estimate, theta } = metricEffect(spec, cut, lists);
      const band = bandOf(theta, kind, { n: blocks, plannedN: control.length, alpha });
      const atS = (fromNs + blocks * blockNs) / NS_PER_S;
      const sinceS = atS - blockNs / NS_PER_S + NEAR_S;
      const near = seen.findLast((look) => look.atS > sinceS && look.atS < atS + NEAR_S);
      const looked = near === undefined ? null : signed(near);
      const told = [estimate, band.low, band.high].every(Number.isFinite);
      if (!told && looked === null) return [];
      const effect = told ? { estimate, ...band } : { estimate: null, low: null, high: null };
      return [{ atS, blocks, ...effect, looked }];
    });
    // Between a breach and the smaller load looks went on, and no block is judged.
    const lastS = points.at(-1)?.atS ?? fromNs / NS_PER_S;
    const between = seen.filter(({ atS }) => breached && atS > lastS + NEAR_S && atS < untilS);
    const unjudged = between.map((look) => ({
      atS: look.atS,
      blocks: look.blocks,
      estimate: null,
      low: null,
      high: null,
      looked: signed(look),
    }));
    const all = [...points, ...unjudged];
    return [
      { arm: pair.arm, metric, unit, role, stage, better, kind, margin: spec.margin, points: all },
    ];
  };
  return armPairs(plan, ends).flatMap((pair) =>
    until.flatMap((part) => [
      ...curveOf(plan.primary!, "primary", part, pair),
      ...plan.guardrails.flatMap((spec) => curveOf(spec, "guardrail", part, pair)),
    ]),
  );
}
