import { helper, type HoverflyHelper, type HoverflyHelpers } from "./helper.ts";

const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;

/** Go's `ParseFloat`; null: it is no number. Hexadecimal ones are not read. */
function numberOf(text: string): number | null {
  if (/^[+-]?nan$/i.test(text)) return Number.NaN;
  const infinite = INFINITE.exec(text);
  if (infinite !== null) return infinite[1] === "-" ? -Infinity : Infinity;
  const value = DECIMAL.test(text) ? Number(text) : Infinity;
  return Number.isFinite(value) ? value : null;
}

/** A finite number in all its digits, and so many places; those of larger ones are zeros. */
function fixed(value: number, places: number): string {
  if (Math.abs(value) < 1e21) return value.toFixed(places);
  return `${BigInt(value)}${places === 0 ? "" : `.${"0".repeat(places)}`}`;
}

/** `0.00` is so many places; without a format, as many as there are, six at most. */
function formatted(value: number, format: string): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
  if (format === "") return fixed(value, 6).replace(/0+$/, "").replace(/\.$/, "");
  const parts = format.split(".");
  const places = parts.length === 2 ? Math.min(parts[1]!.length, 100) : 0;
  if (Number.isInteger(value)) return fixed(value, places);
  const scale = 10 ** places;
  // Half away from zero.
  const rounded = (Math.sign(value) * Math.round(Math.abs(value) * scale)) / scale;
  return rounded.toFixed(places);
}

const calculated = (
  texts: readonly string[],
  format: string,
  calculate: (values: readonly number[]) => number,
): string => {
  const values = texts.map(numberOf);
  return values.includes(null) ? "NaN" : formatted(calculate(values as number[]), format);
};

const arithmetic = (calculate: (left: number, right: number) => number): HoverflyHelper =>
  helper("text text text", ([left, right, format]: [string, string, string]) =>
    calculated([left, right], format, ([a, b]) => calculate(a!, b!)),
  );

const holds = (
  left: string,
  right: string,
  compare: (left: number, right: number) => boolean,
): boolean => {
  const [a, b] = [numberOf(left), numberOf(right)];
  return a !== null && b !== null && compare(a, b);
};

const comparison = (compare: (left: number, right: number) => boolean): HoverflyHelper =>
  helper("text text", ([left, right]: [string, string]) => holds(left, right, compare));

const isGreater = (left: number, right: number): boolean => left > right;

/** Those that count, and compare numbers. */
export const NUMBER_HELPERS: HoverflyHelpers = {
  isNumeric: helper("text", ([text]: [string]) => numberOf(text) !== null),
  isGreaterThan: comparison(isGreater),
  isGreaterThanOrEqual: comparison((left, right) => left >= right),
  isLessThan: comparison((left, right) => left < right),
  isLessThanOrEqual: comparison((left, right) => left <= right),
  isBetween: helper(
    "text text text",
    ([value, from, to]: [string, string, string]) =>
      holds(value, from, isGreater) && holds(to, value, isGreater),
  ),
  sum: helper("texts text", ([texts, format]: [readonly string[], string]) =>
    calculated(texts, format, (values) => values.reduce((sum, value) => sum + value, 0)),
  ),
  add: arithmetic((left, right) => left + right),
  subtract: arithmetic((left, right) => left - right),
  multiply: arithmetic((left, right) => left * right),
  divide: arithmetic((left, right) => left / right),
};
