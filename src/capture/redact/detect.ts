import { isIPv4, isIPv6 } from "node:net";

/** What gives itself away by its form, wherever it stands. */
export type DetectorRule = "jwt" | "email" | "card" | "ip";

export interface Span {
  readonly rule: DetectorRule;
  readonly from: number;
  readonly to: number;
}

/*
 * Each expression is anchored by a look-behind, so that a long run of characters is scanned once
 * and not once from each of its positions.
 */
const JWT = /(?<![\w-])eyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*/g;
const EMAIL =
  /(?<![\w.%+-])[\w.%+-]+@[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*\.[a-z]{2,24}(?![a-z0-9-])/gi;
/** `logo@2x.png` has an e-mail address's form and is a picture. */
const FILE_ENDING = /\.(?:png|jpe?g|gif|svg|webp|avif|ico|css|m?js|map|woff2?|ttf|html?|json)$/i;
const CARD = /(?<![\d.])[2-6]\d{3}(?:[ -]?\d){9,15}(?!\d)/g;
const IP4 = /(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)/g;
const IP6 = /(?<![\w:.])[0-9a-f:.]{1,44}[0-9a-f:](?![\w:]|\.\w)/gi;
/** What a card number or an address cannot be without: to be looked for first, being cheap. */
const TELLTALE = /[@:]|eyJ/;
const CARD_LIKE = /\d(?:[ -]?\d){12}/;
const IP4_LIKE = /\d\.\d{1,3}\.\d{1,3}\.\d/;
/** A version in a user agent (`Safari/5.0.4.1`, `rv:1.9.2.13`, `v="8.0.0.0"`) has an address's form. */
const VERSION_BEFORE = /(?:[A-Za-z]\/|\brv:|\bv=")$/;

function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    const doubled = i % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

function* matches(text: string, expression: RegExp, rule: DetectorRule): Generator<Span> {
  for (const match of text.matchAll(expression)) {
    yield { rule, from: match.index, to: match.index + match[0].length };
  }
}

function* candidates(text: string, agent: boolean): Generator<Span> {
  if (text.includes("eyJ")) yield* matches(text, JWT, "jwt");
  if (text.includes("@")) {
    for (const span of matches(text, EMAIL, "email")) {
      if (!FILE_ENDING.test(text.slice(span.from, span.to))) yield span;
    }
  }
  if (CARD_LIKE.test(text)) {
    for (const span of matches(text, CARD, "card")) {
      if (passesLuhn(text.slice(span.from, span.to).replace(/\D/g, ""))) yield span;
    }
  }
  if (IP4_LIKE.test(text)) {
    for (const span of matches(text, IP4, "ip")) {
      const before = text.slice(Math.max(0, span.from - 3), span.from);
      const version = agent && VERSION_BEFORE.test(before);
      if (!version && isIPv4(text.slice(span.from, span.to))) yield span;
    }
  }
  if (!text.includes(":")) return;
  for (const span of matches(text, IP6, "ip")) {
    const found = text.slice(span.from, span.to);
    if (found.includes(":") && /[0-9a-f]/i.test(found) && isIPv6(found)) yield span;
  }
}

/** Whether a text has nothing in it that any detector begins with. */
export const isHarmless = (text: string): boolean =>
  !TELLTALE.test(text) && !CARD_LIKE.test(text) && !IP4_LIKE.test(text);

/**
 * Finds tokens (JWT), e-mail addresses, card numbers and IP literals in a text: spans in order,
 * without overlap (the one that begins earlier wins, then the rule named earlier). `agent` says
 * that the text is a user agent, in which dotted numbers after a product's name are versions.
 */
export function detect(text: string, agent = false): Span[] {
  if (isHarmless(text)) return [];
  const apart: Span[] = [];
  for (const span of [...candidates(text, agent)].toSorted((a, b) => a.from - b.from)) {
    if (span.from >= (apart.at(-1)?.to ?? 0)) apart.push(span);
  }
  return apart;
}
