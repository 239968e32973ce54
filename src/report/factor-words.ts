import type { FactorRow } from "./factor-model.ts";
import type { Result } from "./model.ts";
import {
  confidenceWords,
  formatEffect,
  formatValue,
  intervalWords,
  metricWords,
  NOTHING,
} from "./words.ts";

/** One effect of a factor, or of two together, in words. */
export interface FactorWords {
  /** `variant × slowness`; `slowness (control)`. */
  readonly name: string;
  /** `mean response time, everybody`. */
  readonly metric: string;
  /** `+3 % at 1, +180 % at 4`: of the variant against control, or control's own value; or a dash. */
  readonly levels: string;
  /** `+172 %`, from the factor's low level to its high one. */
  readonly change: string;
  readonly interval: string;
  /** `0.003`, `< 0.001`. */
  readonly adjustedP: string;
  readonly shown: boolean;
  /** What cannot be told from it; a dash where nothing is. */
  readonly aliases: string;
}

const asEffect = (row: FactorRow, ends: { readonly low: number; readonly high: number }) => ({
  unit: row.unit,
  effect: { kind: row.kind, estimate: 0, confidence: row.confidence, ...ends },
});

function valueWords(row: FactorRow, value: number): string {
  if (row.of === "control") return formatValue(row.unit, value);
  return formatEffect(asEffect(row, row), value);
}

const pWords = (p: number): string =>
  p < 0.001 ? "< 0.001" : String(Number(p.toPrecision(p < 0.1 ? 1 : 2)));

const nameOf = ({ arm, factors, of }: FactorRow): string =>
  of === "variant" ? [arm, ...factors].join(" × ") : `${factors.join(" × ")} (control)`;

/** A metric's name within a sentence: `mean response time`; `CPU seconds` stay. */
const inSentence = (label: string): string =>
  metricWords(label).replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase());

/** Those of the variant first, then of control; within each the surest first. */
export function factorWords({ factors = [] }: Pick<Result, "factors">): FactorWords[] {
  const ranked = factors.toSorted(
    (a, b) => Number(a.of === "control") - Number(b.of === "control") || a.adjustedP - b.adjustedP,
  );
  return ranked.map((row) => ({
    name: nameOf(row),
    metric: `${inSentence(row.metric)}, ${row.stage}`,
    levels:
      row.levels.length === 0
        ? NOTHING
        : row.levels.map(({ level, value }) => `${valueWords(row, value)} at ${level}`).join(", "),
    change: formatEffect(asEffect(row, row), row.estimate),
    interval: intervalWords(asEffect(row, row)),
    adjustedP: pWords(row.adjustedP),
    shown: row.shown,
    aliases: row.aliases.length === 0 ? NOTHING : row.aliases.join(", "),
  }));
}

/**
 * What the variant's effect is shown to depend on, a sentence each, the surest first:
 * `slowness decides what variant does to p95 response time in stage everybody: +3 % (+1 … +5 %) at
 * 1, +180 % (+160 … +202 %) at 4`; or one that says that nothing is.
 */
export function factorSentences({ factors = [] }: Pick<Result, "factors">): string[] {
  if (factors.length === 0) return [];
  const shown = factors
    .filter(({ levels, of, shown: is }) => is && of === "variant" && levels.length > 0)
    .toSorted((a, b) => a.adjustedP - b.adjustedP);
  if (shown.length === 0) {
    return [
      "No factor is shown to change what the variant does; the intervals say how much it could.",
    ];
  }
  return shown.map((row) => {
    const levels = row.levels.map(
      ({ high, level, low, value }) =>
        `${valueWords(row, value)} (${intervalWords(asEffect(row, { low, high }))}) at ${level}`,
    );
    const [factor] = row.factors;
    const aliased = row.aliases.length === 0 ? "" : `; or it is ${row.aliases.join(", ")}`;
    return (
      `${factor} decides what ${row.arm} does to ${inSentence(row.metric)} in stage ${row.stage}: ` +
      `${levels.join(", ")}${aliased}`
    );
  });
}

const ERROR_WORDS = {
  replicates: "error from repeated runs",
  variances: "error from the runs' own blocks",
  lenth:
    "no run is repeated: error from the effects themselves, most of which are taken to be nothing",
} as const;

/** What the table is of: `Effects of factors, low to high (95 % intervals; error from …)`. */
export function factorsTitle({ factors = [] }: Pick<Result, "factors">): string {
  const [first] = factors;
  if (first === undefined) return "Effects of factors";
  const confidence = confidenceWords(first.confidence);
  return `Effects of factors, low to high (${confidence} intervals; ${ERROR_WORDS[first.errorFrom]})`;
}

/** `slowness 4, pool 16`: a run's levels; empty without factors. */
export const levelsWords = (levels: Readonly<Record<string, string>> = {}): string =>
  Object.entries(levels)
    .map(([factor, level]) => `${factor} ${level}`)
    .join(", ");
