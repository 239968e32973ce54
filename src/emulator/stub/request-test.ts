import {
  compileMatcher,
  type Matcher,
  PATTERN_INPUT_MAX,
  type Test,
  wholePattern,
} from "./matcher.ts";
import { compilePartMatcher } from "./part-matcher.ts";
import type { RequestView } from "./request-view.ts";
import type { StubSpec } from "./schema.ts";

/** One thing that a stub asks of a call, and what to call it in a message. */
interface Condition {
  readonly what: string;
  readonly holds: (view: RequestView) => boolean;
}

type RequestSpec = StubSpec["request"];
type PathTest = (path: string) => boolean;

const bounded =
  (regex: RegExp): PathTest =>
  (path) =>
    path.length <= PATTERN_INPUT_MAX && regex.test(path);

const escaped = (literal: string): string => literal.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
const SEGMENT = /\{([^/{}]+)\}/g;

/** The names of a path's template, in order. */
export const templateNames = (template: string): readonly string[] =>
  Array.from(template.matchAll(SEGMENT), ([, name]) => name!);

/** A pattern with one group for each name of the template. */
export function templatePattern(template: string): RegExp {
  const pieces = template.split(SEGMENT);
  return new RegExp(
    `^${pieces.map((piece, index) => (index % 2 === 0 ? escaped(piece) : "([^/]+)")).join("")}$`,
  );
}

/** What of a path's template the path has, decoded. */
export function pathParameters(template: string, path: string): ReadonlyMap<string, string> {
  const values = templatePattern(template).exec(path)?.slice(1) ?? [];
  return new Map(templateNames(template).map((name, index) => [name, decoded(values[index]!)]));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function pathCondition(request: RequestSpec): Condition | null {
  const { path, pathPattern, pathTemplate, url, urlPattern } = request;
  if (path !== undefined) return { what: `path ${path}`, holds: (view) => view.path === path };
  if (url !== undefined) return { what: `url ${url}`, holds: (view) => view.call.path === url };
  if (pathTemplate !== undefined) {
    const test = bounded(templatePattern(pathTemplate));
    return { what: `path ${pathTemplate}`, holds: (view) => test(view.path) };
  }
  if (pathPattern !== undefined) {
    const test = bounded(wholePattern(pathPattern));
    return { what: `path matching ${pathPattern}`, holds: (view) => test(view.path) };
  }
  if (urlPattern === undefined) return null;
  const test = bounded(wholePattern(urlPattern));
  return { what: `url matching ${urlPattern}`, holds: (view) => test(view.call.path) };
}

function namedConditions(
  part: string,
  matchers: Readonly<Record<string, Matcher>>,
  valuesOf: (view: RequestView, name: string) => readonly string[],
): Condition[] {
  return Object.entries(matchers).map(([name, matcher]) => {
    const test: Test = compileMatcher(matcher);
    return { what: `${part} ${name}`, holds: (view) => test(valuesOf(view, name), view.nowMs) };
  });
}

/** What cannot be looked at, such as JSON nested too deep for a query, is not what was asked for. */
const guarded = ({ holds, what }: Condition): Condition => ({
  what,
  holds(view) {
    try {
      return holds(view);
    } catch {
      return false;
    }
  },
});

/** Everything that a stub asks of a call, the cheapest first; none of it throws. */
export const conditionsOf = (request: RequestSpec): readonly Condition[] =>
  askedOf(request).map(guarded);

function askedOf(request: RequestSpec): readonly Condition[] {
  const methods = new Set(request.method);
  const path = pathCondition(request);
  const template = request.pathTemplate;
  const body = request.body.map((matcher, index): Condition => {
    const test = compileMatcher(matcher);
    return {
      what: request.body.length === 1 ? "body" : `body, matcher ${index + 1}`,
      holds: (view) => test(view.text === "" ? [] : [view.text], view.nowMs),
    };
  });
  const parts = request.multipart.map((matcher, index): Condition => {
    const test = compilePartMatcher(matcher);
    return {
      what: request.multipart.length === 1 ? "multipart" : `multipart, matcher ${index + 1}`,
      holds: (view) => test(view.parts, view.nowMs),
    };
  });
  return [
    ...(methods.has("ANY")
      ? []
      : [
          {
            what: `method ${request.method.join(" or ")}`,
            holds: (view: RequestView) => methods.has(view.call.method),
          },
        ]),
    ...(path === null ? [] : [path]),
    ...namedConditions("path parameter", request.pathParameters, (view, name) => {
      const value =
        template === undefined ? undefined : pathParameters(template, view.path).get(name);
      return value === undefined ? [] : [value];
    }),
    ...namedConditions("query parameter", request.query, (view, name) => view.query.getAll(name)),
    ...namedConditions("form parameter", request.form, (view, name) => view.form.getAll(name)),
    ...namedConditions("header", request.headers, (view, name) => view.header(name)),
    ...namedConditions("cookie", request.cookies, (view, name) => view.cookie(name)),
    ...parts,
    ...body,
  ];
}
export type { Condition };
