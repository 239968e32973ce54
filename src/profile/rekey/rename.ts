import { createHash } from "node:crypto";
import { hashText } from "../../core/index.ts";
import { isFlag } from "../identity-names.ts";

/** What may stand in one place of a value; a form is one of these for each UTF-16 unit. */
const ALPHABETS = [
  "", // the character stays
  "0123456789",
  "123456789",
  "abcdefghijklmnopqrstuvwxyz",
  "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
  "0123456789abcdef",
  "0123456789ABCDEF",
] as const;
const [STAYS, DIGIT, LEADING_DIGIT, LOWER, UPPER, HEX, UPPER_HEX] = [0, 1, 2, 3, 4, 5, 6] as const;
const BITS = ALPHABETS.map(({ length }) => Math.log2(Math.max(1, length)));
type Form = Uint8Array;

const UUID_OR_HEX =
  /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|(?<![0-9a-z])[0-9a-f]{16,}(?![0-9a-z])/gi;
/** Where a UUID says its version and its variant. */
const UUID_FIXED: ReadonlySet<number> = new Set([14, 19]);

/** From here on no list of what is taken is kept: of ten million names, two are one once in 10^5 runs. */
const AMPLE_BITS = 64;
const TRIES = 64;
/** After so many tries it is asked whether the form is known to be full. */
const EASY_TRIES = 8;

const isDigit = (code: number): boolean => code >= 48 && code <= 57;

function formOf(value: string): Form {
  const form = new Uint8Array(value.length);
  let allDigits = true;
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (isDigit(code)) {
      form[i] = i > 0 && isDigit(value.charCodeAt(i - 1)) ? DIGIT : LEADING_DIGIT;
      continue;
    }
    allDigits = false;
    form[i] = code >= 97 && code <= 122 ? LOWER : code >= 65 && code <= 90 ? UPPER : STAYS;
  }
  if (allDigits || value.length < 16) return form;
  for (const { 0: run, index } of value.matchAll(UUID_OR_HEX)) {
    const uuid = run.includes("-");
    const hex = /[A-F]/.test(run) ? UPPER_HEX : HEX;
    for (let i = 0; i < run.length; i++) {
      form[index + i] = uuid && (run[i] === "-" || UUID_FIXED.has(i)) ? STAYS : hex;
    }
  }
  return form;
}

const bitsOf = (form: Form): number => form.reduce((bits, kind) => bits + BITS[kind]!, 0);

/** Numbers below 256, for each place of a value. */
type Chance = (place: number) => number;

/** Without two values or copies ever having the same, in practice: 256 bits of state. */
function ampleChance(value: string, keys: readonly unknown[]): Chance {
  const hash = createHash("shake256", { outputLength: value.length });
  const bytes = hash.update(JSON.stringify([...keys, value])).digest();
  return (place) => bytes[place]!;
}

/** A fifth of the cost, with 32 bits of state: for names that are looked up among the taken ones. */
function quickChance(value: string, keys: readonly unknown[]): Chance {
  const state = hashText(value, hashText(keys.join(" ")));
  return (place) => hashText("name", state + place) >>> 24;
}

/** One try, or null when it has fallen into another form (hex that is all digits, a flag's word). */
function draw(value: string, form: Form, chance: Chance): string | null {
  let made = "";
  for (let i = 0; i < value.length; i++) {
    const alphabet = ALPHABETS[form[i]!]!;
    made += alphabet === "" ? value.charAt(i) : alphabet.charAt(chance(i) % alphabet.length);
  }
  if (made === value || isFlag(made)) return null;
  return Buffer.compare(form, formOf(made)) === 0 ? made : null;
}

/** All values of one form, as a text. */
const formText = (value: string, form: Form): string =>
  Array.from(form, (kind, i) => (kind === STAYS ? value.charAt(i) : `\0${kind}`)).join("");

/** Whose name it is to be: of a value, in one copy of a capture. */
export interface Naming {
  readonly seed: string;
  readonly copy: number;
}

/** Whether a value has so much room that its name needs no assigning, and nobody else's can be it. */
export const hasAmpleRoom = (value: string): boolean => bitsOf(formOf(value)) >= AMPLE_BITS;

/** The name of a value that was assigned one, at the attempt that it was assigned at. */
export function assignedName(value: string, { copy, seed }: Naming, attempt: number): string {
  return draw(value, formOf(value), quickChance(value, [seed, copy, attempt])) ?? value;
}

/** The name of a value with ample room. */
export function ampleName(value: string, { copy, seed }: Naming): string {
  const form = formOf(value);
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const made = draw(value, form, ampleChance(value, [seed, copy, attempt]));
    if (made !== null) return made;
  }
  return value;
}

/**
 * Finds new names of the same form and length for values with little room (below 64 bits): digits
 * for digits with the first not 0, hex of the same case, UUIDs of the same version and variant,
 * letters of the same case; all else stays. A value has one name in each copy, which is no value
 * of the capture and no other name of any copy. What is taken decides who gets what, so names are
 * assigned in an order that does not depend on chance.
 */
export class NameFinder {
  readonly #isTaken: (name: string) => boolean;
  readonly #take: (name: string) => void;
  /** Forms of which no free name was found, so that others of the form do not search again. */
  readonly #full = new Set<string>();

  constructor(isTaken: (name: string) => boolean, take: (name: string) => void) {
    this.#isTaken = isTaken;
    this.#take = take;
  }

  /** The attempt at which the value got a name; null when all names of its form are taken. */
  find(value: string, { copy, seed }: Naming): number | null {
    const form = formOf(value);
    for (let attempt = 0; attempt < TRIES; attempt++) {
      if (attempt === EASY_TRIES && this.#full.has(formText(value, form))) return null;
      const made = draw(value, form, quickChance(value, [seed, copy, attempt]));
      if (made === null || this.#isTaken(made)) continue;
      this.#take(made);
      return attempt;
    }
    this.#full.add(formText(value, form));
    return null;
  }
}
