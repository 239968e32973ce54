import { jsonpath } from "json-p3";
import { z } from "zod";
import { messageOf } from "../../core/index.ts";
import { equalJson } from "./equal-json.ts";

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
}
interface MatchesJsonPath {
  readonly matchesJsonPath: string;
  /** What a found value has to be; left out: something other than null and nothing is found. */
  readonly value?: Matcher | undefined;
}

/** What a text (a header, a query parameter, a body) has to be. */
export type Matcher =
  | EqualTo
  | EqualToJson
  | MatchesJsonPath
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

/** A text that the reader accepts; what it throws is the message. */
const checked = (read: (text: string) => unknown, what: string) =>
  z.string().superRefine((text, context) => {
    try {
      read(text);
    } catch (thrown) {
      context.addIssue({ code: "custom", message: `is not ${what}: ${messageOf(thrown)}` });
    }
  });

/** A text that is a pattern. */
export const patternField = () => checked(wholePattern, "a regular expression");
const jsonPathField = () => checked((path) => jsonpath.compile(path), "a JSONPath (RFC 9535)");

const OPERATORS =
  "equalTo, contains, doesNotContain, matches, doesNotMatch, absent, " +
  "equalToJson, matchesJsonPath, and, or, not, hasExactly, includes";

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
      }),
      z.strictObject({ matchesJsonPath: jsonPathField(), value: matcherSchema.optional() }),
      z.strictObject({ and: z.array(matcherSchema).min(1) }),
      z.strictObject({ or: z.array(matcherSchema).min(1) }),
      z.strictObject({ not: matcherSchema }),
      z.strictObject({ hasExactly: z.array(matcherSchema) }),
      z.strictObject({ includes: z.array(matcherSchema) }),
    ],
    { error: `is no matcher; write a text, or one of ${OPERATORS}` },
  ),
);

/** Whether what came for a name is what was asked for; nothing came: no values. */
export type Test = (values: readonly string[]) => boolean;
type TextTest = (text: string) => boolean;

const someOf =
  (test: TextTest): Test =>
  (values) =>
    values.some(test);

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
  return someOf((text) => {
    const document = parsed(text);
    if (typeof document !== "object" || document === null) return false;
    const found = query.query(document as Parameters<typeof query.query>[0]).values();
    if (test !== null) return test(found.map(textOf));
    return found.some(isSomething);
  });
}

/** Each value is wanted by some matcher, and each matcher finds a value. */
function severalTest(matchers: readonly Matcher[], exactly: boolean): Test {
  const tests = matchers.map(compileMatcher);
  return (values) =>
    tests.every((test) => values.some((value) => test([value]))) &&
    (!exactly ||
      (values.length === tests.length &&
        values.every((value) => tests.some((test) => test([value])))));
}

function jsonTest(matcher: EqualToJson): Test {
  const { equalToJson, ignoreArrayOrder = false, ignoreExtraElements = false } = matcher;
  return someOf((text) => {
    const document = parsed(text);
    return (
      document !== undefined &&
      equalJson(equalToJson, document, { ignoreArrayOrder, ignoreExtraElements })
    );
  });
}

/** The matcher made ready. Of several values one has to match, but for `absent` and the lists. */
export function compileMatcher(matcher: Matcher): Test {
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
  if ("hasExactly" in matcher) return severalTest(matcher.hasExactly, true);
  if ("includes" in matcher) return severalTest(matcher.includes, false);
  if ("not" in matcher) {
    const test = compileMatcher(matcher.not);
    return (values) => !test(values);
  }
  const tests = ("and" in matcher ? matcher.and : matcher.or).map(compileMatcher);
  if ("and" in matcher) return (values) => tests.every((test) => test(values));
  return (values) => tests.some((test) => test(values));
}
