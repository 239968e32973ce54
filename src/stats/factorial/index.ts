/** Designs in which several two-level factors vary at once, and what they say. */
export { aliasesOf, definingRelation, resolution, type SignedWord } from "./alias.ts";
export { type Design, type Level, plackettBurman, twoLevelDesign } from "./design.ts";
export {
  type FactorialEffect,
  type FactorialEffects,
  factorialEffects,
  type FactorialRun,
  unrepeatedSpread,
} from "./effects.ts";
export { fractionOf } from "./fraction.ts";
export { LETTERS, nameOf } from "./word.ts";
