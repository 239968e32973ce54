import { ShakedownError } from "../../core/index.ts";
import { tCdf, tQuantile } from "../distributions.ts";
import type { Interval } from "../effect.ts";
import { type Spread, withinGroups } from "../run-level.ts";
import { interpolatedQuantile } from "../sample/index.ts";
import type { Level } from "./design.ts";
import { LETTERS, type Word, nameOf, orderOf } from "./word.ts";

/** One run of a design: where its factors were, and what came out. */
export interface FactorialRun {
  readonly levels: readonly Level[];
  readonly response: number;
  /** Of the response, from within the run; all runs have one, or none. */
  readonly variance?: number;
}

export interface FactorialEffect extends Interval {
  /** `A` of the first factor, `AB` of its interaction with the second. */
  readonly name: string;
  /** Effects that these runs cannot tell from it, `-` where the sign is turned; fewest factors first. */
  readonly aliases: readonly string[];
  /**
   * The mean response at its high level less that at its low level; of an interaction, half the
   * difference that one factor makes to the effect of the other.
   */
  readonly estimate: number;
  readonly se: number;
  readonly df: number;
  /** Two-sided. */
  readonly pValue: number;
}

export interface FactorialEffects {
  /** The mean of all responses. */
  readonly mean: number;
  readonly effects: readonly FactorialEffect[];
  /**
   * Where the standard error is from: runs with the same levels; the runs' own variances; or the
   * effects themselves, most of which are taken to be nothing (Lenth).
   */
  readonly errorFrom: "replicates" | "variances" | "lenth";
}

interface Contrast {
  readonly word: Word;
  readonly column: readonly number[];
  readonly aliases: readonly string[];
  readonly estimate: number;
}

const sum = (values: readonly number[]): number => values.reduce((all, x) => all + x, 0);
const columnOf = (runs: readonly FactorialRun[], word: Word): number[] =>
  runs.map(({ levels }) =>
    levels.reduce<number>((sign, level, i) => ((word >>> i) % 2 === 1 ? sign * level : sign), 1),
  );

/** Every set of 1 to `upTo` factors, fewest first. */
function wordsUpTo(factors: number, upTo: number): Word[] {
  let [words, last]: [Word[], Word[]] = [[], [0]];
  for (let order = 1; order <= upTo; order++) {
    last = last.flatMap((word) => {
      const next = 32 - Math.clz32(word);
      return Array.from({ length: factors - next }, (_, i) => word | (1 << (next + i)));
    });
    words = [...words, ...last];
  }
  return words;
}

/** One contrast for each set of effects that cannot be told apart; each balanced. */
function contrastsOf(runs: readonly FactorialRun[], upTo: number): Contrast[] {
  const factors = runs[0]!.levels.length;
  const distinct = new Map<string, { word: Word; column: readonly number[]; aliases: string[] }>();
  for (const word of wordsUpTo(factors, upTo)) {
    const column = columnOf(runs, word);
    // Turned so that aliases of either sign meet.
    const turned = column[0]!;
    // The same in every run of a fraction: it is the mean.
    if (orderOf(word) > 2 && column.every((level) => level === turned)) continue;
    const key = column.map((level) => (level === turned ? "+" : "-")).join("");
    const first = distinct.get(key);
    if (first === undefined) distinct.set(key, { word, column, aliases: [] });
    else first.aliases.push(`${turned === first.column[0] ? "" : "-"}${nameOf(word)}`);
  }
  return [...distinct.values()].map(({ aliases, column, word }) => {
    if (sum(column) !== 0) throw unbalanced(nameOf(word));
    const total = sum(column.map((level, i) => level * runs[i]!.response));
    return { word, column, aliases, estimate: (2 * total) / runs.length };
  });
}

function unbalanced(name: string): ShakedownError {
  return new ShakedownError("RUN_INVALID", `${name} is not balanced over the runs of the design`, {
    hint: "run every combination of the design equally often; repeat those that failed",
  });
}

/** Pseudo standard error of effects most of which are nothing. Source: Lenth 1989. */
function lenth(estimates: readonly number[]): { se: number; df: number } {
  const sizes = estimates.map(Math.abs);
  const first = 1.5 * interpolatedQuantile(sizes, 0.5);
  const small = sizes.filter((size) => size < 2.5 * first);
  return {
    se: small.length === 0 ? 0 : 1.5 * interpolatedQuantile(small, 0.5),
    df: estimates.length / 3,
  };
}

function errorOf(runs: readonly FactorialRun[], contrasts: readonly Contrast[]) {
  const alike = Map.groupBy(runs, ({ levels }) => levels.join());
  const { df, variance } = withinGroups(
    [...alike.values()].map((group) => group.map(({ response }) => response)),
  );
  const scale = 2 / Math.sqrt(runs.length);
  if (df > 0) return { se: scale * Math.sqrt(variance), df, errorFrom: "replicates" } as const;
  const variances = runs.map((run) => run.variance ?? Number.NaN);
  const mean = sum(variances) / runs.length;
  if (mean >= 0)
    return { se: scale * Math.sqrt(mean), df: Infinity, errorFrom: "variances" } as const;
  const pseudo = lenth(contrasts.map(({ estimate }) => estimate));
  return { ...pseudo, errorFrom: "lenth" } as const;
}

/**
 * Main effects and interactions of up to `upTo` factors (2 unless given) of a two-level design, each
 * with a t interval. Works for full and fractional factorials, replicated or not; effects that the
 * runs cannot tell apart are given once, under the name with the fewest factors. In designs such as
 * Plackett and Burman's, where interactions are partly in every main effect, ask for `upTo: 1`.
 *
 * @throws RUN_INVALID when the runs are not balanced, as when one is missing
 * Source: Box, Hunter & Hunter 2005, §5; Lenth 1989.
 */
export function factorialEffects(
  runs: readonly FactorialRun[],
  { confidence, upTo = 2 }: { readonly confidence: number; readonly upTo?: number },
): FactorialEffects {
  const factors = runs[0]?.levels.length ?? 0;
  if (factors === 0 || factors > LETTERS.length) throw unbalanced("a design without factors");
  const contrasts = contrastsOf(runs, Math.min(upTo, factors));
  for (const [i, one] of contrasts.entries()) {
    for (const other of contrasts.slice(0, i)) {
      if (sum(one.column.map((level, run) => level * other.column[run]!)) !== 0) {
        throw unbalanced(`${nameOf(one.word)} beside ${nameOf(other.word)}`);
      }
    }
  }
  const { df, errorFrom, se } = errorOf(runs, contrasts);
  const half = tQuantile((1 + confidence) / 2, Math.min(df, 1e9)) * se;
  const effects = contrasts
    .toSorted((a, b) => orderOf(a.word) - orderOf(b.word))
    .map(({ aliases, estimate, word }) => ({
      name: nameOf(word),
      aliases,
      estimate,
      low: estimate - half,
      high: estimate + half,
      se,
      df,
      pValue: pOf(estimate, se, df),
    }));
  return { mean: sum(runs.map(({ response }) => response)) / runs.length, effects, errorFrom };
}

/** With fewer runs there are too few effects to tell what they are when they are nothing. */
const UNREPEATED_MIN = 8;

/**
 * How much runs differ in a design in which none is repeated, from the effects of all orders, most of
 * which are taken to be nothing: Lenth's pseudo standard error as a variance of one run, on a third as
 * many degrees of freedom as there are effects. 0 on 0 for fewer than 8 runs.
 * @throws RUN_INVALID when the runs are not balanced
 * Source: Lenth 1989.
 */
export function unrepeatedSpread(runs: readonly FactorialRun[]): Spread {
  if (runs.length < UNREPEATED_MIN) return { variance: 0, df: 0 };
  const { df, se } = lenth(contrastsOf(runs, runs[0]!.levels.length).map((each) => each.estimate));
  return { variance: (se ** 2 * runs.length) / 4, df };
}

function pOf(estimate: number, se: number, df: number): number {
  if (se === 0) return estimate === 0 ? 1 : 0;
  return Math.min(1, 2 * tCdf(-Math.abs(estimate) / se, Math.min(df, 1e9)));
}
