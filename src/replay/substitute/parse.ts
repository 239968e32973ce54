import { z } from "zod";
import { ShakedownError } from "../../core/index.ts";
import type { JsonPath, RequestPlace, ResponsePlace, SubstitutionRule } from "./rule.ts";

/** What is wrong with a rule's text, in words for whoever wrote it. */
class Fault extends Error {}

const QUOTED = String.raw`"(?:[^"\\]|\\.)*"`;
const CALL = String.raw`\w+\.\w+\((?:${QUOTED}|[^()"])*\)`;
const PLACE = new RegExp(String.raw`^(response|request)\.(\w+)\(((?:${QUOTED}|[^()"])*)\)$`);
const RULE = new RegExp(
  String.raw`^\s*(${CALL})\s*->\s*(${CALL})(?:\s+as\s+(${QUOTED}))?(?:\s+on\s+(${QUOTED}))?\s*$`,
);
const STEP = new RegExp(String.raw`\.?([\w$@:-]+)|\[(?:(\d{1,6})|(${QUOTED}))\]`, "y");
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** What the generator sets itself, or what says how a message is read. */
const OWN_HEADERS =
  /^(?:host|connection|content-length|content-encoding|transfer-encoding|traceparent|x-request-id)$/;
const EXAMPLE = 'response.json(token) -> request.header(authorization) as "Bearer {}"';

function unquoted(text: string): string {
  try {
    return JSON.parse(text) as string;
  } catch {
    throw new Fault(`${text} is no text in quotes`);
  }
}

function jsonPath(text: string): JsonPath {
  const path: (string | number)[] = [];
  STEP.lastIndex = 0;
  while (STEP.lastIndex < text.length) {
    const at = STEP.lastIndex;
    const step = STEP.exec(text);
    const [, key, index, quoted] = step ?? [];
    const dotted = step?.[0].startsWith(".") === true;
    // A dot stands between a key and what is before it, and nowhere else.
    const misplaced = key !== undefined && dotted !== path.length > 0;
    if (step === null || misplaced) {
      throw new Fault(`"${text}" is no path at "${text.slice(at)}": write data.items[0].id`);
    }
    path.push(key ?? (index === undefined ? unquoted(quoted!) : Number(index)));
  }
  if (path.length === 0) throw new Fault("json() names no value: write json(token)");
  return path;
}

function nameOf(kind: "header" | "cookie", text: string): string {
  if (kind === "cookie" && text === "*") return text;
  if (!TOKEN.test(text)) throw new Fault(`"${text}" is no name of a ${kind}`);
  return kind === "header" ? text.toLowerCase() : text;
}

function queryName(text: string): string {
  const name = text.startsWith('"') ? unquoted(text) : text;
  if (name === "") throw new Fault("query() names no parameter");
  return name;
}

function callOf(side: "response" | "request", text: string, kinds: string): [string, string] {
  const [, found, kind = "", inner = ""] = PLACE.exec(text.trim()) ?? [];
  if (found === side) return [kind, inner.trim()];
  throw new Fault(`"${text.trim()}" is no place in a ${side}: write ${side}.${kinds}`);
}

/** Reads `response.json(token)`. @throws Fault */
function responsePlace(text: string): ResponsePlace {
  const kinds = "json(path), .header(name) or .cookie(name)";
  const [kind, inner] = callOf("response", text, kinds);
  if (kind === "json") return { kind, path: jsonPath(inner) };
  if (kind !== "header" && kind !== "cookie") {
    throw new Fault(`a response has no ${kind}(…): write response.${kinds}`);
  }
  const name = nameOf(kind, inner);
  if (kind === "header" && name === "set-cookie") {
    throw new Fault("set-cookie holds several values: write response.cookie(name)");
  }
  return { kind, name };
}

/** Reads `request.header(authorization)`. @throws Fault */
function requestPlace(text: string): RequestPlace {
  const kinds = "header(name), .cookie(name), .query(name), .json(path) or .path(n)";
  const [kind, inner] = callOf("request", text, kinds);
  if (kind === "json") return { kind, path: jsonPath(inner) };
  if (kind === "query") return { kind, name: queryName(inner) };
  if (kind === "path") {
    if (!/^\d{1,3}$/.test(inner)) throw new Fault(`path(${inner}): segments are numbers from 0`);
    return { kind, segment: Number(inner) };
  }
  if (kind !== "header" && kind !== "cookie") {
    throw new Fault(`a request has no ${kind}(…): write request.${kinds}`);
  }
  const name = nameOf(kind, inner);
  if (kind === "header" && name === "cookie") {
    throw new Fault("the cookie header holds several values: write request.cookie(name)");
  }
  if (kind === "header" && OWN_HEADERS.test(name)) {
    throw new Fault(`${name} is set by the generator`);
  }
  return { kind, name };
}

function checkedAs(as: string): string {
  if (as.split("{}").length !== 2) throw new Fault(`"${as}" needs exactly one {}: "Bearer {}"`);
  if (!/^[\x20-\x7e]*$/.test(as)) throw new Fault("`as` is of printable ASCII");
  return as;
}

function checkedOn(on: string): string {
  if (!/^[A-Z]+ \/\S*$/.test(on)) throw new Fault(`"${on}" is no route: write "POST /login"`);
  return on;
}

const isJar = (place: ResponsePlace | RequestPlace): boolean =>
  place.kind === "cookie" && place.name === "*";

function checkedRule(rule: SubstitutionRule): SubstitutionRule {
  if (isJar(rule.from) !== isJar(rule.to)) {
    throw new Fault(
      "cookie(*) keeps all cookies: it goes from response.cookie(*) to request.cookie(*)",
    );
  }
  if (isJar(rule.from) && rule.as !== undefined) throw new Fault("cookie(*) takes no `as`");
  return rule;
}

/** A text that `read` makes something of; what it finds wrong is the issue's message. */
const textField = <Out>(read: (text: string) => Out) =>
  z.string().transform((text, context): Out => {
    try {
      return read(text);
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown;
      context.addIssue({ code: "custom", message: thrown.message });
      return z.NEVER;
    }
  });

/** A rule's parts as texts, as a scenario has them. */
export interface SubstitutionTexts {
  from: string;
  to: string;
  as?: string;
  on?: string;
}

/** Takes a rule of the command line apart. @throws Fault */
function textsOf(text: string): SubstitutionTexts {
  const [, from, to, as, on] = RULE.exec(text) ?? [];
  if (from === undefined || to === undefined)
    throw new Fault("it is not of the form FROM -> TO, then `as` and `on` with texts in quotes");
  return {
    from,
    to,
    ...(as === undefined ? {} : { as: unquoted(as) }),
    ...(on === undefined ? {} : { on: unquoted(on) }),
  };
}

/**
 * A rule of the command line as a scenario has it, checked.
 * @throws USAGE when it is none
 */
export function substitutionTexts(text: string): SubstitutionTexts {
  parseSubstitution(text);
  return textsOf(text);
}

/**
 * Reads a rule of the command line:
 * `response.json(token) -> request.header(authorization) as "Bearer {}" on "POST /login"`.
 * @throws USAGE when it is none
 */
export function parseSubstitution(text: string): SubstitutionRule {
  try {
    const { as, from, on, to } = textsOf(text);
    return checkedRule({
      from: responsePlace(from),
      to: requestPlace(to),
      ...(as === undefined ? {} : { as: checkedAs(as) }),
      ...(on === undefined ? {} : { on: checkedOn(on) }),
    });
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    throw new ShakedownError(
      "USAGE",
      `the substitution "${text}" cannot be read: ${thrown.message}`,
      {
        hint: `write it like: ${EXAMPLE}`,
      },
    );
  }
}

/** A rule in a scenario: `{ from: response.json(token), to: request.header(authorization) }`. */
export const substitutionSchema = z
  .strictObject({
    from: textField(responsePlace).describe("response.json(path), .header(name) or .cookie(name)"),
    to: textField(requestPlace).describe(
      "request.header(name), .cookie(name), .query(name), .json(path) or .path(n)",
    ),
    as: textField(checkedAs).optional().describe("text around the value, such as Bearer {}"),
    on: textField(checkedOn).optional().describe("learn from this route only, such as POST /login"),
  })
  .superRefine((rule, context) => {
    try {
      checkedRule(rule);
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown;
      context.addIssue({ code: "custom", message: thrown.message });
    }
  });
