import { grouped } from "./grouped.ts";
import {
  ASSIGNED,
  type Helper,
  type HelperContext,
  type Helpers,
  several,
  text,
} from "./helper.ts";
import { compileXPath } from "./xpath.ts";

/*
 * Helpers that read something apart, and those that give what they have read a name: written is
 * nothing then. What cannot be read is written as an error, as WireMock does.
 */

const withoutPrefix = "/*[local-name()='Envelope']/*[local-name()='Body']";

function named(value: unknown, name: unknown, context: HelperContext): unknown {
  if (name === undefined) return value;
  context.assign(text(name), value);
  return ASSIGNED;
}

const parseJson: Helper = ([first, name], _, context) => {
  const [source, as] = context.block === null ? [text(first), name] : [context.block(), first];
  try {
    return named(JSON.parse(source), as, context);
  } catch {
    return `[ERROR: ${source} is not valid JSON]`;
  }
};

const regexExtract: Helper = ([value, pattern, name], hash, context) => {
  let found: RegExpExecArray | null = null;
  try {
    found = new RegExp(text(pattern), "s").exec(text(value));
  } catch {
    // No pattern finds nothing.
  }
  if (found !== null) return named(name === undefined ? found[0] : found.slice(1), name, context);
  return hash["default"] ?? `[ERROR: Nothing matched ${text(pattern)}]`;
};

const formData: Helper = ([source, name], hash, context) => {
  const pairs = text(source)
    .split("&")
    .flatMap((pair): [name: string, value: string][] => {
      const at = pair.indexOf("=");
      if (at < 0) return [];
      const value = pair.slice(at + 1);
      const plain =
        hash["urlDecode"] === true ? (new URLSearchParams(`=${value}`).get("") ?? "") : value;
      return [[pair.slice(0, at), plain]];
    });
  const form = Object.fromEntries(
    [...grouped(pairs)].map(([key, values]) => [key, several(values)]),
  );
  return named(form, name, context);
};

/** The first node that is found: an element as XML, anything else as its text. */
function xPath(source: unknown, expression: string): string {
  try {
    const [first = ""] = compileXPath(expression, {})(text(source)).texts;
    return first.startsWith("<") ? `${first}\n` : first;
  } catch {
    return `[ERROR: ${expression} is not a valid XPath expression]`;
  }
}

export const READING_HELPERS: Helpers = {
  parseJson,
  regexExtract,
  formData,
  assign: ([name], _, context) => named(context.block?.() ?? "", name, context),
  val: ([value], hash, context) => {
    const kept = value === undefined || value === null ? hash["or"] : value;
    return named(kept, hash["assign"], context);
  },
  xPath: ([source, expression]) => xPath(source, text(expression)),
  soapXPath: ([source, expression]) => xPath(source, `${withoutPrefix}${text(expression)}`),
};

/** The names that a helper gives to values, where the template says them outright. */
export function assignedNames(
  helper: string,
  literals: readonly (string | null)[],
  hash: ReadonlyMap<string, string | null>,
): readonly string[] {
  const [first, second, third] = literals;
  const names = {
    assign: [first],
    parseJson: [literals.length === 1 ? first : second],
    regexExtract: [third],
    formData: [second],
    val: [hash.get("assign")],
  }[helper];
  return (names ?? []).filter((name) => name !== undefined && name !== null);
}
