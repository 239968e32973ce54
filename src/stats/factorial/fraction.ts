import { ShakedownError } from "../../core/index.ts";
import { definingRelation, resolution } from "./alias.ts";
import { LETTERS, nameOf, orderOf, type Word } from "./word.ts";

/** Beyond it the fractions to look through are too many. */
const FACTORS_MAX = 8;

/** Every choice of one word for each of `left` factors, no word twice, in the order of `words`. */
function* choices(words: readonly Word[], left: number): Generator<readonly Word[]> {
  if (left === 0) return yield [];
  for (const [index, word] of words.entries()) {
    for (const rest of choices(words.slice(index + 1), left - 1)) yield [word, ...rest];
  }
}

/**
 * Generators of the smallest fraction of a full design of `factors` factors whose resolution is at
 * least `wanted` (3: main effects can be told from each other; 4: and from interactions of two; 5:
 * and those from each other). None where only the full design will do. Of fractions of one size, one
 * with the highest resolution, its generators the longest first.
 * @throws SCENARIO_INVALID for more than 8 factors
 * Source: Box, Hunter & Hunter 2005, §6 and table 6.22 (by search).
 */
export function fractionOf(factors: number, wanted: number): string[] {
  if (factors > FACTORS_MAX) {
    throw new ShakedownError("SCENARIO_INVALID", `no fraction is known of ${factors} factors`, {
      hint: `give its generators, or take ${FACTORS_MAX} factors at most`,
    });
  }
  for (let set = factors - 2; set > 0; set--) {
    const free = factors - set;
    // A word that is longer makes the shortest of them longer more often.
    const words = Array.from({ length: 2 ** free }, (_, word) => word)
      .filter((word) => orderOf(word) >= 2)
      .toSorted((a, b) => orderOf(b) - orderOf(a) || a - b);
    let best: { readonly length: number; readonly generators: string[] } | null = null;
    for (const chosen of choices(words, set)) {
      const generators = chosen.map((word, i) => `${LETTERS[free + i]}=${nameOf(word)}`);
      // Words apart from each other make no two factors the same.
      const length = resolution(definingRelation(generators, factors));
      if (length > (best?.length ?? 0)) best = { length, generators };
    }
    if (best !== null && best.length >= wanted) return best.generators;
  }
  return [];
}
