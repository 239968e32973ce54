import type { ComparisonRow, LiftCurve, Series } from "../model.ts";

/** How one metric's effect grew, all stages one after the other, a line for each variant. */
export interface LiftData {
  readonly metric: string;
  readonly unit: ComparisonRow["unit"];
  readonly kind: LiftCurve["kind"];
  readonly margin: number;
  /** −1 where higher is better: harm lies below zero, and so does the margin. */
  readonly harmSign: 1 | -1;
  readonly x: readonly number[];
  readonly lines: readonly {
    readonly arm: number;
    readonly estimate: Series;
    readonly low: Series;
    readonly high: Series;
    readonly looked: Series;
  }[];
  /** What is drawn of the scale: early bands reach far beyond it. */
  readonly range: readonly [least: number, most: number];
}

const short = (value: number): number => Number(value.toPrecision(4));

/** Between the last of one stage and the first of the next, so that no line joins them. */
const GAP_S = 0.001;

type Points = LiftCurve["points"];

function rangeOf(curves: readonly LiftCurve[], margin: number): LiftData["range"] {
  const ends = curves.flatMap(({ points }) => {
    const last = points.at(-1);
    const later = points.slice(Math.floor(points.length / 3));
    const values = [last?.low, last?.high, ...later.flatMap((one) => [one.estimate, one.looked])];
    return values.filter((value) => value !== null && value !== undefined);
  });
  const [least, most] = [Math.min(0, margin, ...ends), Math.max(0, margin, ...ends)];
  const pad = (most - least) * 0.2 || 1;
  return [short(least - pad), short(most + pad)];
}

/** Metrics in the order in which they come, the primary first; a metric without points is left out. */
export function liftData(lifts: readonly LiftCurve[], arms: readonly string[]): LiftData[] {
  const drawn = lifts.filter(({ points }) => points.length > 0);
  const byMetric = [...Map.groupBy(drawn, ({ metric }) => metric).values()];
  return byMetric.map((curves) => {
    const { better, kind, metric, unit } = curves[0]!;
    const harmSign = better === "higher" ? -1 : 1;
    const margin = harmSign * curves[0]!.margin;
    const ends = curves.map(({ points }) => (points.at(-1)?.atS ?? 0) + GAP_S);
    const times = curves.flatMap(({ points }) => points.map(({ atS }) => atS));
    const x = [...new Set([...times, ...ends])].toSorted((a, b) => a - b);
    const ofArms = [...Map.groupBy(curves, ({ arm }) => arm)];
    const lines = ofArms.map(([arm, own]) => {
      const at = new Map(own.flatMap(({ points }) => points.map((point) => [point.atS, point])));
      const column = (key: Exclude<keyof Points[number], "atS" | "blocks">): Series =>
        x.map((when) => {
          const value = at.get(when)?.[key] ?? null;
          return value === null ? null : short(value);
        });
      return {
        arm: arms.indexOf(arm),
        estimate: column("estimate"),
        low: column("low"),
        high: column("high"),
        looked: column("looked"),
      };
    });
    return { metric, unit, kind, margin, harmSign, x, lines, range: rangeOf(curves, margin) };
  });
}
