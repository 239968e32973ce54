import {
  type ApartComparison,
  type ApartNoise,
  compareApart,
  metricLabel,
  type Plan,
  type RunFigures,
} from "../../experiment/index.ts";
import type { ApartRow } from "../../report/index.ts";
import { type Measured, planOf } from "./measured.ts";

/** Which arm of the run stands beside which arm of those before. */
export interface ArmsApart {
  readonly before: string;
  readonly after: string;
}

type Figure = RunFigures["levels"][number] | RunFigures["effects"][number];

/** A figure with how it came out. */
export interface ComparedFigure {
  readonly figure: Figure;
  readonly arms: ArmsApart;
  readonly compared: ApartComparison;
}

interface Sides {
  readonly before: readonly Measured[];
  readonly after: Measured;
}

const EMPTY = "one side has no such metric, or no such stage";

function compareAll(
  sides: Sides,
  of: (measured: Measured) => readonly Figure[],
  arms: ArmsApart,
  given: { readonly noise: ApartNoise; readonly confidence: number },
): ComparedFigure[] {
  const own = of(sides.after).filter(({ arm }) => arm === arms.after);
  return own.map((figure) => {
    const same = sides.before.map((measured) =>
      of(measured).find(
        ({ arm, metric, stage }) =>
          arm === arms.before && metric === figure.metric && stage === figure.stage,
      ),
    );
    const missing: Figure = { ...figure, arm: arms.before, runs: [], warnings: [EMPTY] };
    const before = same.map((each) => each ?? missing);
    const compared = compareApart(before, [figure], given.noise, given.confidence);
    return { figure, arms, compared };
  });
}

/** Each metric of an arm by itself. */
export const levelsApart = (
  sides: Sides,
  arms: ArmsApart,
  given: { readonly noise: ApartNoise; readonly confidence: number },
): ComparedFigure[] => compareAll(sides, ({ figures }) => figures.levels, arms, given);

/**
 * What both say of a variant beside its control. `betweenRunSd`: SD of such an effect from run to run,
 * as plans register it.
 */
export function effectsApart(
  sides: Sides,
  arm: string,
  given: { readonly betweenRunSd: number | null; readonly confidence: number },
): ComparedFigure[] {
  const noise: ApartNoise = { runSd: given.betweenRunSd, floorSd: 0, hostSd: null };
  const arms = { before: arm, after: arm };
  return compareAll(sides, ({ figures }) => figures.effects, arms, { ...given, noise });
}

/** The registered SD of an effect from run to run: the larger of both plans'; null where one has none. */
export function effectSd(before: readonly Measured[], after: Measured): number | null {
  const each = [...before, after].map((measured) => planOf(measured).betweenRunSd);
  return each.includes(null) ? null : Math.max(...each.map((sd) => sd ?? 0));
}

/** What a metric is in a plan; null where the plan does not name it. */
export function roleIn(plan: Plan, metric: string): ApartRow["role"] {
  const { guardrails, primary, secondary } = plan;
  if (primary !== null && metricLabel(primary) === metric) return "primary";
  if (guardrails.some((spec) => metricLabel(spec) === metric)) return "guardrail";
  return secondary.some((spec) => metricLabel(spec) === metric) ? "secondary" : null;
}

/** A row of the report, not judged. */
export function rowOf(
  { arms, compared, figure }: ComparedFigure,
  plan: Plan,
  confidence: number,
): ApartRow {
  const { better, metric, stage, unit } = figure;
  const { after, before, effect, mde, spread, warnings } = compared;
  return {
    arms: { ...arms },
    metric,
    role: roleIn(plan, metric),
    stage,
    unit,
    better,
    before,
    after,
    effect: effect === null ? null : { ...effect, confidence },
    mde: mde !== null && Number.isFinite(mde) ? mde : null,
    spread,
    margin: null,
    status: null,
    warnings: [...warnings],
  };
}
