import { isUtf8 } from "node:buffer";
import { jsonScalars } from "../../profile/in-record/index.ts";
import { preparedRequest, type PreparedRequest } from "../prepare.ts";
import type { JsonPath, RequestPlace } from "./rule.ts";

type Parts = Parameters<typeof preparedRequest>[0];

/** A request that is being changed: parts are copied when the first of them changes. */
export class Draft {
  readonly #request: PreparedRequest;
  #parts: Parts | null = null;

  constructor(request: PreparedRequest) {
    this.#request = request;
  }

  get parts(): Parts {
    return this.#parts ?? this.#request;
  }

  set(change: Partial<Parts>): void {
    const { body, headers, method, path, route } = this.parts;
    this.#parts = { body, headers, method, path, route, ...change };
  }

  /** The request itself when nothing has changed. */
  done(): PreparedRequest {
    return this.#parts === null ? this.#request : preparedRequest(this.#parts);
  }
}

/** Makes the new text of a place from what stands there; null is a place that is not there yet. */
export type Make = (captured: string | null) => string | null;

/** Puts a value in its place. False when the request has no such place and none is made. */
export function put(draft: Draft, to: RequestPlace, make: Make): boolean {
  switch (to.kind) {
    case "header":
      return putHeader(draft, to.name, make);
    case "cookie":
      return putCookies(draft, (jar) => {
        const made = make(jar.get(to.name) ?? null);
        if (made === null) return jar.has(to.name);
        jar.set(to.name, made);
        return true;
      });
    case "query":
      return putQuery(draft, to.name, make);
    case "path":
      return putSegment(draft, to.segment, make);
    case "json":
      return putJson(draft, to.path, make);
  }
}

function putHeader(draft: Draft, name: string, make: Make): boolean {
  const { headers } = draft.parts;
  let found = false;
  const made = headers.map((text, i) => {
    if (i % 2 === 0 || headers[i - 1]!.toLowerCase() !== name) return text;
    found = true;
    return make(text) ?? text;
  });
  if (!found) {
    const added = make(null);
    if (added === null) return false;
    made.push(name, added);
  }
  if (made.length !== headers.length || made.some((text, i) => text !== headers[i])) {
    draft.set({ headers: made });
  }
  return true;
}

/**
 * Lets `change` see and change the request's cookies by name, in order. Several cookie headers
 * become one, and a header that is left without cookies goes. A repeated name keeps its first value.
 */
export function putCookies(draft: Draft, change: (jar: Map<string, string>) => boolean): boolean {
  const { headers } = draft.parts;
  const jar = new Map<string, string>();
  let at = -1;
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i]!.toLowerCase() !== "cookie") continue;
    if (at === -1) at = i;
    for (const pair of headers[i + 1]!.split(";")) {
      const equals = pair.indexOf("=");
      const name = pair.slice(0, Math.max(0, equals)).trim();
      if (name !== "" && !jar.has(name)) jar.set(name, pair.slice(equals + 1).trim());
    }
  }
  const before = new Map(jar);
  const did = change(jar);
  const same = jar.size === before.size && [...jar].every(([name, v]) => before.get(name) === v);
  if (same) return did;
  const text = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
  const made: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i]!.toLowerCase() !== "cookie") made.push(headers[i]!, headers[i + 1]!);
    else if (i === at && text !== "") made.push(headers[i]!, text);
  }
  if (at === -1) made.push("cookie", text);
  draft.set({ headers: made });
  return did;
}

function decodedName(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}

function putQuery(draft: Draft, name: string, make: Make): boolean {
  const { path } = draft.parts;
  const mark = path.indexOf("?");
  if (mark === -1) return false;
  let found = false;
  const pairs = path
    .slice(mark + 1)
    .split("&")
    .map((pair) => {
      const [key = "", value] = pair.split(/=(.*)/s, 2);
      if (value === undefined || decodedName(key) !== name) return pair;
      found = true;
      const made = make(decodedName(value));
      return made === null ? pair : `${key}=${encodeURIComponent(made)}`;
    });
  const now = `${path.slice(0, mark)}?${pairs.join("&")}`;
  if (now !== path) draft.set({ path: now });
  return found;
}

function putSegment(draft: Draft, segment: number, make: Make): boolean {
  const [bare = ""] = draft.parts.path.split("?", 1);
  const segments = bare.split("/");
  // Before the first slash there is nothing: segment 0 stands behind it.
  const captured = segments[segment + 1];
  if (captured === undefined || captured === "") return false;
  const made = make(decodedName(captured.replaceAll("+", "%2B")));
  if (made === null) return true;
  segments[segment + 1] = encodeURIComponent(made);
  const now = segments.join("/") + draft.parts.path.slice(bare.length);
  if (now !== draft.parts.path) draft.set({ path: now });
  return true;
}

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;

const decodedJson = (raw: string): string => {
  try {
    return JSON.parse(`"${raw}"`) as string;
  } catch {
    return raw;
  }
};

function putJson(draft: Draft, path: JsonPath, make: Make): boolean {
  const { body, headers } = draft.parts;
  const coded = headers.some((name, i) => i % 2 === 0 && /^content-encoding$/i.test(name));
  if (body === null || coded || !isUtf8(body)) return false;
  const text = body.toString("utf8");
  let [now, from] = ["", 0];
  for (const scalar of jsonScalars(text)) {
    if (scalar.path.length !== path.length || scalar.path.some((step, i) => step !== path[i])) {
      continue;
    }
    const raw = text.slice(scalar.from, scalar.to);
    const isText = scalar.kind === "string";
    const made = make(isText ? decodedJson(raw) : raw);
    // A captured number stays one where it can.
    const quoted = JSON.stringify(made);
    const asNumber = scalar.kind === "number" && NUMBER.test(made ?? "");
    const bare = isText ? quoted.slice(1, -1) : asNumber ? made : quoted;
    now += text.slice(from, scalar.from) + (made === null ? raw : bare);
    from = scalar.to;
  }
  if (from === 0) return false;
  now += text.slice(from);
  if (now !== text) draft.set({ body: Buffer.from(now) });
  return true;
}
