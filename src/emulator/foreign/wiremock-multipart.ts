import type { Matcher, PartMatcherInput } from "../stub/index.ts";
import { asText, isFields, type Notes } from "./model.ts";
import { NotTold } from "./not-told.ts";
import { listIn } from "./typed.ts";
import { wiremockMatcher, wiremockMatchers } from "./wiremock-matcher.ts";

/** A `name` is there for people: WireMock does not look at it. */
const PATTERN = new Set(["name", "matchingType", "headers", "bodyPatterns"]);
const TYPES: Readonly<Record<string, "any" | "all">> = { ANY: "any", ALL: "all" };

function patternOf(pattern: unknown, where: string, notes: Notes): PartMatcherInput {
  if (!isFields(pattern)) throw new NotTold(`${where}: is no object`);
  const other = Object.keys(pattern).filter((name) => !PATTERN.has(name));
  if (other.length > 0) throw new NotTold(`${where}: ${other.join(", ")} is not supported`);
  const { bodyPatterns, headers, matchingType } = pattern;
  const parts = TYPES[asText(matchingType ?? "ANY")];
  if (parts === undefined) throw new NotTold(`${where}.matchingType: is ANY or ALL`);
  return {
    parts,
    headers: wiremockMatchers(headers, `${where}.headers`, notes),
    body: listIn(bodyPatterns, `${where}.bodyPatterns`).map((each, index): Matcher =>
      wiremockMatcher(each, `${where}.bodyPatterns[${index}]`, notes),
    ),
  };
}

/**
 * What a mapping asks of the parts of a call's body.
 * @throws NotTold for a matcher, or an option, that there is not, or is not of its type
 */
export function multipartOf(patterns: unknown, where: string, notes: Notes): PartMatcherInput[] {
  return listIn(patterns, where).map((each, index) => patternOf(each, `${where}[${index}]`, notes));
}
