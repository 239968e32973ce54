import type { Matcher } from "../stub/index.ts";
import { asText, fieldsOf } from "./model.ts";
import { NotTold } from "./not-told.ts";

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** Of a list, Hoverfly looks at the order, unless it is told not to; we cannot. */
function arrayMatcher(operand: unknown, config: unknown, where: string): Matcher {
  const values = (Array.isArray(operand) ? operand : [operand]).map(asText);
  const options = Object.entries(fieldsOf(config)).filter(([, set]) => set === true);
  const other = options.map(([name]) => name).filter((name) => !/^ignoreOrder$/i.test(name));
  if (other.length > 0) throw new NotTold(`${where}: ${other.join(", ")} is not supported`);
  if (values.length > 1 && options.length === 0) {
    throw new NotTold(`${where}: an array without ignoreOrder is not supported`);
  }
  return { hasExactly: values.map((value) => ({ equalTo: value })) };
}

function jsonOf(operand: unknown, where: string): never {
  try {
    return JSON.parse(asText(operand)) as never;
  } catch {
    throw new NotTold(`${where}: the value is no JSON`);
  }
}

/** `then`: what has to hold of what was found; undefined: nothing. */
function found(matcher: string, text: string, then: Matcher | undefined): Matcher | null {
  const value = then === undefined ? {} : { value: then };
  if (matcher === "jsonpath") return { matchesJsonPath: text, ...value };
  return matcher === "xpath" ? { matchesXPath: text, ...value } : null;
}

function plain(matcher: string, operand: unknown, where: string): Matcher {
  const text = asText(operand);
  switch (matcher) {
    case "":
    case "exact":
      return { equalTo: text };
    case "negate":
    case "negation":
      return { and: [{ absent: false }, { not: { equalTo: text } }] };
    case "glob":
      return { matches: text.split("*").map(escaped).join(".*") };
    case "regex":
      // Hoverfly looks for the pattern anywhere in the text.
      return { matches: `.*(?:${text}).*` };
    case "json":
      return { equalToJson: jsonOf(operand, where) };
    case "jsonpartial":
    case "jwt":
      return { containsJson: jsonOf(operand, where) };
    case "xml":
      return { equalToXml: text };
    default:
      throw new NotTold(`${where}: matcher ${matcher} is not supported`);
  }
}

/**
 * One of Hoverfly's matchers in our words.
 * @throws NotTold for a matcher, or an option of one, that there is not
 */
export function hoverflyMatcher(written: unknown, where: string): Matcher {
  const { config, doMatch, matcher = "exact", value: operand } = fieldsOf(written);
  const name = asText(matcher).toLowerCase();
  const then =
    doMatch === undefined || doMatch === null
      ? undefined
      : hoverflyMatcher(doMatch, `${where}.doMatch`);
  if (name === "array") return arrayMatcher(operand, config, where);
  if (Object.keys(fieldsOf(config)).length > 0) {
    throw new NotTold(`${where}: config of ${name} is not supported`);
  }
  const looked = found(name, asText(operand), then);
  if (looked !== null) return looked;
  const own = plain(name, operand, where);
  const all: Matcher = then === undefined ? own : { and: [own, then] };
  // Of a token, what it says is looked at, as JSON.
  return name === "jwt" ? { matchesJwt: all } : all;
}

const isExact = (written: unknown): boolean =>
  ["", "exact"].includes(asText(fieldsOf(written)["matcher"] ?? "exact").toLowerCase());

/**
 * What a pair counts for that matches: of several, Hoverfly answers with the strongest, and of
 * those with the last. 2 for each exact matcher, 1 for each other and each state that is required;
 * a destination does not count, since it is not looked at.
 */
export function hoverflyStrength(request: Readonly<Record<string, unknown>>): number {
  const { body, headers, method, path, query, requiresState } = request;
  const lists = [
    method,
    path,
    body,
    ...[query, headers].flatMap((by) => Object.values(fieldsOf(by))),
  ];
  const matchers = lists.flatMap((list) => (Array.isArray(list) ? (list as unknown[]) : []));
  const score = matchers.reduce((sum: number, each) => sum + (isExact(each) ? 2 : 1), 0);
  return score + Object.keys(fieldsOf(requiresState)).length;
}
