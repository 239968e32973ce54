import type { Matcher } from "../stub/index.ts";
import { asText, type Fields, isFields, type Notes } from "./model.ts";
import { NotTold } from "./not-told.ts";
import { fieldsIn, listIn } from "./typed.ts";

const OPERATORS = [
  "equalTo",
  "contains",
  "doesNotContain",
  "matches",
  "doesNotMatch",
  "absent",
  "equalToJson",
  "matchesJsonPath",
  "matchesJsonSchema",
  "equalToXml",
  "matchesXPath",
  "before",
  "after",
  "equalToDateTime",
  "equalToNumber",
  "greaterThanNumber",
  "greaterThanEqualNumber",
  "lessThanNumber",
  "lessThanEqualNumber",
  "and",
  "or",
  "not",
  "hasExactly",
  "includes",
] as const;

const DATE_OPTIONS = [
  "actualFormat",
  "truncateExpected",
  "truncateActual",
  "applyTruncationLast",
  "expectedOffset",
  "expectedOffsetUnit",
];

/** The options that an operator has. */
const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  equalTo: ["caseInsensitive"],
  equalToJson: ["ignoreArrayOrder", "ignoreExtraElements"],
  matchesJsonSchema: ["schemaVersion"],
  equalToXml: ["ignoreOrderOfSameNode", "enablePlaceholders", "exemptedComparisons"],
  matchesXPath: ["xPathNamespaces"],
  before: DATE_OPTIONS,
  after: DATE_OPTIONS,
  equalToDateTime: DATE_OPTIONS,
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
  return {
    equalToJson: parsed,
    ignoreArrayOrder: fields["ignoreArrayOrder"] === true,
    ignoreExtraElements: fields["ignoreExtraElements"] === true,
    placeholders: /[$#]\{json-unit\./.test(asText(value)),
  };
}

function pathMatcher(value: unknown, where: string, notes: Notes): Matcher {
  if (!isFields(value)) return { matchesJsonPath: asText(value) };
  const { expression, ...rest } = value;
  return { matchesJsonPath: asText(expression), value: wiremockMatcher(rest, where, notes) };
}

function schemaMatcher(fields: Fields, where: string): Matcher {
  const { matchesJsonSchema: written, schemaVersion } = fields;
  let schema: unknown = written;
  try {
    if (typeof written === "string") schema = JSON.parse(written);
  } catch {
    return refuse(where, "matchesJsonSchema holds no JSON");
  }
  const version = schemaVersion === undefined || schemaVersion === null ? {} : { schemaVersion };
  return { matchesJsonSchema: schema, ...version } as Matcher;
}

function xmlMatcher(fields: Fields, where: string): Matcher {
  const { enablePlaceholders, exemptedComparisons, ignoreOrderOfSameNode } = fields;
  if (enablePlaceholders === true) refuse(where, "enablePlaceholders is not supported");
  if (Array.isArray(exemptedComparisons) && exemptedComparisons.length > 0) {
    refuse(where, "exemptedComparisons is not supported");
  }
  return {
    equalToXml: asText(fields["equalToXml"]),
    ignoreOrderOfSameNode: ignoreOrderOfSameNode === true,
  };
}

function xpathMatcher(fields: Fields, where: string, notes: Notes): Matcher {
  const { matchesXPath: operand, xPathNamespaces } = fields;
  const namespaces = isFields(xPathNamespaces)
    ? { namespaces: xPathNamespaces as Record<string, string> }
    : {};
  if (!isFields(operand)) {
    // WireMock takes any value for a find, `false` too.
    return { matchesXPath: asText(operand), ...namespaces, value: { absent: false } };
  }
  const { expression, ...rest } = operand;
  const value = wiremockMatcher(rest, where, notes);
  return { matchesXPath: asText(expression), ...namespaces, value };
}

function numberMatcher(operand: unknown, operator: string, where: string): Matcher {
  const expected = typeof operand === "string" ? Number(operand) : operand;
  if (typeof expected !== "number" || Number.isNaN(expected)) {
    refuse(where, `${operator} holds no number`);
  }
  return { [operator]: expected } as unknown as Matcher;
}

const truncation = (value: unknown): string | undefined =>
  typeof value === "string" ? value.toLowerCase().replaceAll("_", " ") : undefined;

function dateMatcher(fields: Fields, operator: string): Matcher {
  const { actualFormat, applyTruncationLast, expectedOffset, expectedOffsetUnit } = fields;
  const written = asText(fields[operator]);
  const isNow = /^now$|^(now )?[+-]?\d+ [a-z]+$/i.test(written);
  const offset =
    typeof expectedOffset === "number" && typeof expectedOffsetUnit === "string"
      ? `now ${expectedOffset} ${expectedOffsetUnit}`
      : written;
  const expected = isNow ? offset.replace(/^(?!now)/i, "now ") : written;
  const options = {
    ...(typeof actualFormat === "string" ? { actualFormat } : {}),
    truncateActual: truncation(fields["truncateActual"]),
    // Of a date that is not `now`, WireMock truncates nothing.
    truncateExpected: isNow ? truncation(fields["truncateExpected"]) : undefined,
    applyTruncationLast: applyTruncationLast === true,
  };
  return { [operator]: expected, ...options } as unknown as Matcher;
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
    listIn(operand, `${where}.${operator}`).map((each, index) =>
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
    case "matchesJsonSchema":
      return schemaMatcher(value, where);
    case "equalToXml":
      return xmlMatcher(value, where);
    case "matchesXPath":
      return xpathMatcher(value, where, notes);
    case "before":
    case "after":
    case "equalToDateTime":
      return dateMatcher(value, operator);
    case "equalToNumber":
    case "greaterThanNumber":
    case "greaterThanEqualNumber":
    case "lessThanNumber":
    case "lessThanEqualNumber":
      return numberMatcher(operand, operator, where);
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

/**
 * Matchers by the names of what they are put to.
 * @throws NotTold for an operator, or an option of one, that there is not
 */
export function wiremockMatchers(
  value: unknown,
  where: string,
  notes: Notes,
): Record<string, Matcher> {
  return Object.fromEntries(
    Object.entries(fieldsIn(value, where)).map(([name, matcher]) => [
      name,
      wiremockMatcher(matcher, `${where}.${name}`, notes),
    ]),
  );
}
