type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

/** A whole number too large for a double stays as it was written: nanoseconds since 1970 are such. */
const keepLarge: Reviver = (_key, value, { source = "" }) =>
  typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(source)
    ? source
    : value;

/**
 * JSON in which no whole number loses digits: those beyond 2^53 come as their own text.
 * @throws SyntaxError when it is not JSON
 */
export function parseExactJson(text: string): unknown {
  return (JSON.parse as (text: string, reviver: Reviver) => unknown)(text, keepLarge);
}
