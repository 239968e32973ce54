import type { Matcher, PartMatcherInput } from "../stub/index.ts";
import { asText, type Fields, fieldsOf, type Notes } from "./model.ts";
import { NotTold } from "./not-told.ts";
import { wiremockMatcher, wiremockMatchers } from "./wiremock-matcher.ts";

/** A `name` is there for people: WireMock does not look at it. */
const PATTERN = new Set(["name", "matchingType", "headers", "bodyPatterns"]);
const TYPES: Readonly<Record<string, "any" | "all">> = { ANY: "any", ALL: "all" };

function patternOf(pattern: Fields, where: string, notes: Notes): PartMatcherInput {
  const other = Object.keys(pattern).filter((name) => !PATTERN.has(name));
  if (other.length > 0) throw new NotTold(`${where}: ${other.join(", ")} is not supported`);
  const { bodyPatterns, headers, matchingType } = pattern;
  const parts = TYPES[asText(matchingType ?? "ANY")];
  if (parts === undefined) throw new NotTold(`${where}.matchingType: is ANY or ALL`);
  return {
    parts,
    headers: wiremockMatchers(headers, `${where}.headers`, notes),
    body: (Array.isArray(bodyPatterns) ? bodyPatterns : []).map((each: unknown, index): Matcher =>
      wiremockMatcher(each, `${where}.bodyPatterns[${index}]`, notes),
    ),
  };
}

/**
 * What a mapping asks of the parts of a call's body.
 * @throws NotTold for a matcher, or an option, that there is not
 */
export function multipartOf(patterns: unknown, where: string, notes: Notes): PartMatcherInput[] {
  return (Array.isArray(patterns) ? patterns : []).map((each: unknown, index) =>
    patternOf(fieldsOf(each), `${where}[${index}]`, notes),
  );
}
