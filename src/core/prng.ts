import type { xor4096 } from "seedrandom";
import { lazily } from "./lazily.ts";

/** A stream of uniform numbers in [0, 1). */
export type Prng = () => number;

/** One of the package's eight generators, without the others. */
const generator = lazily("seedrandom/lib/xor4096.js") as () => typeof xor4096;

/** A seeded stream: the same seed gives the same numbers on every machine. */
export function seededPrng(seed: string): Prng {
  return generator()(seed);
}

/**
 * Chance that is keyed, not streamed: a number depends on what it is for, never on how many were
 * drawn before it. Both arms, given the same key, have the same luck.
 */
export interface Draw {
  /** Uniform in the open interval (0, 1), for the named field; the same name gives the same number. */
  uniform(field: string): number;
}

const mix = (h: number): number => {
  let x = h;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
};

const absorb = (hash: number, word: number): number => {
  const scaled = Math.imul(word, 0xcc9e2d51);
  // A rotation, which loses nothing: two words never become one.
  const k = Math.imul((scaled << 15) | (scaled >>> 17), 0x1b873593);
  const rotated = ((hash ^ k) << 13) | ((hash ^ k) >>> 19);
  return (Math.imul(rotated, 5) + 0xe6546b64) | 0;
};

/**
 * A 32-bit hash of a text (murmur3's mixing, one UTF-16 unit a step), for keys that live in one
 * run. Not for security.
 */
export function hashText(text: string, seed = 0): number {
  let hash = seed | 0;
  for (let i = 0; i < text.length; i++) hash = absorb(hash, text.charCodeAt(i));
  return mix(hash ^ text.length);
}

/** A hash of a text as an integer below 2^53, for identifying keys (method, path, body). */
export function hashText53(text: string): number {
  return (hashText(text, 0x9e3779b9) & 0x1fffff) * 2 ** 32 + hashText(text, 0x85ebca77);
}

type Key = readonly (string | number)[];

/** What a key's parts come to: two halves. */
function keyHash(parts: Key): { high: number; low: number } {
  let high = 0x2545f491;
  let low = 0x6c078965;
  for (const part of parts) {
    if (typeof part === "string") {
      high = absorb(high, hashText(part, high));
      low = absorb(low, hashText(part, low));
    } else {
      const [upper, lower] = [Math.floor(part / 2 ** 32) | 0, part | 0];
      high = absorb(absorb(high, upper), lower);
      low = absorb(absorb(low, lower), upper);
    }
  }
  return { high, low };
}

function uniformOf(high: number, low: number, field: string, fieldHash: number): number {
  const a = mix(absorb(high, fieldHash));
  const b = mix(absorb(low, hashText(field, a)));
  // 52 bits and a half step: never 0, never 1.
  return ((a >>> 6) * 2 ** 26 + (b >>> 6) + 0.5) / 2 ** 52;
}

const fieldHashOf = (field: string): number => hashText(field, 0x51ed270b);

/**
 * The draw for one key, e.g. `(seed, dependency, request, attempt)`. Parts are texts or integers
 * of up to 53 bits; different parts give independent draws.
 */
export function keyedDraw(...parts: Key): Draw {
  const { high, low } = keyHash(parts);
  return { uniform: (field) => uniformOf(high, low, field, fieldHashOf(field)) };
}

/** `keyedDraw(...parts, index).uniform(field)` for the indices below `count` (at most 2^31). */
export function uniformDraws(parts: Key, count: number, field: string): Float64Array {
  const { high, low } = keyHash(parts);
  const fieldHash = fieldHashOf(field);
  const draws = new Float64Array(count);
  for (let index = 0; index < count; index++) {
    const [h, l] = [absorb(absorb(high, 0), index), absorb(absorb(low, index), 0)];
    draws[index] = uniformOf(h, l, field, fieldHash);
  }
  return draws;
}
