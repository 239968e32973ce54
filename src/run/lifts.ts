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

/** More points than this a picture of one stage does not show. */
const POINTS_MAX = 30;

/** Whole numbers from 2 to `count`, at most `POINTS_MAX` of them, the last one always. */
function steps(count: number): number[] {
  const every = Math.max(1, Math.ceil((count - 1) / POINTS_MAX));
  const all = Array.from({ length: Math.max(count - 1, 0) }, (_, index) => index + 2);
  return all.filter((blocks) => (count - blocks) % every === 0);
}

/** By variant, metric and stage, what looks saw at the end of each block, above 0 for worse. */
function looksBy(entries: readonly AuditEntry[]): Map<string, Map<number, number | null>> {
  const found = new Map<string, Map<number, number | null>>();
  for (const { detail, event } of entries) {
    if (event !== "look") continue;
    const { atS, metrics, stage } = detail as unknown as Look;
    for (const { arm = "variant", harm, metric } of metrics) {
      const key = JSON.stringify([arm, metric, stage]);
      const ofKey = found.get(key) ?? new Map<number, number | null>();
      found.set(key, ofKey.set(atS, harm));
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
  const curveOf = (
    spec: MetricSpec,
    role: LiftCurve["role"],
    at: StageBlocks,
    pair: ReturnType<typeof armPairs>[number],
  ): LiftCurve[] => {
    const { better, effect: kind, onePerRun = false, unit } = familyOf(spec);
    if (onePerRun) return [];
    const { control, variant } = pairedBlocks(at, pair);
    const fromNs = at.stage.judgedFromNs ?? at.stage.startNs;
    const metric = metricLabel(spec);
    const seen = looks.get(JSON.stringify([pair.arm, metric, at.stage.name]));
    const points = steps(control.length).flatMap((blocks) => {
      const arms = { control: control.slice(0, blocks), variant: variant.slice(0, blocks) };
      const cut = { ...arms, confidence: 1 - alpha, betweenRunSd: null };
      const { estimate, theta } = metricEffect(spec, cut, lists);
      const band = bandOf(theta, kind, { n: blocks, plannedN: control.length, alpha });
      const atS = (fromNs + blocks * at.stage.blockNs) / NS_PER_S;
      const near = [...(seen ?? [])].find(([when]) => Math.abs(when - atS) < 0.001)?.[1] ?? null;
      const looked = near === null || better === "lower" ? near : -near;
      const told = [estimate, band.low, band.high].every(Number.isFinite);
      if (!told && looked === null) return [];
      const effect = told ? { estimate, ...band } : { estimate: null, low: null, high: null };
      return [{ atS, blocks, ...effect, looked }];
    });
    const { margin } = spec;
    const { name: stage } = at.stage;
    return [{ arm: pair.arm, metric, unit, role, stage, better, kind, margin, points }];
  };
  return armPairs(plan, ends).flatMap((pair) =>
    stages.flatMap((at) => [
      ...curveOf(plan.primary!, "primary", at, pair),
      ...plan.guardrails.flatMap((spec) => curveOf(spec, "guardrail", at, pair)),
    ]),
  );
}
