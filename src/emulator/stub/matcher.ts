import { jsonpath } from "json-p3";
import { z } from "zod";
import { messageOf } from "../../core/index.ts";
import {
  compileContainsJson,
  type ContainsJson,
  containsJsonMatcherSchema,
} from "./contains-json.ts";
import { compileDateMatcher, type DateMatcher, dateMatcherSchemas } from "./date-matcher.ts";
import { equalJson } from "./equal-json.ts";
import { compileEqualXml, type EqualToXml, equalXmlMatcherSchema } from "./equal-xml.ts";
import { checked } from "./fields.ts";
import {
  compileJsonSchema,
  jsonSchemaMatcherSchema,
  type MatchesJsonSchema,
} from "./json-schema.ts";
import { jwtDocument } from "./jwt.ts";
import {
  compileNumberMatcher,
  NUMBER_OPERATORS,
  type NumberMatcher,
  numberMatcherSchemas,
  isNumberMatcher,
} from "./number-matcher.ts";
import { compileXPath } from "./xpath.ts";

/** Longer texts are not put to a pattern: they do not match it. */
export const PATTERN_INPUT_MAX = 65_536;

interface EqualTo {
  readonly equalTo: string;
  readonly caseInsensitive?: boolean | undefined;
}
interface EqualToJson {
  readonly equalToJson: unknown;
  readonly ignoreArrayOrder?: boolean | undefined;
  readonly ignoreExtraElements?: boolean | undefined;
  /** Whether texts such as `${json-unit.any-string}` stand for what they say. */
  readonly placeholders?: boolean | undefined;
}
interface MatchesJsonPath {
  readonly matchesJsonPath: string;
  /** What a found value has to be; left out: something other than null and nothing is found. */
  readonly value?: Matcher | undefined;
}

interface MatchesJwt {
  /** What the token's JSON, `{"header":…,"payload":…}`, has to be. */
  readonly matchesJwt: Matcher;
}

interface MatchesXPath {
  readonly matchesXPath: string;
  /** The namespaces that the expression's prefixes stand for. */
  readonly namespaces?: Readonly<Record<string, string>> | undefined;
  /** What a found value has to be; left out: what is found is nodes, or true, or not empty. */
  readonly value?: Matcher | undefined;
}

/** What a text (a header, a query parameter, a body) has to be. */
export type Matcher =
  | EqualTo
  | EqualToJson
  | MatchesJsonPath
  | MatchesJsonSchema
  | ContainsJson
  | MatchesJwt
  | MatchesXPath
  | EqualToXml
  | NumberMatcher
  | DateMatcher
  | { readonly contains: string }
  | { readonly doesNotContain: string }
  | { readonly matches: string }
  | { readonly doesNotMatch: string }
  | { readonly absent: boolean }
  | { readonly and: readonly Matcher[] }
  | { readonly or: readonly Matcher[] }
  | { readonly not: Matcher }
  | { readonly hasExactly: readonly Matcher[] }
  | { readonly includes: readonly Matcher[] };

/**
 * A pattern that has to fit the whole text; a dot is any character, as line breaks are. An opening
 * `(?i)` makes the case not matter.
 * @throws Error (SyntaxError) when it is no pattern that JavaScript knows
 */
export function wholePattern(pattern: string): RegExp {
  const bare = pattern.replace(/^\(\?i\)/, "");
  return new RegExp(`^(?:${bare})$`, bare === pattern ? "s" : "si");
}

/** A text that is a pattern. */
export const patternField = () => checked(wholePattern, "a regular expression");
const jsonPathField = () => checked((path) => jsonpath.compile(path), "a JSONPath (RFC 9535)");

const xpathSchema = z.lazy(() =>
  z
    .strictObject({
      matchesXPath: z.string(),
      namespaces: z.record(z.string(), z.string()).optional(),
      value: matcherSchema.optional(),
    })
    .superRefine(({ matchesXPath, namespaces = {} }, context) => {
      try {
        compileXPath(matchesXPath, namespaces);
      } catch (thrown) {
        const message = `is not an XPath: ${messageOf(thrown)}`;
        context.addIssue({ code: "custom", path: ["matchesXPath"], message });
      }
    }),
);

const OPERATORS =
  "equalTo, contains, doesNotContain, matches, doesNotMatch, absent, " +
  `equalToJson, containsJson, matchesJsonPath, matchesJsonSchema, matchesJwt, ` +
  `equalToXml, matchesXPath, ` +
  `${NUMBER_OPERATORS.join(", ")}, before, after, equalToDateTime, ` +
  "and, or, not, hasExactly, includes";

/** A matcher as people write it: a text that has to be equal, or one operator with its options. */
export const matcherSchema: z.ZodType<Matcher> = z.lazy(() =>
  z.union(
    [
      z.string().transform((equalTo) => ({ equalTo })),
      z.strictObject({ equalTo: z.string(), caseInsensitive: z.boolean().optional() }),
      z.strictObject({ contains: z.string() }),
      z.strictObject({ doesNotContain: z.string() }),
      z.strictObject({ matches: patternField() }),
      z.strictObject({ doesNotMatch: patternField() }),
      z.strictObject({ absent: z.boolean() }),
      z.strictObject({
        equalToJson: z.json(),
        ignoreArrayOrder: z.boolean().optional(),
        ignoreExtraElements: z.boolean().optional(),
        placeholders: z.boolean().optional(),
      }),
      z.strictObject({ matchesJsonPath: jsonPathField(), value: matcherSchema.optional() }),
      jsonSchemaMatcherSchema,
      containsJsonMatcherSchema,
      z.strictObject({ matchesJwt: matcherSchema }),
      equalXmlMatcherSchema,
      xpathSchema,
      ...numberMatcherSchemas,
      ...dateMatcherSchemas,
      z.strictObject({ and: z.array(matcherSchema).min(1) }),
      z.strictObject({ or: z.array(matcherSchema).min(1) }),
      z.strictObject({ not: matcherSchema }),
      z.strictObject({ hasExactly: z.array(matcherSchema) }),
      z.strictObject({ includes: z.array(matcherSchema) }),
    ],
    { error: `is no matcher; write a text, or one of ${OPERATORS}` },
  ),
);

/**
 * Whether what came for a name is what was asked for; nothing came: no values. `nowMs` is when the
 * call came, since the epoch.
 */
export type Test = (values: readonly string[], nowMs: number) => boolean;
type TextTest = (text: string, nowMs: number) => boolean;

const someOf =
  (test: TextTest): Test =>
  (values, nowMs) =>
    values.some((text) => test(text, nowMs));

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function patternTest(pattern: string, wanted: boolean): Test {
  const regex = wholePattern(pattern);
  return someOf((text) => text.length <= PATTERN_INPUT_MAX && regex.test(text) === wanted);
}

const isSomething = (value: unknown): boolean =>
  value !== null && !(typeof value === "object" && Object.keys(value).length === 0);

/** A value found in JSON, as the text that a matcher is put to. */
export const textOf = (value: unknown): string =>
  typeof value === "string" ? value : JSON.stringify(value);

function jsonPathTest({ matchesJsonPath, value }: MatchesJsonPath): Test {
  const query = jsonpath.compile(matchesJsonPath);
  const test = value === undefined ? null : compileMatcher(value);
  return someOf((text, nowMs) => {
    const document = parsed(text);
    if (typeof document !== "object" || document === null) return false;
    const found = query.query(document as Parameters<typeof query.query>[0]).values();
    if (test !== null) return test(found.map(textOf), nowMs);
    return found.some(isSomething);
  });
}

function xpathTest({ matchesXPath, namespaces = {}, value }: MatchesXPath): Test {
  const find = compileXPath(matchesXPath, namespaces);
  const test = value === undefined ? null : compileMatcher(value);
  return someOf((text, nowMs) => {
    const { isSomething: something, texts } = find(text);
    return test === null ? something : test(texts, nowMs);
  });
}

function jwtTest({ matchesJwt }: MatchesJwt): Test {
  const test = compileMatcher(matchesJwt);
  return someOf((text, nowMs) => {
    const document = jwtDocument(text);
    return document !== null && test([document], nowMs);
  });
}

/** Each value is wanted by some matcher, and each matcher finds a value. */
function severalTest(matchers: readonly Matcher[], exactly: boolean): Test {
  const tests = matchers.map(compileMatcher);
  return (values, nowMs) =>
    tests.every((test) => values.some((value) => test([value], nowMs))) &&
    (!exactly ||
      (values.length === tests.length &&
        values.every((value) => tests.some((test) => test([value], nowMs)))));
}

function jsonTest(matcher: EqualToJson): Test {
  const {
    equalToJson,
    ignoreArrayOrder = false,
    ignoreExtraElements = false,
    placeholders = false,
  } = matcher;
  return someOf((text) => {
    const document = parsed(text);
    return (
      document !== undefined &&
      equalJson(equalToJson, document, { ignoreArrayOrder, ignoreExtraElements, placeholders })
    );
  });
}

type Own = MatchesJsonSchema | ContainsJson | EqualToXml | NumberMatcher | DateMatcher;
type Common = Exclude<Matcher, Own>;

/** The operators that have files of their own; null: it is another. */
function compileOwn(matcher: Matcher): TextTest | null {
  if ("matchesJsonSchema" in matcher) return compileJsonSchema(matcher);
  if ("containsJson" in matcher) return compileContainsJson(matcher);
  if ("equalToXml" in matcher) return compileEqualXml(matcher);
  if ("before" in matcher || "after" in matcher || "equalToDateTime" in matcher) {
    return compileDateMatcher(matcher);
  }
  return isNumberMatcher(matcher) ? compileNumberMatcher(matcher) : null;
}

/** The matcher made ready. Of several values one has to match, but for `absent` and the lists. */
export function compileMatcher(matcher: Matcher): Test {
  const own = compileOwn(matcher);
  return own === null ? compileCommon(matcher as Common) : someOf(own);
}

function compileCommon(matcher: Common): Test {
  if ("equalTo" in matcher) {
    const { caseInsensitive = false, equalTo } = matcher;
    if (!caseInsensitive) return (values) => values.includes(equalTo);
    const lower = equalTo.toLowerCase();
    return someOf((text) => text.toLowerCase() === lower);
  }
  if ("contains" in matcher) return someOf((text) => text.includes(matcher.contains));
  if ("doesNotContain" in matcher) return someOf((text) => !text.includes(matcher.doesNotContain));
  if ("matches" in matcher) return patternTest(matcher.matches, true);
  if ("doesNotMatch" in matcher) return patternTest(matcher.doesNotMatch, false);
  if ("absent" in matcher) return (values) => (values.length === 0) === matcher.absent;
  if ("equalToJson" in matcher) return jsonTest(matcher);
  if ("matchesJsonPath" in matcher) return jsonPathTest(matcher);
  if ("matchesJwt" in matcher) return jwtTest(matcher);
  if ("matchesXPath" in matcher) return xpathTest(matcher);
  if ("hasExactly" in matcher) return severalTest(matcher.hasExactly, true);
  if ("includes" in matcher) return severalTest(matcher.includes, false);
  if ("not" in matcher) {
    const test = compileMatcher(matcher.not);
    return (values, nowMs) => !test(values, nowMs);
  }
  const tests = ("and" in matcher ? matcher.and : matcher.or).map(compileMatcher);
  if ("and" in matcher) return (values, nowMs) => tests.every((test) => test(values, nowMs));
  return (values, nowMs) => tests.some((test) => test(values, nowMs));
}
