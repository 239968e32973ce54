import { bytes as b } from "../../http1/index.ts";

const QUOTE = 0x22;
const EQUALS = 0x3d;
const BACKSLASH = 0x5c;

/**
 * Where the chunk extensions end that begin at `at`: names, and values that are tokens or in quotes.
 * Where they are none it stops at what is wrong. Source: RFC 9112 §7.1.1, without its blanks.
 */
export function endOfExtensions(bytes: Uint8Array, at: number, end: number): number {
  let i = at;
  while (i < end && bytes[i] === b.SEMICOLON) {
    const nameTo = b.endOfToken(bytes, i + 1, end);
    if (nameTo === end) return end;
    if (nameTo === i + 1) return i;
    i = bytes[nameTo] === EQUALS ? endOfValue(bytes, nameTo + 1, end) : nameTo;
  }
  return i;
}

function endOfValue(bytes: Uint8Array, at: number, end: number): number {
  if (bytes[at] !== QUOTE || at === end) {
    const to = b.endOfToken(bytes, at, end);
    // Without a value, the name's equals sign is what is wrong.
    return to === at && to < end ? at - 1 : to;
  }
  let i = at + 1;
  while (i < end && bytes[i] !== QUOTE) {
    if (bytes[i] === BACKSLASH) i++;
    // A line that ends within quotes is wrong where they begin.
    if (i < end && b.endOfText(bytes, i, i + 1) === i) return at;
    i++;
  }
  return Math.min(i + 1, end);
}
