/** The bytes of HTTP/1.1's grammar. */
export const HT = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SP = 0x20;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;

/** What a line's parser says instead of where the next line begins. */
export const INCOMPLETE = -1;
export const INVALID = -2;

const TOKEN = 1;
const TEXT = 2;

/**
 * For each byte, whether it may be in a token (a header's name), and in text (a header's value, a
 * reason, a chunk's extension): everything but control bytes, tab aside. Source: RFC 9110 §5.5,
 * §5.6.2.
 */
const CLASS = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) {
  if (byte === HT || (byte >= SP && byte !== 0x7f)) CLASS[byte] = TEXT;
  if (/^[\w!#$%&'*+.^`|~-]$/.test(String.fromCharCode(byte))) CLASS[byte]! |= TOKEN;
}

/** Where the token that begins at `at` ends. */
export function endOfToken(bytes: Uint8Array, at: number, end: number): number {
  let i = at;
  while (i < end && (CLASS[bytes[i]!]! & TOKEN) !== 0) i++;
  return i;
}

/** Where the text that begins at `at` ends. */
export function endOfText(bytes: Uint8Array, at: number, end: number): number {
  let i = at;
  while (i < end && (CLASS[bytes[i]!]! & TEXT) !== 0) i++;
  return i;
}

/**
 * Where the next line begins, when this one ends at `at`. A line ends with CR and LF, nothing
 * less: a bare LF is invalid, as llhttp has it unless told to be lenient.
 */
export function lineEnd(bytes: Uint8Array, at: number, end: number): number {
  if (at + 1 < end && bytes[at] === CR && bytes[at + 1] === LF) return at + 2;
  if (at === end || (at + 1 === end && bytes[at] === CR)) return INCOMPLETE;
  return invalid(bytes, at, end);
}

/**
 * A line is judged when its LF is there, so that the verdict is the same however the bytes were
 * split into reads.
 */
export function invalid(bytes: Uint8Array, at: number, end: number): number {
  for (let i = at; i < end; i++) if (bytes[i] === LF) return INVALID;
  return INCOMPLETE;
}

/** A word in lower case, to look for. */
export const word = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "latin1"));

/** Whether these bytes are that word, in whatever case. Words are letters and hyphens. */
export function isWord(bytes: Uint8Array, from: number, to: number, wanted: Uint8Array): boolean {
  if (to - from !== wanted.length) return false;
  for (let i = 0; i < wanted.length; i++) if ((bytes[from + i]! | 0x20) !== wanted[i]) return false;
  return true;
}

/** Whether one of the elements of a comma-separated list is that word. */
export function listHas(bytes: Uint8Array, from: number, to: number, wanted: Uint8Array): boolean {
  for (let at = from; at <= to; at++) {
    const start = at;
    while (at < to && bytes[at] !== COMMA) at++;
    if (elementIs(bytes, start, at, wanted)) return true;
  }
  return false;
}

/** Whether the last element of a comma-separated list is that word. */
export function listEndsWith(
  bytes: Uint8Array,
  from: number,
  to: number,
  wanted: Uint8Array,
): boolean {
  let start = to;
  while (start > from && bytes[start - 1] !== COMMA) start--;
  return elementIs(bytes, start, to, wanted);
}

function elementIs(bytes: Uint8Array, from: number, to: number, wanted: Uint8Array): boolean {
  let start = from;
  while (start < to && isBlank(bytes[start]!)) start++;
  let stop = to;
  while (stop > start && isBlank(bytes[stop - 1]!)) stop--;
  return isWord(bytes, start, stop, wanted);
}

/** The value of a hexadecimal digit; negative: it is none. */
export function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

export const isBlank = (byte: number): boolean => byte === SP || byte === HT;
