import { spentAlpha } from "../../stats/index.ts";
import { armPairs } from "../arm-pairs.ts";
import type { Plan } from "../plan.ts";
import { isLive } from "./live-metric.ts";

/** The metrics that harm is looked for in while a run goes on: primary and guardrails. */
export function liveMetrics({ guardrails, primary }: Plan): Plan["guardrails"] {
  return [...(primary === null ? [] : [primary]), ...guardrails].filter(isLive);
}

const judgedStages = ({ stages }: Plan): Plan["stages"] =>
  stages.filter(({ judgedFromNs }) => judgedFromNs !== null);

/*
 * The chance of a false roll-back is at most alpha in all: half of it is the verdict's (see
 * `statusOf`), a quarter the looks', a quarter the gates'. Of several runs each has an equal part
 * of these quarters (Bonferroni): any one of them can end the experiment.
 */
const LOOKS_SHARE = 0.25;
const GATES_SHARE = 0.25;

/** What one run of the plan has of its alpha; the plan of all runs tells the same as each run's own. */
const alphaOfRun = ({ alpha, runs, runsInAll = runs.length }: Plan): number =>
  alpha / Math.max(runsInAll, 1);

/** What one e-process may spend: a run's part of the looks' share, over variants, stages and metrics alike. */
export function lookAlpha(plan: Plan): number {
  const each = judgedStages(plan).length * liveMetrics(plan).length;
  const tests = Math.max(armPairs(plan).length * each, 1);
  return (LOOKS_SHARE * alphaOfRun(plan)) / tests;
}

/** How alpha is split, over all runs; 0 of what the plan has not. What is not spent stays unspent. */
export interface AlphaShares {
  /** One-sided: of the interval that must be within its margin, and of harm shown at the end. */
  readonly verdict: number;
  readonly looks: number;
  readonly gates: number;
}

/** What of its alpha a plan gives to whom. Looks that end nothing (`stop.harm: false`) spend nothing. */
export function alphaShares(plan: Plan): AlphaShares {
  const { alpha, stop } = plan;
  const looks = stop.harm && liveMetrics(plan).length > 0 ? LOOKS_SHARE * alpha : 0;
  const gates = gateAlphas(plan).size > 0 ? GATES_SHARE * alpha : 0;
  return { verdict: alpha / 2, looks, gates };
}

/** What each variant has of it: an equal part, since any of them can be rolled back, or ship, falsely. */
export function variantShares(plan: Plan): AlphaShares {
  const variants = Math.max(armPairs(plan).length, 1);
  const { gates, looks, verdict } = alphaShares(plan);
  return { verdict: verdict / variants, looks: looks / variants, gates: gates / variants };
}

/**
 * What the gate after each judged stage may spend on its harm tests together, by name of stage: a
 * run's part of the gates' share, spent by judged time (Pocock-type). Of several variants each has its
 * own gate, which spends an equal part of it. There is no gate after the last stage: that is the verdict.
 */
export function gateAlphas(plan: Plan): ReadonlyMap<string, number> {
  const gated = judgedStages(plan).filter((stage) => stage !== plan.stages.at(-1));
  const lengths = gated.map(({ endNs, judgedFromNs }) => endNs - judgedFromNs!);
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const alphas = new Map<string, number>();
  const share = (GATES_SHARE * alphaOfRun(plan)) / Math.max(armPairs(plan).length, 1);
  let [doneNs, before] = [0, 0];
  for (const [index, { name }] of gated.entries()) {
    doneNs += lengths[index]!;
    const spent = spentAlpha({ kind: "pocock" }, share, doneNs / total);
    alphas.set(name, spent - before);
    before = spent;
  }
  return alphas;
}
