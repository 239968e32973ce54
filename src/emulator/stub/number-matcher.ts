import { z } from "zod";

const COMPARE = {
  equalToNumber: (actual: number, expected: number) => actual === expected,
  greaterThanNumber: (actual: number, expected: number) => actual > expected,
  greaterThanEqualNumber: (actual: number, expected: number) => actual >= expected,
  lessThanNumber: (actual: number, expected: number) => actual < expected,
  lessThanEqualNumber: (actual: number, expected: number) => actual <= expected,
} as const;
type Comparison = keyof typeof COMPARE;

/** What a text has to be as a number, such as `{ lessThanNumber: 10 }`. */
export type NumberMatcher = {
  [Name in Comparison]: Readonly<Record<Name, number>>;
}[Comparison];

export const NUMBER_OPERATORS = Object.keys(COMPARE) as readonly Comparison[];

const operatorOf = (matcher: object): Comparison | undefined =>
  NUMBER_OPERATORS.find((name) => name in matcher);

export const isNumberMatcher = (matcher: object): matcher is NumberMatcher =>
  operatorOf(matcher) !== undefined;

/** A decimal number, as JSON or a query writes it (`007` and `+1` too). */
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

export function compileNumberMatcher(matcher: NumberMatcher): (text: string) => boolean {
  const name = operatorOf(matcher)!;
  const expected = (matcher as Readonly<Record<string, number>>)[name]!;
  const holds = COMPARE[name];
  return (text) => DECIMAL.test(text) && holds(Number(text), expected);
}

export const numberMatcherSchemas = NUMBER_OPERATORS.map(
  (name) => z.strictObject({ [name]: z.number() }) as unknown as z.ZodType<NumberMatcher>,
);
