import { ShakedownError } from "../../core/index.ts";
import { LETTERS, type Word, nameOf, orderOf, wordOf } from "./word.ts";

/** A product of factors that is the same in every run: +1, or −1 with a negative sign. */
export interface SignedWord {
  readonly word: Word;
  readonly sign: 1 | -1;
}

/** `D=AB`, or `D=-AB`: the factor D is set to the product of A and B. */
export function parseGenerator(generator: string, factors: number): SignedWord {
  const match = /^\s*([A-Z])\s*=\s*([+-]?)([A-Z]+)\s*$/.exec(generator);
  const hint = "write the factor, =, and the product that sets it, such as D=AB or D=-AB";
  if (match === null) {
    throw new ShakedownError("SCENARIO_INVALID", `${generator} is not a generator`, { hint });
  }
  const [, factor, sign, product] = match as unknown as [string, string, string, string];
  const [own, set] = [wordOf(factor, factors), wordOf(product, factors)];
  if (set === 0 || (own & set) !== 0) {
    throw new ShakedownError("SCENARIO_INVALID", `${generator} sets ${factor} by itself`, { hint });
  }
  return { word: own ^ set, sign: sign === "-" ? -1 : 1 };
}

/**
 * All words that are constant in the fraction, the mean left out: every product of generator words.
 * Empty for a full factorial.
 * @throws SCENARIO_INVALID for generators that make two factors, or a factor and the mean, the same
 * Source: Box, Hunter & Hunter 2005, §6.
 */
export function definingRelation(generators: readonly string[], factors: number): SignedWord[] {
  let words: SignedWord[] = [{ word: 0, sign: 1 }];
  for (const generator of generators) {
    const { sign, word } = parseGenerator(generator, factors);
    words = [
      ...words,
      ...words.map((each): SignedWord => ({
        word: each.word ^ word,
        sign: each.sign === sign ? 1 : -1,
      })),
    ];
  }
  const relation = words.slice(1);
  const short = relation.find(({ word }) => orderOf(word) < 3);
  if (short !== undefined) {
    throw new ShakedownError(
      "SCENARIO_INVALID",
      `generators ${generators.join(", ")} make ${nameOf(short.word)} constant: factors cannot be told apart`,
      { hint: "set each added factor by a product of two or more others, each by another one" },
    );
  }
  return relation.toSorted((a, b) => orderOf(a.word) - orderOf(b.word) || a.word - b.word);
}

/** The length of the shortest word; ∞ for a full factorial, in which nothing is aliased. */
export function resolution(relation: readonly SignedWord[]): number {
  return Math.min(...relation.map(({ word }) => orderOf(word)));
}

/**
 * What cannot be told from an effect such as `A` or `AB`: its product with every word, of at most
 * `upTo` factors (all, unless given). With a leading `-` where the sign is turned. `I` is the mean.
 */
export function aliasesOf(
  effect: string,
  relation: readonly SignedWord[],
  upTo: number = LETTERS.length,
): string[] {
  const own = wordOf(effect, LETTERS.length);
  return relation
    .map(({ sign, word }) => ({ sign, word: own ^ word }))
    .filter(({ word }) => orderOf(word) <= upTo)
    .toSorted(
      (a, b) => orderOf(a.word) - orderOf(b.word) || (nameOf(a.word) < nameOf(b.word) ? -1 : 1),
    )
    .map(({ sign, word }) => `${sign < 0 ? "-" : ""}${nameOf(word)}`);
}
