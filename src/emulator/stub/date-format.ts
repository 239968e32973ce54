/** A date as it was read: a moment when it names its zone, a time of day somewhere when not. */
export interface ReadDate {
  /** Milliseconds since the epoch, and how far its zone is ahead of UTC; null: it names no zone. */
  readonly zoned: { readonly atMs: number; readonly aheadMs: number } | null;
  /** The time on the wall, as if it were UTC; null: only its moment is known. */
  readonly wallMs: number | null;
}

export type ReadDateText = (text: string) => ReadDate | null;

interface Fields {
  year: number | null;
  month: number | null;
  day: number | null;
  hour: number | null;
  hour12: number | null;
  isPm: boolean;
  minute: number;
  second: number;
  ms: number;
  aheadMs: number | null;
  weekday: number | null;
}

/** How a part of a pattern looks, and what it says. */
interface Part {
  readonly regex: string;
  readonly read: (text: string, fields: Fields) => void;
}

const MONTHS =
  "January February March April May June July August September October November December".split(
    " ",
  );
const WEEKDAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");
const short = (names: readonly string[]): readonly string[] =>
  names.map((name) => name.slice(0, 3));

const digits = (count: number): string => (count === 1 ? "\\d{1,2}" : `\\d{${count}}`);

type NumberField = "month" | "day" | "hour" | "hour12" | "minute" | "second";
const number = (name: NumberField, count: number): Part | null =>
  count > 2
    ? null
    : { regex: digits(count), read: (text, fields) => void (fields[name] = Number(text)) };

const named = (names: readonly string[], tell: (fields: Fields, index: number) => void): Part => ({
  regex: names.join("|"),
  read: (text, fields) => tell(fields, names.indexOf(text)),
});

function year(count: number): Part {
  if (count === 2) {
    return { regex: "\\d\\d", read: (text, fields) => void (fields.year = 2000 + Number(text)) };
  }
  const regex = count === 1 ? "\\d{1,9}" : `\\d{${count}}`;
  return { regex, read: (text, fields) => void (fields.year = Number(text)) };
}

function month(count: number): Part | null {
  if (count <= 2) return number("month", count);
  if (count > 4) return null;
  return named(count === 3 ? short(MONTHS) : MONTHS, (fields, index) => (fields.month = index + 1));
}

function weekday(count: number): Part | null {
  if (count > 4) return null;
  const names = count === 4 ? WEEKDAYS : short(WEEKDAYS);
  return named(names, (fields, index) => (fields.weekday = index));
}

/** `+01:30` and `+0130` in milliseconds; `Z` and names of UTC are 0. */
function aheadOf(text: string): number {
  const [, sign, hours, minutes = "0", seconds = "0"] =
    /^([+-])(\d\d):?(\d\d)?:?(\d\d)?$/.exec(text) ?? [];
  if (sign === undefined) return 0;
  const aheadS = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  return (sign === "-" ? -1000 : 1000) * aheadS;
}

const zone = (regex: string): Part => ({
  regex,
  read: (text, fields) => void (fields.aheadMs = aheadOf(text)),
});

const fraction = (regex: string): Part => ({
  regex,
  read: (text, fields) => void (fields.ms = Number(`0.${text}`) * 1000),
});

/** The letters of Java's `DateTimeFormatter` that are known, by how often they stand in a row. */
const LETTERS: Readonly<Record<string, (count: number) => Part | null>> = {
  y: year,
  u: year,
  M: month,
  L: month,
  d: (count) => number("day", count),
  E: weekday,
  H: (count) => number("hour", count),
  h: (count) => number("hour12", count),
  a: () => ({ regex: "AM|PM", read: (text, fields) => void (fields.isPm = text === "PM") }),
  m: (count) => number("minute", count),
  s: (count) => number("second", count),
  S: (count) => fraction(`\\d{${count}}`),
  X: (count) =>
    [zone("Z|[+-]\\d\\d(?:\\d\\d)?"), zone("Z|[+-]\\d{4}"), zone("Z|[+-]\\d\\d:\\d\\d")][
      count - 1
    ] ?? null,
  Z: (count) => (count < 4 ? zone("[+-]\\d{4}") : count === 5 ? zone("Z|[+-]\\d\\d:\\d\\d") : null),
  z: (count) => (count < 4 ? zone("GMT|UTC|Z") : null),
};

/** Parts that no letter stands for. */
const OWN: Readonly<Record<string, Part>> = {
  "{fraction}": fraction("\\d{1,9}"),
  "{offset}": zone("Z|[+-]\\d\\d:\\d\\d(?::\\d\\d)?"),
  "{rfc-zone}": zone("GMT|[+-]\\d{4}"),
};

const escaped = (literal: string): string => literal.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");

const TOKEN = /\{[a-z-]+\}|'(?:[^']|'')*'|([A-Za-z])\1*|\[|\]|[^A-Za-z]/g;

/** @throws Error for a letter that is not known, or brackets that do not close */
function compiled(pattern: string): { regex: RegExp; parts: readonly Part[] } {
  const parts: Part[] = [];
  const sources = (pattern.match(TOKEN) ?? []).map((token) => {
    if (token === "[") return "(?:";
    if (token === "]") return ")?";
    if (token === "''") return "'";
    if (token.startsWith("'")) return escaped(token.slice(1, -1).replaceAll("''", "'"));
    if (!/^[A-Za-z]|^\{[a-z-]+\}$/.test(token)) return escaped(token);
    const part = OWN[token] ?? LETTERS[token[0]!]?.(token.length) ?? null;
    if (part === null) throw new Error(`${token} is not known in a date's pattern`);
    parts.push(part);
    return `(${part.regex})`;
  });
  return { regex: new RegExp(`^${sources.join("")}$`), parts };
}

function hourOf({ hour, hour12, isPm }: Fields): number | null {
  if (hour !== null || hour12 === null) return hour;
  return hour12 >= 1 && hour12 <= 12 ? (hour12 % 12) + (isPm ? 12 : 0) : NaN;
}

/** Null for what is no day or no time, such as February 30th. */
function dateOf(fields: Fields): ReadDate | null {
  const { aheadMs, day, minute, month: monthOfYear, ms, second, weekday: told, year: y } = fields;
  if (y === null || monthOfYear === null || day === null) return null;
  const date = new Date(0);
  date.setUTCFullYear(y, monthOfYear - 1, day);
  if (date.getUTCMonth() !== monthOfYear - 1 || date.getUTCDate() !== day) return null;
  if (told !== null && date.getUTCDay() !== told) return null;
  const hour = hourOf(fields);
  const isTime = (hour ?? 0) <= 23 && minute <= 59 && second <= 59;
  if (!isTime) return null;
  const wallMs = date.getTime() + (((hour ?? 0) * 60 + minute) * 60 + second) * 1000 + ms;
  const zoned = aheadMs === null || hour === null ? null : { atMs: wallMs - aheadMs, aheadMs };
  return { zoned, wallMs };
}

/**
 * Reads dates of a pattern as Java's `DateTimeFormatter` writes it (`dd/MM/yyyy HH:mm:ss`; months
 * and weekdays in English), of `unix` seconds or of `epoch` milliseconds.
 * @throws Error for a pattern with a letter that is not known
 */
export function dateReader(pattern: string): ReadDateText {
  const unitMs = { unix: 1000, epoch: 1 }[pattern.toLowerCase()];
  if (unitMs !== undefined) {
    return (text) => {
      if (!/^[+-]?\d{1,15}$/.test(text)) return null;
      const atMs = Number(text) * unitMs;
      return { zoned: { atMs, aheadMs: 0 }, wallMs: atMs };
    };
  }
  const { parts, regex } = compiled(pattern);
  return (text) => {
    const found = regex.exec(text);
    if (found === null) return null;
    const fields: Fields = {
      year: null,
      month: null,
      day: null,
      hour: null,
      hour12: null,
      isPm: false,
      minute: 0,
      second: 0,
      ms: 0,
      aheadMs: null,
      weekday: null,
    };
    for (const [index, part] of parts.entries()) {
      const given = found[index + 1];
      if (given !== undefined) part.read(given, fields);
    }
    return dateOf(fields);
  };
}

const TIME = "HH:mm[:ss[.{fraction}]]";
const ZONED = [
  `yyyy-MM-dd'T'${TIME}{offset}`,
  "[EEE, ]d MMM yyyy HH:mm[:ss] {rfc-zone}",
  "EEEE, dd-MMM-yy HH:mm:ss z",
  "EEE MMM dd HH:mm:ss yyyy",
  "EEE MMM  d HH:mm:ss yyyy",
].map(dateReader);
const LOCAL = [`yyyy-MM-dd'T'${TIME}`, "yyyy-MM-dd"].map(dateReader);

/**
 * Reads a date of RFC 3339, of HTTP in its three forms (RFC 9110, 5.6.7), or of ISO 8601 without a
 * zone, with or without a time; null: it is none of them.
 */
export function readDate(text: string): ReadDate | null {
  for (const read of ZONED) {
    const date = read(text);
    // Asctime has no zone: it is UTC (RFC 9110).
    if (date !== null) {
      return { zoned: date.zoned ?? { atMs: date.wallMs!, aheadMs: 0 }, wallMs: null };
    }
  }
  for (const read of LOCAL) {
    const date = read(text);
    if (date !== null) return date;
  }
  return null;
}
