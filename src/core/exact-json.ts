type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

/** A whole number too large for a double stays as it was written: nanoseconds since 1970 are such. */
const keepLarge: Reviver = (_key, value, { source = "" }) =>
  typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(source)
    ? source
    : value;

/** Whether there may be a number beyond 2^53; looking at every value takes several times as long. */
const MAYBE_LARGE = /[:,[\s-](?:9\d{15}|\d{17})/;

/**
 * JSON in which no whole number loses digits: those beyond 2^53 come as their own text.
 * @throws SyntaxError when it is not JSON
 */
export function parseExactJson(text: string): unknown {
  if (!MAYBE_LARGE.test(text)) return JSON.parse(text) as unknown;
  return (JSON.parse as (text: string, reviver: Reviver) => unknown)(text, keepLarge);
}
