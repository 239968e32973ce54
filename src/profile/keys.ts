import { decodedText, type Escapes } from "./escaped-text.ts";
import { identityOf, isSessionCookie, isSessionHeader } from "./identity-names.ts";
import { jsonScalars } from "./in-record/json-scalars.ts";
import type { ProfileRecord } from "./record.ts";

/** Where an identity was found; `session` wherever it belongs to one user rather than to a thing. */
export type KeyClass = "path" | "query" | "body" | "session";

/** One identity in a record. */
export interface RecordKey {
  readonly class: KeyClass;
  /** The value as it is meant: escapes undone. */
  readonly value: string;
  /** Which text of the record it stands in: its path, its body's data, or the header of that index. */
  readonly text: "path" | "body" | number;
  /** Of its raw text, in UTF-16 units of that text. */
  readonly from: number;
  readonly to: number;
  readonly escapes: Escapes;
}

type Place = Pick<RecordKey, "text" | "escapes">;

/** What stands for a template's name in a segment; names of other makers match anything. */
const NAMED: Readonly<Record<string, string>> = {
  "{id}": String.raw`(\d+)`,
  "{uuid}": "([0-9a-f-]{36})",
  "{hash}": "([0-9a-f]{16,})",
};
/** A file's ending says what a thing is, not which. */
const ENDING = /\.[a-z][a-z0-9]{1,4}$/i;

const segmentPatterns = new Map<string, RegExp>();

function segmentPattern(template: string): RegExp {
  const known = segmentPatterns.get(template);
  if (known !== undefined) return known;
  const source = template
    .split(/(\{\w+\})/)
    .map((part, i) =>
      i % 2 === 0 ? part.replaceAll(/[^\w]/g, String.raw`\$&`) : (NAMED[part] ?? "(.+?)"),
    )
    .join("");
  const pattern = new RegExp(`^${source}$`, "di");
  // Templates are few; a profile in which every path is one must not be kept here.
  if (segmentPatterns.size < 10_000) segmentPatterns.set(template, pattern);
  return pattern;
}

function key(
  raw: string,
  at: number,
  place: Place,
  classOf: (value: string) => KeyClass | null,
): RecordKey[] {
  const value = decodedText(raw, place.escapes);
  const found = classOf(value);
  return found === null
    ? []
    : [
        {
          class: found,
          value,
          from: at,
          to: at + raw.length,
          text: place.text,
          escapes: place.escapes,
        },
      ];
}

function pathKeys(path: string, route: string): RecordKey[] {
  const template = route.slice(route.indexOf("/")).split("/");
  const segments = path.split("/");
  if (template.length !== segments.length) return [];
  const keys: RecordKey[] = [];
  let at = 0;
  for (const [i, segment] of segments.entries()) {
    const named = template[i]!;
    const match = named.includes("{") ? segmentPattern(named).exec(segment) : null;
    for (const span of match?.indices?.slice(1) ?? []) {
      if (span === undefined) continue;
      const raw = segment.slice(...span).replace(named === "{slug}" ? ENDING : /$^/, "");
      keys.push(
        ...key(raw, at + span[0], { text: "path", escapes: "percent" }, (value) =>
          /[0-9a-z]/i.test(value) ? "path" : null,
        ),
      );
    }
    at += segment.length + 1;
  }
  return keys;
}

/** The identities among `name=value` pairs. */
function pairKeys(text: string, at: number, place: Place, own: "query" | "body"): RecordKey[] {
  const keys: RecordKey[] = [];
  let from = at;
  for (const pair of text.split("&")) {
    const equals = pair.indexOf("=");
    if (equals > 0) {
      const name = decodedText(pair.slice(0, equals), "form");
      const classOf = (value: string) => classIn(own, name, value);
      keys.push(...key(pair.slice(equals + 1), from + equals + 1, place, classOf));
    }
    from += pair.length + 1;
  }
  return keys;
}

function classIn(own: "query" | "body", name: string, value: string): KeyClass | null {
  const identity = identityOf(name, value);
  return identity === "key" ? own : identity;
}

function jsonKeys(text: string): RecordKey[] {
  const keys: RecordKey[] = [];
  for (const { kind, path, from, to } of jsonScalars(text)) {
    const raw = text.slice(from, to);
    if (kind === "literal" || (kind === "number" && !/^\d+$/.test(raw))) continue;
    // What stands in a list is named by the list: `"ids": [7, 8]`.
    const name = path.findLast((step) => typeof step === "string") ?? "";
    const escapes = kind === "string" ? "json" : "none";
    keys.push(
      ...key(raw, from, { text: "body", escapes }, (value) => classIn("body", name, value)),
    );
  }
  return keys;
}

function bodyKeys({ body, headers }: ProfileRecord): RecordKey[] {
  // Base64 means bytes that are no text: compressed or multipart, whose parts cannot be told here.
  if (body === undefined || body.encoding !== "utf8") return [];
  const { data } = body;
  if (/^\s*[{[]/.test(data)) return jsonKeys(data);
  const type = headers.find(([name]) => name === "content-type")?.[1] ?? "";
  if (!type.includes("form-urlencoded")) return [];
  return pairKeys(data, 0, { text: "body", escapes: "form" }, "body");
}

function cookieKeys(header: string, index: number): RecordKey[] {
  const keys: RecordKey[] = [];
  for (const { 1: name = "", 2: raw = "", indices } of header.matchAll(/([^=;\s]+)=([^;]*)/dg)) {
    const at = indices![2]![0];
    keys.push(
      ...key(raw.trimEnd(), at, { text: index, escapes: "percent" }, (value) =>
        isSessionCookie(name, value) ? "session" : null,
      ),
    );
  }
  return keys;
}

function headerKeys(headers: ProfileRecord["headers"]): RecordKey[] {
  return headers.flatMap(([name, text], index) => {
    if (name === "cookie") return cookieKeys(text, index);
    if (name !== "authorization" && !isSessionHeader(name)) return [];
    // Credentials in parts (Digest, signatures) name their parts, which must stay as they are.
    const token = /^(?:[\w-]+ +)?([^\s"]+)$/d.exec(text);
    const [at] = token?.indices?.[1] ?? [0];
    return key(token?.[1] ?? "", at, { text: index, escapes: "none" }, (value) =>
      /[0-9a-z]/i.test(value) ? "session" : null,
    );
  });
}

/**
 * The identities in a record, each with its place: what the route's template names in the path
 * (a file's ending aside), and what identifies something in the query, in a JSON or form body, and
 * in cookies, `authorization` and headers named like a token, told by name and form. Page numbers,
 * flags, measures, moments and choices are none; nor are bodies that are not text, `referer`, and
 * what a name like `x-api-key` gives to a program rather than a user.
 */
export function keysOf(record: ProfileRecord): RecordKey[] {
  const { path, route } = record;
  const mark = path.indexOf("?");
  const bare = mark === -1 ? path : path.slice(0, mark);
  const place: Place = { text: "path", escapes: "form" };
  return [
    ...pathKeys(bare, route),
    ...(mark === -1 ? [] : pairKeys(path.slice(mark + 1), mark + 1, place, "query")),
    ...bodyKeys(record),
    ...headerKeys(record.headers),
  ];
}

/**
 * What a request asks for, as a cache would tell it from others: its method and path with the
 * identities in its query and body, in order; null when it has no identity outside of its headers.
 */
export function requestKey(record: ProfileRecord, keys = keysOf(record)): string | null {
  const asked = keys.filter(({ text }) => typeof text === "string");
  if (asked.length === 0) return null;
  const [bare] = record.path.split("?", 1);
  const values = asked.flatMap((one) => (one.escapes === "percent" ? [] : one.value));
  return JSON.stringify([record.method, bare, ...values]);
}
