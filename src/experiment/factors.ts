import { LETTERS, type Level } from "../stats/index.ts";
import type { Plan } from "./plan.ts";
import type { PlannedRun } from "./runs.ts";

/** What differs between runs, at two levels. */
export interface PlannedFactor {
  readonly name: string;
  /** `latency of payments, times`; `env PAYMENT_POOL of variant`. */
  readonly sets: string;
  /** The two levels in words, the low one first. */
  readonly levels: readonly [string, string];
}

/** The level of a factor in words. */
export const levelWord = ({ levels }: PlannedFactor, level: Level): string =>
  levels[level === 1 ? 1 : 0];

/** `slowness=4,pool=16`: the levels of a run; empty without factors. */
export function combinationOf(
  { factors = [] }: Pick<Plan, "factors">,
  { levels = [] }: Pick<PlannedRun, "levels">,
): string {
  return factors
    .map((factor, index) => `${factor.name}=${levelWord(factor, levels[index]!)}`)
    .join(",");
}

/** `AB` → `slowness × pool`, with its sign: an effect or an alias, by the factors' names. */
export function effectWords(effect: string, factors: readonly PlannedFactor[]): string {
  const sign = effect.startsWith("-") ? "−" : "";
  const letters = effect.replace("-", "").split("");
  return sign + letters.map((letter) => factors[LETTERS.indexOf(letter)]?.name).join(" × ");
}

/** How often the combination is run that is run least; 0 where nothing is. */
export function replicatesOf(plan: Pick<Plan, "factors">, runs: readonly PlannedRun[]): number {
  const groups = Map.groupBy(runs, (run) => combinationOf(plan, run));
  return Math.min(...[...groups.values()].map((group) => group.length), runs.length);
}
