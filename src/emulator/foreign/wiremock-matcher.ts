import type { Matcher } from "../stub/index.ts";
import { asText, type Fields, isFields, type Notes } from "./model.ts";
import { NotTold } from "./not-told.ts";

const OPERATORS = [
  "equalTo",
  "contains",
  "doesNotContain",
  "matches",
  "doesNotMatch",
  "absent",
  "equalToJson",
  "matchesJsonPath",
  "and",
  "or",
  "not",
  "hasExactly",
  "includes",
] as const;

/** The options that an operator has. */
const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  equalTo: ["caseInsensitive"],
  equalToJson: ["ignoreArrayOrder", "ignoreExtraElements"],
};

const refuse = (where: string, what: string): never => {
  throw new NotTold(`${where}: ${what}`);
};

function jsonMatcher(fields: Fields, where: string): Matcher {
  const value = fields["equalToJson"];
  let parsed: unknown = value;
  if (typeof value === "string") {
    try {
      parsed = JSON.parse(value);
    } catch {
      return refuse(where, "equalToJson holds no JSON");
    }
  }
  if (asText(value).includes("${json-unit.")) refuse(where, "placeholders ${json-unit.…}");
  return {
    equalToJson: parsed,
    ignoreArrayOrder: fields["ignoreArrayOrder"] === true,
    ignoreExtraElements: fields["ignoreExtraElements"] === true,
  };
}

function pathMatcher(value: unknown, where: string, notes: Notes): Matcher {
  if (!isFields(value)) return { matchesJsonPath: asText(value) };
  const { expression, ...rest } = value;
  return { matchesJsonPath: asText(expression), value: wiremockMatcher(rest, where, notes) };
}

/**
 * A WireMock matcher in our words.
 * @throws NotTold for an operator, or an option of one, that there is not
 */
export function wiremockMatcher(value: unknown, where: string, notes: Notes): Matcher {
  if (!isFields(value)) return refuse(where, "is no matcher");
  const operator = OPERATORS.find((name) => name in value);
  const options = OPTIONS[operator ?? ""] ?? [];
  const unknown = Object.keys(value).filter((name) => !options.includes(name) && name !== operator);
  if (operator === undefined || unknown.length > 0) {
    return refuse(where, `${unknown.join(", ") || "an empty matcher"} is not supported`);
  }
  const operand = value[operator];
  const list = (): Matcher[] =>
    (Array.isArray(operand) ? operand : []).map((each: unknown, index) =>
      wiremockMatcher(each, `${where}.${operator}[${index}]`, notes),
    );
  switch (operator) {
    case "equalTo":
      return { equalTo: asText(operand), caseInsensitive: value["caseInsensitive"] === true };
    case "contains":
      return { contains: asText(operand) };
    case "doesNotContain":
      return { or: [{ doesNotContain: asText(operand) }, { absent: true }] };
    case "matches":
      return { matches: asText(operand) };
    case "doesNotMatch":
      return { or: [{ doesNotMatch: asText(operand) }, { absent: true }] };
    case "absent":
      return { absent: operand !== false };
    case "equalToJson":
      return jsonMatcher(value, where);
    case "matchesJsonPath":
      return pathMatcher(operand, where, notes);
    case "and":
      return { and: list() };
    case "or":
      return { or: list() };
    case "not":
      return { not: wiremockMatcher(operand, `${where}.not`, notes) };
    case "hasExactly":
      return { hasExactly: list() };
    case "includes":
      return { includes: list() };
  }
}
