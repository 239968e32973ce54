import type { Series } from "../model.ts";
import { figure } from "../page/figure.ts";
import type { Markup } from "../page/markup.ts";

/**
 * How an axis writes its numbers: `time` in ms, `share` in percent; `change` in percent and `points` in
 * percentage points and `difference` as it is, with their sign, on an axis that need not begin at 0.
 */
type PlotUnit = "time" | "bytes" | "count" | "rate" | "share" | "change" | "points" | "difference";

interface LineStyle {
  readonly label: string;
  /** Of the profiles in their order; null: what they are held against. */
  readonly color: number | null;
  readonly dash?: readonly number[];
  /** Each point is a dot as well. */
  readonly marked?: boolean;
  /** A value holds until the next. */
  readonly stepped?: boolean;
}

/** A curve on its way into a plot: points of [x, y], x ascending. */
export interface PlotCurve extends LineStyle {
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Of an interval about it: [x, low, high]. */
  readonly interval?: readonly (readonly [x: number, low: number, high: number])[];
}

interface PlotLine extends LineStyle {
  /** A value for each place, or, where few places have one, these as [index of the place, value]. */
  readonly values: Series | { readonly few: readonly (readonly [at: number, value: number])[] };
  readonly joined?: true;
  readonly hidden?: true;
  /** The two lines after this one, which are hidden, are its interval. */
  readonly band?: true;
}

type AxisX =
  | { readonly kind: "moments"; readonly pointS: number }
  | { readonly kind: "nines" }
  | { readonly kind: "log"; readonly unit: PlotUnit }
  /** Whole numbers that stand for runs: `labels` has their words, a date first. */
  | { readonly kind: "places"; readonly labels: readonly string[] };

interface AxisY {
  readonly unit: PlotUnit;
  /** `auto`: logarithmic where values differ by much. */
  readonly scale: "linear" | "auto" | "log";
}

/** One picture's data, as the page's script reads it. */
interface Plot {
  readonly x: (
    | Exclude<AxisX, { readonly kind: "places" }>
    | { readonly kind: "places"; readonly labels: number }
  ) &
    /** The places, ascending; a number: whole ones from 0 on, so many. */
    { readonly at: readonly number[] | number };
  readonly y: AxisY;
  readonly lines: readonly PlotLine[];
}

/** Five significant digits, which is more than a pixel. */
const short = (value: number): number => Number(value.toPrecision(5));

/** All places at which a curve has a point, ascending. */
const placesOf = (curves: readonly PlotCurve[]): number[] =>
  [
    ...new Set(
      curves.flatMap(({ interval = [], points }) =>
        [...points, ...interval].map(([place]) => short(place)),
      ),
    ),
  ].toSorted((a, b) => a - b);

/** Of so many places, at most one has a value, for a line to be told by these alone. */
const FEW = 4;

function valuesOf(all: Series): PlotLine["values"] {
  const few = all.flatMap((value, at) => (value === null ? [] : [[at, value] as const]));
  return few.length * FEW > all.length ? all : { few };
}

function linesOf(curve: PlotCurve, at: readonly number[]): PlotLine[] {
  const { interval, points, ...style } = curve;
  const values = (pairs: readonly (readonly [number, number])[]): PlotLine["values"] => {
    const known = new Map(pairs.map(([x, y]) => [short(x), short(y)]));
    return valuesOf(at.map((x) => known.get(x) ?? null));
  };
  const line = { ...style, values: values(points), joined: true } as const;
  if (interval === undefined || interval.length === 0) return [line];
  const end = (
    label: string,
    of: (one: readonly [number, number, number]) => number,
  ): PlotLine => ({
    label: `${style.label} ${label}`,
    color: style.color,
    values: values(interval.map((one) => [one[0], of(one)] as const)),
    hidden: true,
  });
  return [{ ...line, band: true }, end("low", ([, low]) => low), end("high", ([, , high]) => high)];
}

/** The pictures of a page, in its order: their data goes into the page once, at its end. */
export class Plots {
  readonly #plots: Plot[] = [];
  readonly #labels: (readonly string[])[] = [];

  get data(): { readonly plots: readonly Plot[]; readonly labels: readonly (readonly string[])[] } {
    return { plots: this.#plots, labels: this.#labels };
  }

  /** Labels that pictures share go into the page once. */
  #placesOf(labels: readonly string[]): number {
    if (!this.#labels.includes(labels)) this.#labels.push(labels);
    return this.#labels.indexOf(labels);
  }

  /**
   * A picture of curves that are not all empty, with the words that say what is in it; `more` stands
   * below it.
   */
  figure(options: {
    readonly title: string;
    readonly says: string;
    readonly x: AxisX;
    readonly y: AxisY;
    readonly curves: readonly PlotCurve[];
    readonly more?: Markup | false;
  }): Markup {
    const { curves, title, says, x, y, more = false } = options;
    const drawn = curves.filter(({ points }) => points.length > 0);
    const at = placesOf(drawn);
    const axis = x.kind === "places" ? { ...x, labels: this.#placesOf(x.labels) } : x;
    this.#plots.push({
      x: { ...axis, at: at.every((place, index) => place === index) ? at.length : at },
      y,
      lines: drawn.flatMap((curve) => linesOf(curve, at)),
    });
    return figure({ chart: `plot:${this.#plots.length - 1}`, title, says, more });
  }
}
