/** Counts of values by size: `counts[i]` lie in (bounds[i − 1], bounds[i]], the last above them all. */
export interface OtlpHistogram {
  readonly count: number;
  /** Null where the sender does not tell it. */
  readonly sum: number | null;
  readonly max: number | null;
  readonly bounds: readonly number[];
  /** One more than `bounds`; both empty where the sender counts all values together. */
  readonly counts: readonly number[];
}

/** One data point of a metric, with all that makes it one of a series. */
export interface OtlpPoint {
  readonly name: string;
  readonly unit: string;
  readonly kind: "gauge" | "sum" | "histogram";
  /** Of a sum: it never falls. */
  readonly monotonic: boolean;
  /** Of a sum or histogram: since the point before, and not since the beginning. */
  readonly delta: boolean;
  readonly attributes: ReadonlyMap<string, string>;
  /** Since 1970; undefined where the sender does not say. */
  readonly timeNs: bigint | undefined;
  readonly startNs: bigint | undefined;
  /** A number, of a gauge or a sum. */
  readonly value: number | OtlpHistogram;
}

/** What the points of one metric have in common. */
export type OtlpMetric = Pick<OtlpPoint, "name" | "unit" | "kind" | "monotonic" | "delta">;

/** Whether there is a value to work with: finite numbers, counts that are none below 0. */
export function isSound({ value }: OtlpPoint): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  const { bounds, count, counts, max, sum } = value;
  const ascending = bounds.every((bound, index) => index === 0 || bound > bounds[index - 1]!);
  return (
    [count, ...counts].every((each) => Number.isFinite(each) && each >= 0) &&
    [sum, max].every((each) => each === null || Number.isFinite(each)) &&
    (counts.length === 0 ? bounds.length === 0 : counts.length === bounds.length + 1) &&
    ascending
  );
}
