/** Of a name that comes several times, the first value counts. Source: Node's `message.headers`. */
const FIRST_COUNTS = new Set(
  (
    "age authorization content-length content-type etag expires from host if-modified-since " +
    "if-unmodified-since last-modified location max-forwards proxy-authorization referer " +
    "retry-after server user-agent"
  ).split(" "),
);

/**
 * Header fields by their names in lower case, as Node tells them: of a name that comes several times
 * the values joined by a comma (cookies by a semicolon), or the first alone; `set-cookie` a list.
 */
export function headersOf(raw: readonly string[]): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase();
    const value = raw[i + 1]!;
    // What is inherited is no text.
    const before = headers[name];
    if (name === "set-cookie") {
      if (Array.isArray(before)) before.push(value);
      else headers[name] = [value];
    } else if (typeof before !== "string") headers[name] = value;
    else if (name === "cookie") headers[name] = `${before}; ${value}`;
    else if (!FIRST_COUNTS.has(name)) headers[name] = `${before}, ${value}`;
  }
  return headers;
}
