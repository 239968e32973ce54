import { createHmac, createSecretKey, hash, type KeyObject } from "node:crypto";

/**
 * Replaces values by pseudonyms that look like them. Under one key equal values get equal
 * pseudonyms, so that sessions, joins and cache keys survive; without the key nobody gets back.
 */
export interface Pseudonyms {
  /**
   * A text of the same length in characters and in bytes: digit for digit (never a new leading
   * zero), letter for letter of the same case, hex for hex, anything else beyond ASCII for its
   * like; ASCII punctuation stays. Never the text itself, unless that is all punctuation.
   */
  text(value: string): string;
  /** An IPv4 or IPv6 literal of the same length, valid again. */
  ip(value: string): string;
  /** A card number of the same length, with the same first digit, that passes Luhn's check again. */
  card(value: string): string;
  /** An identifier of 16 hex digits, for what must not be read at all. */
  id(value: string): string;
}

const HEX_TEXT = /^[0-9a-fA-F-]{8,}$/;
const BLOCK_BYTES = 32;
const TRIES_MAX = 64;
const ID_CHARS = 16;
/** Longer texts are rare. */
const HMAC_TEXT_BYTES = 4_096;
/** A character of UTF-16 takes at most three bytes in UTF-8. */
const BYTES_PER_CHAR_MAX = 3;

/** Bytes that depend on key and seed alone, as many as are asked for. */
function byteStream(key: KeyObject, seed: Buffer): () => number {
  let [block, at, count] = [seed, 0, 0];
  return () => {
    if (at === BLOCK_BYTES) {
      block = createHmac("sha256", key).update(seed).update(String(count++)).digest();
      at = 0;
    }
    return block[at++]!;
  };
}

const from = (first: number, size: number, byte: number): string =>
  String.fromCodePoint(first + (byte % size));

/** The like of one character, at a byte's choice. */
function likeOf(char: string, hex: boolean, next: () => number): string {
  const code = char.codePointAt(0)!;
  if (code === 48) return from(48, 10, next());
  if (code >= 49 && code <= 57) return from(49, 9, next());
  if (code >= 65 && code <= 90) return from(65, hex ? 6 : 26, next());
  if (code >= 97 && code <= 122) return from(97, hex ? 6 : 26, next());
  if (code < 0x80) return char;
  // Blocks that take as many bytes in UTF-8, and in Latin-1 where the character did.
  if (code < 0x800) return from(0xe0, 23, next());
  return code < 0x10000 ? from(0x4e00, 256, next()) : from(0x1f300, 256, next());
}

const octetLike = (octet: string, next: () => number): string => {
  const byte = next();
  if (octet.length === 1) return String(1 + (byte % 9));
  return String(octet.length === 2 ? 10 + (byte % 90) : 100 + (byte % 156));
};

/** The digit that completes a number so that it passes Luhn's check. */
function luhnDigit(digits: string): string {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    const doubled = i % 2 === 0 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return String((10 - (sum % 10)) % 10);
}

function cardLike(value: string, next: () => number): string {
  const digits = value.replace(/\D/g, "");
  let made = digits[0]!;
  while (made.length < digits.length - 1) made += from(48, 10, next());
  made += luhnDigit(made);
  let at = 0;
  return value.replace(/\d/g, () => made[at++]!);
}

/**
 * HMAC-SHA256 of texts under one key, in hex, as RFC 2104 defines it: Node's own takes three times
 * as long, most of it for making the object.
 */
function createHmacHex(keyBytes: Buffer): (text: string) => string {
  const key = Buffer.alloc(BLOCK_BYTES * 2);
  (keyBytes.length > key.length ? hash("sha256", keyBytes, "buffer") : keyBytes).copy(key);
  /** The key under a pad, and room for what follows it. */
  const padded = (pad: number, bytes: number): Buffer =>
    Buffer.concat([key.map((byte) => byte ^ pad)], key.length + bytes);
  let inner = padded(0x36, HMAC_TEXT_BYTES);
  const outer = padded(0x5c, BLOCK_BYTES);
  return (text) => {
    const bytesMax = text.length * BYTES_PER_CHAR_MAX;
    if (key.length + bytesMax > inner.length) inner = padded(0x36, bytesMax);
    const end = key.length + inner.write(text, key.length);
    // A buffer of its own would take longer than the hash.
    outer.write(hash("sha256", inner.subarray(0, end), "binary"), key.length, "latin1");
    return hash("sha256", outer, "hex");
  };
}

/** Makes pseudonyms under a key. The key is never written anywhere. */
export function createPseudonyms(keyBytes: Buffer): Pseudonyms {
  const key = createSecretKey(keyBytes);
  const hmacHex = createHmacHex(keyBytes);
  /** Tries again where chance gave the value back: `7` must not become `7`. */
  const differing = (value: string, make: (next: () => number) => string): string => {
    for (let attempt = 0; attempt < TRIES_MAX; attempt++) {
      const seed = Buffer.from(hmacHex(`${attempt}\0${value}`), "hex");
      const made = make(byteStream(key, seed));
      if (made !== value) return made;
    }
    return value;
  };
  return {
    text(value) {
      const hex = HEX_TEXT.test(value);
      return differing(value, (next) => {
        let made = "";
        for (const char of value) made += likeOf(char, hex, next);
        return made;
      });
    },
    ip(value) {
      if (value.includes(":") && !value.includes(".")) {
        return differing(value, (next) =>
          value.replace(/[0-9a-f]/gi, (char) => likeOf(char, true, next)),
        );
      }
      const colon = value.lastIndexOf(":") + 1;
      return differing(value, (next) => {
        const head = value
          .slice(0, colon)
          .replace(/[0-9a-f]/gi, (char) => likeOf(char, true, next));
        return head + value.slice(colon).replace(/\d+/g, (octet) => octetLike(octet, next));
      });
    },
    card(value) {
      return differing(value, (next) => cardLike(value, next));
    },
    id: (value) => hmacHex(`id\0${value}`).slice(0, ID_CHARS),
  };
}
