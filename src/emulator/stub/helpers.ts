import type { HelperDeclareSpec, HelperOptions } from "handlebars";
import { jsonpath } from "json-p3";
import {
  ASSIGNED,
  elementsOf,
  type Hash,
  type Helper,
  type HelperContext,
  type Helpers,
  spacious,
  text,
} from "./helper.ts";
import { randomText, randomUuid, uniform } from "./random.ts";
import { READING_HELPERS } from "./reading-helpers.ts";

const letters = "abcdefghijklmnopqrstuvwxyz";
const digits = "0123456789";
const ALPHABETS: Readonly<Record<string, string>> = {
  ALPHABETIC: letters,
  NUMERIC: digits,
  ALPHANUMERIC: letters + digits,
  HEXADECIMAL: `${digits}abcdef`,
};

function randomValue(_: readonly unknown[], hash: Hash, context: HelperContext): string {
  const type = text(hash["type"]).toUpperCase() || "ALPHANUMERIC";
  const length = Math.min(Number(hash["length"] ?? 36), 65_536);
  const value =
    type === "UUID"
      ? randomUuid(context)
      : randomText(length, ALPHABETS[type] ?? ALPHABETS["ALPHANUMERIC"]!, context);
  return hash["uppercase"] === true ? value.toUpperCase() : value;
}

function randomInt(_: readonly unknown[], hash: Hash, context: HelperContext): number {
  const lower = Number(hash["lower"] ?? 0);
  const upper = Number(hash["upper"] ?? 2 ** 31 - 1);
  return lower + Math.floor(uniform(context) * (upper - lower));
}

/** The text at a path: one value as it is, several as a JSON array, none as nothing. */
function jsonPath([source, path]: readonly unknown[]): unknown {
  let document: unknown = source;
  try {
    if (typeof source === "string") document = JSON.parse(source);
  } catch {
    // WireMock takes a bare word for a text, in which there is nothing to find.
    return /^\s*[{[]/.test(text(source)) ? `[ERROR: ${text(source)} is not valid JSON]` : "";
  }
  try {
    if (typeof document !== "object" || document === null) return "";
    const query = jsonpath.compile(text(path));
    const values = query.query(document as Parameters<typeof query.query>[0]).values();
    const value = query.singularQuery() ? values[0] : values;
    if (value === undefined) return "";
    return typeof value === "object" && value !== null ? jsonText(value) : value;
  } catch {
    return "";
  }
}

/** A found object or array: written, it is JSON; `each` and paths go into it. */
function jsonText(value: object): object {
  const copy: object = Array.isArray(value) ? [...(value as unknown[])] : { ...value };
  return Object.defineProperty(copy, "toString", {
    value: () => (Array.isArray(value) ? JSON.stringify(value) : spacious(value)),
  });
}

const UNITS_MS: Readonly<Record<string, number>> = {
  seconds: 1_000,
  minutes: 60_000,
  hours: 3_600_000,
  days: 86_400_000,
};

function now(_: readonly unknown[], hash: Hash, { wallMs }: HelperContext): string {
  const [amount = "0", unit = "seconds"] = text(hash["offset"]).split(" ");
  const atMs = wallMs + Number(amount) * (UNITS_MS[unit] ?? 0);
  const format = text(hash["format"]);
  if (format === "epoch") return String(Math.floor(atMs));
  if (format === "unix") return String(Math.floor(atMs / 1000));
  const iso = new Date(atMs).toISOString();
  if (format === "") return `${iso.slice(0, 19)}Z`;
  const fields: Readonly<Record<string, string>> = {
    yyyy: iso.slice(0, 4),
    MM: iso.slice(5, 7),
    dd: iso.slice(8, 10),
    HH: iso.slice(11, 13),
    mm: iso.slice(14, 16),
    ss: iso.slice(17, 19),
    SSS: iso.slice(20, 23),
  };
  return format
    .replaceAll(/yyyy|MM|dd|HH|mm|SSS|ss/g, (field) => fields[field]!)
    .replaceAll("'", "");
}

function pickRandom(positional: readonly unknown[], _: Hash, context: HelperContext): unknown {
  const [first] = positional;
  const choices: readonly unknown[] = Array.isArray(first) ? first : positional;
  return choices[Math.floor(uniform(context) * choices.length)];
}

function size([value]: readonly unknown[]): number {
  if (typeof value === "string") return value.length;
  return typeof value === "object" && value !== null ? Object.keys(value).length : 0;
}

function math([left, operator, right]: readonly unknown[]): number {
  const [a, b] = [Number(left), Number(right)];
  switch (operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return a / b;
    default:
      return a % b;
  }
}

const capitalized = (value: string): string => value.replace(/(^| )\S/g, (at) => at.toUpperCase());

/** The last argument goes between the others, or between the elements of a list. */
function join(positional: readonly unknown[]): string {
  const [first, ...rest] = positional.slice(0, -1);
  const list = rest.length === 0 ? elementsOf(first) : null;
  return (list ?? [first, ...rest]).map(text).join(text(positional.at(-1)));
}

function randomDecimal(_: readonly unknown[], hash: Hash, context: HelperContext): number {
  const [lower, upper] = [Number(hash["lower"] ?? 0), Number(hash["upper"] ?? 1)];
  return lower + uniform(context) * (upper - lower);
}

function range([from, to]: readonly unknown[]): number[] {
  const length = Math.min(Math.max(Number(to) - Number(from) + 1, 0), 65_536);
  return Array.from({ length }, (__, index) => Number(from) + index);
}

/** In a list, an element that is the same; in a text, a part. */
function contains([whole, part]: readonly unknown[]): boolean {
  return elementsOf(whole)?.includes(part) ?? text(whole).includes(text(part));
}

/** Whether the whole text fits; a list is no text. */
function fits([value, pattern]: readonly unknown[]): boolean {
  try {
    return new RegExp(`^(?:${text(pattern)})$`, "s").test(text(value));
  } catch {
    return false;
  }
}

const compared =
  (holds: (left: number, right: number) => boolean): Helper =>
  ([left, right]) =>
    holds(Number(left), Number(right));

const HELPERS: Helpers = {
  ...READING_HELPERS,
  join,
  randomDecimal,
  range,
  contains,
  matches: fits,
  array: (positional) => positional,
  gt: compared((left, right) => left > right),
  gte: compared((left, right) => left >= right),
  lt: compared((left, right) => left < right),
  lte: compared((left, right) => left <= right),
  and: (positional) => positional.every(Boolean),
  or: (positional) => positional.some(Boolean),
  not: ([value]) => !value,
  defaultIfEmpty: ([value, other]) => (text(value) === "" ? other : value),
  capitalizeFirst: ([value]) => text(value).replace(/^./s, (at) => at.toUpperCase()),
  cut: ([value, part]) => text(value).replaceAll(text(part), ""),
  jsonPath,
  now,
  randomValue,
  randomInt,
  pickRandom,
  size,
  math,
  upper: ([value]) => text(value).toUpperCase(),
  lower: ([value]) => text(value).toLowerCase(),
  capitalize: ([value]) => capitalized(text(value)),
  trim: ([value]) => text(value).trim(),
  replace: ([value, from, to]) => text(value).replaceAll(text(from), text(to)),
  substring: ([value, from, to]) =>
    text(value).slice(Number(from), to === undefined ? undefined : Number(to)),
  base64: ([value], hash) =>
    hash["decode"] === true
      ? Buffer.from(text(value), "base64").toString("utf8")
      : Buffer.from(text(value)).toString("base64"),
  urlEncode: ([value], hash) =>
    hash["decode"] === true
      ? (new URLSearchParams(`=${text(value)}`).get("") ?? "")
      : new URLSearchParams([["", text(value)]]).toString().slice(1),
  toJson: ([value]) => spacious(value) ?? "",
  // As in WireMock, `request.query.a` is a list and equals no text; `request.query.a.[0]` may.
  eq: ([left, right]) => left === right,
  neq: ([left, right]) => left !== right,
};

const BUILT_IN = ["if", "unless", "each", "with", "lookup"];

/** Writes a value out: two numbers beside each other would else be added up. */
export const WRITE = "write";

/** Every helper that a template may call. */
export const helperNames: ReadonlySet<string> = new Set([...Object.keys(HELPERS), ...BUILT_IN]);

/** The helpers, for one template. As a block, those that say yes or no choose like `if`. */
export function templateHelpers(context: HelperContext): HelperDeclareSpec {
  const declared = Object.entries(HELPERS).map(([name, helper]) => {
    const call = function (this: unknown, ...args: unknown[]): unknown {
      const options = args.pop() as HelperOptions;
      const { data, fn } = options;
      context.assign = (assigned, given) => {
        (data as { root: Record<string, unknown> }).root[assigned] = given;
      };
      context.block = typeof fn === "function" ? () => fn(this) : null;
      const value = helper(args, options.hash as Hash, context);
      if (value === ASSIGNED) return "";
      if (typeof options.fn !== "function") return value;
      if (typeof value === "boolean") return value ? options.fn(this) : options.inverse(this);
      return options.fn(value);
    };
    return [name, call];
  });
  const write = (value: unknown): string => text(value);
  return { ...Object.fromEntries(declared), [WRITE]: write } as HelperDeclareSpec;
}
