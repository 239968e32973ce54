/** Substitution: what the target issues during the replay, in the place of what was captured. */
export {
  parseSubstitution,
  substitutionSchema,
  type SubstitutionTexts,
  substitutionTexts,
} from "./parse.ts";
export {
  type JsonPath,
  type RequestPlace,
  type ResponsePlace,
  type SubstitutionRule,
  substitutionText,
} from "./rule.ts";
export { type SubstitutionCounts, Substitutions, unknownRoutes } from "./substitutions.ts";
