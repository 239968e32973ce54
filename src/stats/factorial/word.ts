import { ShakedownError } from "../../core/index.ts";

/** A set of factors as bits: factor i is bit i. 0 is the mean, one bit a main effect. */
export type Word = number;

/** Factors are named by letters, as in the literature, which leaves out I. */
export const LETTERS = "ABCDEFGHJKLMNOPQRSTUVWXYZ";

/** `ABD` for the factors 0, 1 and 3; `I` for none. */
export function nameOf(word: Word): string {
  const letters = LETTERS.split("")
    .filter((_, factor) => (word >>> factor) % 2 === 1)
    .join("");
  return letters === "" ? "I" : letters;
}

/**
 * The factors of `ABD`; a letter twice cancels.
 * @throws SCENARIO_INVALID for a letter that names none of the first `factors` factors
 */
export function wordOf(name: string, factors: number): Word {
  let word = 0;
  for (const letter of name) {
    const factor = LETTERS.indexOf(letter);
    if (factor < 0 || factor >= factors) {
      throw new ShakedownError(
        "SCENARIO_INVALID",
        `${name}: ${letter} is not a factor of the design`,
        {
          hint: `factors are ${LETTERS.slice(0, factors).split("").join(", ")}`,
        },
      );
    }
    word ^= 1 << factor;
  }
  return word;
}

/** How many factors it holds. */
export function orderOf(word: Word): number {
  let order = 0;
  for (let rest = word; rest !== 0; rest &= rest - 1) order++;
  return order;
}
