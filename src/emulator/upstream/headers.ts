import { type AnswerHeaders, isSingleValue } from "../headers.ts";

/** A message's fields as they came: name, value, name, value. */
type RawHeaders = readonly string[];

/** What is between two neighbours and goes no further (RFC 9110, 7.6.1), beside what `Connection` names. */
const HOP_BY_HOP =
  "connection keep-alive proxy-connection te trailer transfer-encoding upgrade".split(" ");

function* pairsOf(raw: RawHeaders): Generator<readonly [name: string, value: string]> {
  for (let i = 0; i + 1 < raw.length; i += 2) yield [raw[i]!, raw[i + 1]!];
}

function hopByHop(raw: RawHeaders): ReadonlySet<string> {
  const named = [...pairsOf(raw)]
    .filter(([name]) => name.toLowerCase() === "connection")
    .flatMap(([, value]) => value.split(","));
  return new Set([...HOP_BY_HOP, ...named.map((name) => name.trim().toLowerCase())]);
}

/**
 * A call's headers as they are passed on, in its order and spelling, and `added` after them. `Host`
 * is the upstream's own, unless added; the length is told anew; whoever expected `100 Continue` has
 * got it.
 */
export function requestHeaders(
  raw: RawHeaders,
  without: ReadonlySet<string>,
  added: AnswerHeaders,
): string[] {
  const dropped = new Set([...hopByHop(raw), "host", "content-length", "expect"]);
  const headers: string[] = [];
  for (const [name, value] of pairsOf(raw)) {
    const lower = name.toLowerCase();
    // HTTP/2's own fields begin with a colon.
    if (name.startsWith(":") || dropped.has(lower) || without.has(lower)) continue;
    headers.push(name, value);
  }
  for (const [name, values] of Object.entries(added)) {
    for (const value of [values].flat()) headers.push(name, value);
  }
  return headers;
}

/** An upstream's headers as they are given to the caller, and `added` after them. */
export function responseHeaders(raw: RawHeaders, added: AnswerHeaders): Record<string, string[]> {
  const dropped = hopByHop(raw);
  const spelt = new Map<string, string>();
  const headers: Record<string, string[]> = {};
  const add = (name: string, value: string): void => {
    const lower = name.toLowerCase();
    const known = spelt.get(lower);
    if (known === undefined) {
      spelt.set(lower, name);
      headers[name] = [value];
    } else if (!isSingleValue(name)) headers[known]!.push(value);
  };
  for (const [name, value] of pairsOf(raw)) {
    if (!dropped.has(name.toLowerCase())) add(name, value);
  }
  for (const [name, values] of Object.entries(added)) {
    for (const value of [values].flat()) add(name, value);
  }
  return headers;
}
