import { Distribution, since } from "./buckets.ts";
import type { PointHistogram, PointLine, SeriesLine } from "./telemetry-log.ts";

/** A slice of time, in nanoseconds since the run's start. */
export interface TimeWindow {
  readonly fromNs: number;
  readonly toNs: number;
}

/** What was added between two points: it is spread evenly over the time between them. */
interface Growth {
  readonly fromNs: number;
  readonly toNs: number;
  readonly value: number | PointHistogram;
}

/** How a level stood over some time, as far as its points tell. */
export interface Level {
  readonly points: number;
  readonly mean: number;
  readonly max: number;
}

type Point = Pick<PointLine, "atNs" | "fromNs" | "value">;

function grownSince(before: Point["value"], now: Point["value"]): Point["value"] {
  if (typeof now === "number") {
    const grown = typeof before === "number" ? now - before : now;
    // A counter that fell began anew.
    return grown < 0 ? now : grown;
  }
  return typeof before === "number" ? now : (since(before, now) ?? now);
}

function growthsOf(
  points: readonly Point[],
  delta: boolean,
  firstFromNs: number | null,
): readonly Growth[] {
  const growths: Growth[] = [];
  let before: Point | undefined;
  for (const point of points) {
    const fromNs = before?.atNs ?? firstFromNs ?? point.fromNs;
    if (fromNs !== undefined && point.atNs > fromNs) {
      const whole = delta || before === undefined;
      const value = whole ? point.value : grownSince(before!.value, point.value);
      growths.push({ fromNs, toNs: point.atNs, value });
    }
    before = point;
  }
  return growths;
}

/** One series that an arm told, on the run's clock. */
export class InsideSeries {
  readonly about: SeriesLine;
  readonly #points: readonly Point[];
  readonly #growths: readonly Growth[];

  /** `firstFromNs`: since when the first point counts, if that is known better than the point says. */
  constructor(about: SeriesLine, points: readonly Point[], firstFromNs: number | null) {
    this.about = about;
    this.#points = points.toSorted((a, b) => a.atNs - b.atNs);
    const grows = about.type === "histogram" || (about.type === "sum" && about.monotonic);
    this.#growths = grows ? growthsOf(this.#points, about.delta, firstFromNs) : [];
  }

  /** The values of a gauge, or of a sum that rises and falls; null where no point lies within. */
  level({ fromNs, toNs }: TimeWindow): Level | null {
    const values: number[] = [];
    for (const { atNs, value } of this.#points) {
      if (typeof value === "number" && atNs >= fromNs && atNs < toNs) values.push(value);
    }
    if (values.length === 0) return null;
    const sum = values.reduce((all, each) => all + each, 0);
    // A target may tell more of them than a function takes arguments.
    const max = values.reduce((most, each) => Math.max(most, each), -Infinity);
    return { points: values.length, mean: sum / values.length, max };
  }

  /** By how much a counter grew, or a histogram's count; null where nothing was told of that time. */
  increase(window: TimeWindow): number | null {
    let [grown, told] = [0, false];
    for (const { share, value } of this.#within(window)) {
      told = true;
      grown += (typeof value === "number" ? value : value.count) * share;
    }
    return told ? grown : null;
  }

  /** A histogram's values, added to others; null where nothing was told of that time. */
  distribution(window: TimeWindow, into = new Distribution()): Distribution | null {
    let told = false;
    for (const { share, value } of this.#within(window)) {
      if (typeof value === "number") continue;
      told = true;
      into.add(value, share);
    }
    return told ? into : null;
  }

  *#within({ fromNs, toNs }: TimeWindow): Generator<Growth & { readonly share: number }> {
    for (const growth of this.#growths) {
      const overlapNs = Math.min(growth.toNs, toNs) - Math.max(growth.fromNs, fromNs);
      if (overlapNs > 0) yield { ...growth, share: overlapNs / (growth.toNs - growth.fromNs) };
    }
  }
}
