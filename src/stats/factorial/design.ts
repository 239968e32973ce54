import { ShakedownError } from "../../core/index.ts";
import { definingRelation, parseGenerator } from "./alias.ts";
import { LETTERS, orderOf } from "./word.ts";

export type Level = 1 | -1;
/** Runs in standard order, each with the level of every factor. */
export type Design = readonly (readonly Level[])[];

const FACTORS_MAX = 12;

/**
 * The two-level design of `factors` factors: every combination of levels, or, with a generator such
 * as `D=AB` for each factor that is not varied freely, the fraction in which they hold. In standard
 * order (the first free factor alternates fastest): the order of runs is to be drawn by the caller.
 * @throws SCENARIO_INVALID for 0 factors, more than 12 free ones, or generators that do not fit
 * Source: Box, Hunter & Hunter 2005, §5 and §6.
 */
export function twoLevelDesign(factors: number, generators: readonly string[] = []): Design {
  definingRelation(generators, factors);
  const set = new Map(
    generators.map((text) => [LETTERS.indexOf(text.trim()[0]!), parseGenerator(text, factors)]),
  );
  const free = Array.from({ length: factors }, (_, i) => i).filter((i) => !set.has(i));
  const dependent = [...set].find(([factor, { word }]) =>
    [...set.keys()].some((other) => other !== factor && (word >>> other) % 2 === 1),
  );
  if (factors < 1 || factors > LETTERS.length || free.length < 1 || free.length > FACTORS_MAX) {
    throw new ShakedownError(
      "SCENARIO_INVALID",
      `${factors} factors with ${free.length} varied freely`,
      {
        hint: `vary 1 to ${FACTORS_MAX} freely, and set the others by generators such as D=AB`,
      },
    );
  }
  if (dependent !== undefined || set.size < generators.length) {
    throw new ShakedownError(
      "SCENARIO_INVALID",
      `generators ${generators.join(", ")} lean on each other`,
      {
        hint: "set each factor once, and by factors that are varied freely",
      },
    );
  }
  return Array.from({ length: 2 ** free.length }, (_, run) => {
    const levels = Array.from({ length: factors }, (): Level => 1);
    let low = 0;
    for (const [place, factor] of free.entries()) {
      if ((run >>> place) % 2 === 1) continue;
      levels[factor] = -1;
      low |= 1 << factor;
    }
    for (const [factor, { sign, word }] of set) {
      const odd = orderOf(word & ~(1 << factor) & low) % 2 === 1;
      levels[factor] = odd === (sign === 1) ? -1 : 1;
    }
    return levels;
  });
}

/** First rows, by number of runs. Source: Plackett & Burman 1946. */
const FIRST_ROWS: Readonly<Record<number, string>> = {
  8: "+++-+--",
  12: "++-+++---+-",
  16: "++++-+-++--+---",
  20: "++--++++-+-+----++-",
  24: "+++++-+-++--++--+-+----",
};

/**
 * Plackett and Burman's design for up to runs − 1 factors: the first row shifted round, and a row of
 * low levels. For screening: in 12, 20 and 24 runs each main effect has a part (±1/3 in 12) of every
 * interaction of two others in it.
 * @throws SCENARIO_INVALID for anything but 8, 12, 16, 20 or 24 runs
 * Source: Plackett & Burman 1946.
 */
export function plackettBurman(runs: number): Design {
  const first = FIRST_ROWS[runs];
  if (first === undefined) {
    throw new ShakedownError("SCENARIO_INVALID", `no Plackett–Burman design of ${runs} runs`, {
      hint: `take ${Object.keys(FIRST_ROWS).join(", ")} runs`,
    });
  }
  const factors = first.length;
  const shifted = Array.from({ length: factors }, (_, run) =>
    Array.from({ length: factors }, (__, i): Level =>
      first[(i - run + factors) % factors] === "+" ? 1 : -1,
    ),
  );
  return [...shifted, Array.from({ length: factors }, (): Level => -1)];
}
