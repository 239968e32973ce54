/** Headers that belong to one connection or that a replay makes anew. */
const DROPPED = new Set([
  "host",
  "content-length",
  "connection",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "expect",
  "http2-settings",
  "proxy-connection",
  "proxy-authenticate",
]);

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const UNSENDABLE = /[\x00\r\n]+/g;

/** Text as header bytes, one character a byte: what is beyond Latin-1 becomes its UTF-8 bytes. */
export function latin1Of(text: string): string {
  // oxlint-disable-next-line no-control-regex -- the range is "fits in a byte"
  return /^[\x00-\xff]*$/.test(text) ? text : Buffer.from(text, "utf8").toString("latin1");
}

/** The names that a message's `connection` headers give as hop-by-hop, in lower case. */
export function hopByHop(headers: readonly (readonly [string, string])[]): Set<string> {
  const named = new Set<string>();
  for (const [name, value] of headers) {
    if (name.toLowerCase() !== "connection") continue;
    for (const option of value.split(",")) named.add(option.trim().toLowerCase());
  }
  return named;
}

/**
 * The name, in lower case, by which a profile keeps a header; undefined for those that it does not
 * keep: `host`, `content-length`, hop-by-hop headers, HTTP/2 pseudo headers and names that are no
 * token. `proxy-authorization` is a credential for the first hop and goes as well.
 */
export function keptName(rawName: string): string | undefined {
  const name = rawName.trim().toLowerCase();
  if (DROPPED.has(name) || name.startsWith("proxy-") || !TOKEN.test(name)) return undefined;
  return name;
}

/** A header's value as it can be sent: one character a byte, without line breaks. */
export const sendableValue = (value: string): string =>
  latin1Of(value).replace(UNSENDABLE, " ").trim();

/** The first value of a header by the name that a profile keeps it under. */
export function keptValue(
  headers: readonly (readonly [string, string])[],
  wanted: string,
): string | undefined {
  const found = headers.find(([name]) => keptName(name) === wanted);
  return found === undefined ? undefined : sendableValue(found[1]);
}

/** The first value of a header, by any case of its name. */
export function headerOf(
  headers: readonly (readonly [string, string])[],
  wanted: string,
): string | undefined {
  for (const [name, value] of headers) {
    if (name.length === wanted.length && name.toLowerCase() === wanted) return value;
  }
  return undefined;
}

const NOT_PRINTABLE = /[^\x21-\x7e]/;

/**
 * A request target as it can be sent: what is not printable ASCII becomes `%XX`, byte by byte.
 * Takes Latin-1 text (one character a byte), or text with wider characters, taken as UTF-8.
 */
export function sendablePath(target: string): string {
  if (!NOT_PRINTABLE.test(target)) return target;
  const bytes = latin1Of(target);
  return bytes.replace(
    /[^\x21-\x7e]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}

/**
 * Splits a request target into host and path: `/x?y`, or `http://host/x?y` as proxies get it.
 * Undefined for what cannot be sent to a web server (`*`, `host:443`, `data:…`). The fragment
 * never was on the wire and is left out.
 */
export function targetOf(target: string): { host: string | undefined; path: string } | undefined {
  const fragment = target.indexOf("#");
  const bare = fragment === -1 ? target : target.slice(0, fragment);
  if (bare.startsWith("/")) return { host: undefined, path: sendablePath(bare) };
  const match = /^(https?):\/\/(?:[^/?@]*@)?([^/?@]+)([^]*)$/i.exec(bare);
  if (match === null) return undefined;
  const [, scheme = "", authority = "", rest = ""] = match;
  const implied = scheme.toLowerCase() === "https" ? ":443" : ":80";
  const lower = authority.toLowerCase();
  return {
    host: lower.endsWith(implied) ? lower.slice(0, -implied.length) : lower,
    path: sendablePath(rest.startsWith("/") ? rest : `/${rest}`),
  };
}
