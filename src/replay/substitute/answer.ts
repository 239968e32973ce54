import { decodedBody, headerValues } from "../content-coding.ts";
import type { JsonPath } from "./rule.ts";

/** Larger answers hold no token; reading them would make the generator late. */
const READ_MAX_BYTES = 1_024 * 1_024;

/** What a body says as JSON; undefined when it is none, too large, or in an unknown content coding. */
export function jsonAnswer(headers: readonly string[], body: Buffer): unknown {
  const plain = decodedBody(headers, body, READ_MAX_BYTES);
  if (plain === null) return undefined;
  try {
    return JSON.parse(plain.toString("utf8"));
  } catch {
    return undefined;
  }
}

/** The text at that place: strings, and numbers that are exact. Undefined when there is none. */
export function textAt(json: unknown, path: JsonPath): string | undefined {
  let at = json;
  for (const step of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, step)) return undefined;
    at = (at as Record<string | number, unknown>)[step];
  }
  if (typeof at === "string") return at;
  const exact = typeof at === "number" && (Number.isSafeInteger(at) || !Number.isInteger(at));
  return exact ? String(at) : undefined;
}

/** One `set-cookie`: the value is null when it deletes. */
export interface SetCookie {
  readonly name: string;
  readonly value: string | null;
}

/** A day into 1970: the moment that servers use to say "delete", where they tell no time of their own. */
const LONG_AGO_MS = 86_400_000;

/**
 * Reads the cookies that an answer sets. Max-Age at or below 0 deletes, else an Expires that is not
 * after the answer's own Date (or is in the first day of 1970). Path, domain and the other
 * attributes are ignored: the replay speaks to one target.
 */
export function cookiesSet(headers: readonly string[]): SetCookie[] {
  return headerValues(headers, "set-cookie").flatMap((line) => {
    const [pair = "", ...attributes] = line.split(";");
    const equals = pair.indexOf("=");
    const name = pair.slice(0, Math.max(0, equals)).trim();
    if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)) return [];
    const said = new Map(
      attributes.map((attribute) => {
        const [key = "", ...rest] = attribute.split("=");
        return [key.trim().toLowerCase(), rest.join("=").trim()];
      }),
    );
    const maxAge = said.get("max-age");
    const expiresMs = Date.parse(said.get("expires") ?? "");
    const nowMs = Date.parse(headerValues(headers, "date")[0] ?? "");
    const deletes =
      maxAge !== undefined && /^-?\d+$/.test(maxAge)
        ? Number(maxAge) <= 0
        : expiresMs <= (Number.isNaN(nowMs) ? LONG_AGO_MS : nowMs);
    return [{ name, value: deletes ? null : pair.slice(equals + 1).trim() }];
  });
}
