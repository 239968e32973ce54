/*
 * What identifies something, told by a value's name and its form. A name's words are split at
 * punctuation and at capitals (`lineItemId` is line, item, id); the last one says what it is.
 */

/** Values of such a name are identities whatever their form, flags aside. */
const IDENTITY = words(
  "id uuid guid uid key sku slug cart user customer account product item variant ean isbn asin gtin upc",
  "hash handle permalink",
);
const RUN_TOGETHER = /(?:user|product|item|order|cart|account|customer|variant)id$/;
/** Belongs to one user or sitting. */
const SESSION = /sess|token|csrf|xsrf|jwt/;
/** How many, which page, how ordered: never an identity, even of `max_tokens` or `page_token`. */
const MEASURE = words("max min count num total page next prev sort cursor");
/** Neither, unless the last word is one of `IDENTITY`: measures, moments, places, choices. */
const PLAIN = words(
  "per limit offset size quantity qty dir direction lang locale currency version v ver year month",
  "day hour date time timestamp ts t width height w h x y z lat lng lon latitude longitude price",
  "amount from to start end since until before after zoom quality q scale step rating score weight",
  "age port status state type kind format ttl timeout depth level index position rank cb rnd random",
  "nocache utf8 interval duration",
);
const FLAG =
  /^(?:true|false|yes|no|on|off|null|none|undefined|nan|asc|desc|all|any|me|self|current|new|default|guest)$/i;

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const HEX = /^[0-9a-f]{16,}$/i;
/** Long, of letters and digits, and of no other characters than encodings of bytes use. */
const OPAQUE = /^(?=.*\d)(?=.*[a-z])[\w+/=.~:-]{16,}$/i;

function words(...lines: readonly string[]): ReadonlySet<string> {
  return new Set(lines.join(" ").split(" "));
}

type Naming = "identity" | "session" | "plain" | "neutral";

function namingOf(name: string): Naming {
  const parts = name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((part) => part !== "");
  const last = parts.at(-1) ?? "";
  const one = last.length > 3 && last.endsWith("s") ? last.slice(0, -1) : last;
  const said = last === "ids" ? "id" : one;
  // Of the names of nothing but punctuation, `_` is the usual one that defeats caches.
  if (said === "") return "plain";
  if (said !== "id" && parts.some((part) => MEASURE.has(part))) return "plain";
  if (SESSION.test(name.toLowerCase()) || last.endsWith("sid")) return "session";
  if (IDENTITY.has(said) || RUN_TOGETHER.test(said)) return "identity";
  return parts.some((part) => PLAIN.has(part)) ? "plain" : "neutral";
}

/** Whether a text could be taken for a flag or a choice, and so must not become a key's name. */
export const isFlag = (value: string): boolean => FLAG.test(value);

const canBeRenamed = (value: string): boolean => /^(?=.*[0-9a-z])\S+$/i.test(value);

/**
 * What a value in a query or body is, by its (decoded) name and text: `key` when it identifies
 * something, `session` when it belongs to one user. Under a name that says nothing it is a key
 * when it is a UUID, hex of 16 digits or more, or a number of three digits or more: shorter ones
 * are more often counts and choices.
 */
export function identityOf(name: string, value: string): "key" | "session" | null {
  if (isFlag(value) || !canBeRenamed(value)) return null;
  const naming = namingOf(name);
  if (naming === "session") return "session";
  if (naming === "identity") return "key";
  if (naming === "plain") return null;
  return UUID.test(value) || HEX.test(value) || /^\d{3,}$/.test(value) ? "key" : null;
}

/** Whether a cookie's value tells one user from another: by its name, or by a form that no choice has. */
export function isSessionCookie(name: string, value: string): boolean {
  if (isFlag(value) || !canBeRenamed(value)) return false;
  const naming = namingOf(name);
  if (naming === "session" || naming === "identity") return true;
  return UUID.test(value) || HEX.test(value) || /^\d{6,}$/.test(value) || OPAQUE.test(value);
}

/** Whether a header of this name holds a user's token: `x-csrf-token`, `x-session-id`; no `x-api-key`. */
export function isSessionHeader(name: string): boolean {
  return namingOf(name) === "session";
}
