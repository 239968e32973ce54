import { ABSENT } from "./json-difference.ts";

const CHARS_MAX = 60;
/** What is named so is not told: it would stand in reports that are passed on. */
const SECRET =
  /auth|cookie|credential|passphrase|passw|private|secret|session|token|api[-_]?key|e-?mail|phone|address|iban|card|ssn|birth|(?:first|last|full|user)_?name/i;
/** What looks like a secret, or like a person, whatever it is called. */
const LOOKS_SECRET = /@|^[\w+/=.-]{24,}$|^\+?[\d ()-]{9,}$/;
/** An id of the usual form, or a moment: long, and nobody's. */
const PLAIN_LONG = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$|^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/i;

const cut = (text: string): string =>
  text.length <= CHARS_MAX ? text : `${text.slice(0, CHARS_MAX - 1)}…`;

function shownText(text: string): string {
  if (LOOKS_SECRET.test(text) && !PLAIN_LONG.test(text)) return `(${text.length} characters)`;
  return cut(JSON.stringify(text));
}

/**
 * A value of an answer as a report may show it: short, and without what looks like a secret or a
 * person. `field` is where it was found.
 */
export function shownValue(field: string, value: unknown): string {
  if (value === ABSENT) return "(absent)";
  if (value === null || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return `[${value.length} elements]`;
  if (typeof value === "object") return `{${Object.keys(value).length} members}`;
  if (SECRET.test(field)) return "(not told)";
  if (typeof value === "string") return shownText(value);
  return cut(JSON.stringify(value) ?? "");
}
