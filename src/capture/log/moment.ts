import { Unusable } from "../http-message.ts";

/**
 * A point in time as a line gives it, in pieces that may stand in several fields. Whole days and
 * times of day without a zone are taken as UTC: what matters is the distance between them.
 */
export interface Moment {
  /** Since 1970: the whole moment, in one field. */
  epochNs?: bigint;
  dayMs?: number;
  timeOfDayMs?: number;
  zoneMs?: number;
  /** To be added: a fraction of a second, in a field of its own. */
  fractionNs?: bigint;
}

/** One way to write time: what it adds to a moment, and how fine it is. */
export interface TimeReader {
  readonly precisionNs: number;
  /** True when the text is only a fraction of a second, a day or a zone: no moment by itself. */
  readonly isPart: boolean;
  /** Blanks within the text. */
  readonly blanks: number;
  /** @throws Unusable when the text is not a time of this form. */
  read(text: string, moment: Moment): void;
}

const MS = 1_000_000n;
const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const NO_TIME = "the time is not written as the format says";

/** Nanoseconds since 1970, or undefined when pieces are missing. */
export function momentNs(moment: Moment): bigint | undefined {
  const fraction = moment.fractionNs ?? 0n;
  if (moment.epochNs !== undefined) return moment.epochNs + fraction;
  if (moment.dayMs === undefined || moment.timeOfDayMs === undefined) return undefined;
  return BigInt(moment.dayMs + moment.timeOfDayMs - (moment.zoneMs ?? 0)) * MS + fraction;
}

function dayMsOf(year: string, month: number, day: string): number {
  const ms = Date.UTC(+year, month, +day);
  // The 31st of February would quietly be a day of March.
  if (new Date(ms).getUTCDate() !== +day || month < 0 || month > 11) throw new Unusable(NO_TIME);
  return ms;
}

function timeOfDayMsOf(hour: string, minute: string, second: string): number {
  if (+hour > 23 || +minute > 59 || +second > 60) throw new Unusable(NO_TIME);
  return ((+hour * 60 + +minute) * 60 + +second) * 1_000;
}

function zoneMsOf(zone: string): number {
  const match = /^([+-])(\d\d):?(\d\d)$/.exec(zone);
  if (match === null) return 0;
  return (match[1] === "-" ? -1 : 1) * (+match[2]! * 60 + +match[3]!) * 60_000;
}

const fractionNsOf = (digits: string): bigint => BigInt(digits.slice(0, 9).padEnd(9, "0"));

/** Remembers the last text: neighbouring lines often have the same second. */
function remembered(precisionNs: number, parse: (text: string) => bigint, blanks = 0): TimeReader {
  let [lastText, lastNs] = ["", 0n];
  return {
    precisionNs,
    isPart: false,
    blanks,
    read(text, moment) {
      if (text !== lastText) [lastNs, lastText] = [parse(text), text];
      moment.epochNs = lastNs;
    },
  };
}

/** `10/Oct/2000:13:55:36 -0700`, nginx's `$time_local` and Apache's `%t`. */
export const clfTime = (): TimeReader =>
  remembered(
    1e9,
    (text) => {
      const match = /^(\d\d)\/([A-Za-z]{3})\/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-]\d{4})$/.exec(text);
      if (match === null || !MONTHS.includes(match[2]!.toLowerCase())) {
        throw new Unusable("the time is not [day/Mon/year:hh:mm:ss ±zone]");
      }
      const [, day, month, year, hour, minute, second, zone] = match;
      const localMs =
        dayMsOf(year!, MONTHS.indexOf(month!.toLowerCase()), day!) +
        timeOfDayMsOf(hour!, minute!, second!);
      return BigInt(localMs - zoneMsOf(zone!)) * MS;
    },
    1,
  );

const ISO = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d)?$/;

/** `2000-10-10T13:55:36.123-07:00`; the precision is what its writer gives it. */
export const isoTime = (precisionNs: number): TimeReader =>
  remembered(precisionNs, (text) => {
    const match = ISO.exec(text);
    if (match === null) throw new Unusable("the time is not ISO 8601");
    const [, year, month, day, hour, minute, second, fraction = "", zone = "Z"] = match;
    const localMs = dayMsOf(year!, +month! - 1, day!) + timeOfDayMsOf(hour!, minute!, second!);
    return BigInt(localMs - zoneMsOf(zone)) * MS + fractionNsOf(fraction);
  });

/** A number since 1970 in units of `unitNs` (a power of ten), with decimals or without. */
export const epochTime = (unitNs: number, precisionNs: number): TimeReader =>
  remembered(precisionNs, (text) => {
    const match = /^(\d{1,19})(?:\.(\d{1,9}))?$/.exec(text);
    if (match === null) throw new Unusable("the time is not a number since 1970");
    return (
      BigInt(match[1]!) * BigInt(unitNs) +
      (fractionNsOf(match[2] ?? "") * BigInt(unitNs)) / 1_000_000_000n
    );
  });

/** A fraction of a second that stands by itself, of so many digits. */
export const fractionTime = (digits: number): TimeReader => ({
  precisionNs: 10 ** (9 - digits),
  isPart: true,
  blanks: 0,
  read(text, moment) {
    if (text.length !== digits || !/^\d+$/.test(text)) throw new Unusable(NO_TIME);
    moment.fractionNs = fractionNsOf(text);
  },
});

interface Conversion {
  readonly pattern: string;
  /** Names of the captured groups, in order. */
  readonly groups: string;
  readonly precisionNs?: number;
}

/** strftime's conversions that say when; others, such as names of days, are skipped over. */
const CONVERSIONS: Readonly<Record<string, Conversion>> = {
  Y: { pattern: "(\\d{4})", groups: "Y" },
  y: { pattern: "(\\d\\d)", groups: "y" },
  m: { pattern: "(\\d\\d)", groups: "m" },
  d: { pattern: "(\\d\\d)", groups: "d" },
  e: { pattern: " ?(\\d\\d?)", groups: "d" },
  b: { pattern: "([A-Za-z]{3})", groups: "b" },
  h: { pattern: "([A-Za-z]{3})", groups: "b" },
  a: { pattern: "[A-Za-z]{3}", groups: "" },
  A: { pattern: "[A-Za-z]+", groups: "" },
  H: { pattern: "(\\d\\d)", groups: "H" },
  M: { pattern: "(\\d\\d)", groups: "M" },
  S: { pattern: "(\\d\\d)", groups: "S", precisionNs: 1e9 },
  T: { pattern: "(\\d\\d):(\\d\\d):(\\d\\d)", groups: "HMS", precisionNs: 1e9 },
  F: { pattern: "(\\d{4})-(\\d\\d)-(\\d\\d)", groups: "Ymd" },
  D: { pattern: "(\\d\\d)/(\\d\\d)/(\\d\\d)", groups: "mdy" },
  z: { pattern: "([+-]\\d{4})", groups: "z" },
  Z: { pattern: "[A-Za-z]+", groups: "" },
  s: { pattern: "(\\d{1,12})", groups: "s", precisionNs: 1e9 },
  f: { pattern: "(\\d{9})", groups: "f", precisionNs: 1 },
};

function conversionAt(letter: string, digits: string): Conversion | undefined {
  if (letter !== "f" || digits === "") return CONVERSIONS[letter];
  return { pattern: `(\\d{${digits}})`, groups: "f", precisionNs: 10 ** (9 - +digits) };
}

function takeDay(found: ReadonlyMap<string, string>, moment: Moment): void {
  const day = found.get("d");
  const year = found.get("Y") ?? (found.has("y") ? `20${found.get("y")!}` : undefined);
  const name = found.get("b");
  const month = name === undefined ? +found.get("m")! - 1 : MONTHS.indexOf(name.toLowerCase());
  if (day !== undefined && year !== undefined) moment.dayMs = dayMsOf(year, month, day);
}

function take(found: ReadonlyMap<string, string>, moment: Moment): void {
  const [hour, minute, zone] = [found.get("H"), found.get("M"), found.get("z")];
  const [since, fraction] = [found.get("s"), found.get("f")];
  takeDay(found, moment);
  if (hour !== undefined && minute !== undefined) {
    moment.timeOfDayMs = timeOfDayMsOf(hour, minute, found.get("S") ?? "0");
  }
  if (zone !== undefined) moment.zoneMs = zoneMsOf(zone);
  if (since !== undefined) moment.epochNs = BigInt(since) * 1_000_000_000n;
  if (fraction !== undefined) moment.fractionNs = fractionNsOf(fraction);
}

/**
 * A strftime pattern, of the conversions above and `%3f`, `%6f`, `%9f` (digits of a second).
 * Returns the conversion that is not known instead, as text.
 */
export function strftimeReader(pattern: string): TimeReader | string {
  const names: string[] = [];
  let [source, precisionNs] = ["", Number.POSITIVE_INFINITY];
  for (const [whole, digits = "", letter] of pattern.matchAll(/%([1-9]?)([A-Za-z%])|[^]/g)) {
    if (letter === undefined || letter === "%") {
      source += (letter ?? whole).replace(/[^\w\s]/g, String.raw`\$&`);
      continue;
    }
    const conversion = conversionAt(letter, digits);
    if (conversion === undefined) return whole;
    source += conversion.pattern;
    names.push(...conversion.groups.split(""));
    precisionNs = Math.min(precisionNs, conversion.precisionNs ?? Number.POSITIVE_INFINITY);
  }
  const expression = new RegExp(`^${source}$`);
  const isWhole = names.includes("s") || "dHM".split("").every((one) => names.includes(one));
  return {
    precisionNs,
    isPart: !isWhole,
    blanks: pattern.split(" ").length - 1,
    read(text, moment) {
      const match = expression.exec(text);
      if (match === null) throw new Unusable(NO_TIME);
      take(new Map(names.map((name, index) => [name, match[index + 1]!])), moment);
    },
  };
}
