import { z } from "zod";
import { type ReadDate, readDate, dateReader } from "./date-format.ts";
import { checked } from "./fields.ts";

const DAY_MS = 86_400_000;
const UNITS_MS = { seconds: 1000, minutes: 60_000, hours: 3_600_000, days: DAY_MS };
const NOW = /^now(?: ([+-]?\d{1,9}) (seconds|minutes|hours|days|months|years))?$/i;

const TRUNCATIONS = [
  "first second of minute",
  "first minute of hour",
  "first hour of day",
  "first day of month",
  "first day of next month",
  "last day of month",
  "first day of year",
  "first day of next year",
  "last day of year",
] as const;
type Truncation = (typeof TRUNCATIONS)[number];

/** How a date of the call is read, and what it and `now` are rounded to. */
interface DateOptions {
  /** A pattern of Java's `DateTimeFormatter`, `unix` or `epoch`; left out: as in HTTP or ISO 8601. */
  readonly actualFormat?: string | undefined;
  /** Of a date that names its zone, in that zone. */
  readonly truncateActual?: Truncation | undefined;
  /** Of `now`, in UTC, before its offset is added; with `applyTruncationLast`, after. */
  readonly truncateExpected?: Truncation | undefined;
  readonly applyTruncationLast?: boolean | undefined;
}

/** A date, `now`, or a time from now, such as `now -3 days`. */
export type DateMatcher = DateOptions &
  ({ readonly before: string } | { readonly after: string } | { readonly equalToDateTime: string });

/** Whether a date of the call, at a time of its, is what was asked for. */
export type DateTest = (text: string, nowMs: number) => boolean;

/** The time that the wall shows, rounded; both as if they were UTC. */
function truncated(wallMs: number, to: Truncation): number {
  const at = new Date(wallMs);
  const [year, month] = [at.getUTCFullYear(), at.getUTCMonth()];
  const floor = (unitMs: number): number => Math.floor(wallMs / unitMs) * unitMs;
  switch (to) {
    case "first second of minute":
      return floor(UNITS_MS.minutes);
    case "first minute of hour":
      return floor(UNITS_MS.hours);
    case "first hour of day":
      return floor(DAY_MS);
    case "first day of month":
      return Date.UTC(year, month, 1);
    case "first day of next month":
      return Date.UTC(year, month + 1, 1);
    case "last day of month":
      return Date.UTC(year, month + 1, 0);
    case "first day of year":
      return Date.UTC(year, 0, 1);
    case "first day of next year":
      return Date.UTC(year + 1, 0, 1);
    case "last day of year":
      return Date.UTC(year, 11, 31);
  }
}

/** Months later by the calendar; a day that the month does not have is its last. */
function monthsLater(atMs: number, months: number): number {
  const at = new Date(atMs);
  const day = at.getUTCDate();
  const withinDayMs = atMs - Math.floor(atMs / DAY_MS) * DAY_MS;
  const [year, month] = [at.getUTCFullYear(), at.getUTCMonth() + months];
  const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  return Date.UTC(year, month, Math.min(day, lastDay)) + withinDayMs;
}

/** Null: the text is no time from now. */
function shiftOf(text: string): ((atMs: number) => number) | null {
  const found = NOW.exec(text);
  if (found === null) return null;
  const amount = Number(found[1] ?? 0);
  const unit = (found[2] ?? "seconds").toLowerCase();
  if (unit === "months") return (atMs) => monthsLater(atMs, amount);
  if (unit === "years") return (atMs) => monthsLater(atMs, 12 * amount);
  const unitMs = UNITS_MS[unit as keyof typeof UNITS_MS];
  return (atMs) => atMs + amount * unitMs;
}

type ExpectedAt = (nowMs: number) => ReadDate;

/** @throws Error for a text that is neither a date nor a time from now */
function expectedOf(text: string, options: DateOptions): ExpectedAt {
  const shift = shiftOf(text);
  if (shift === null) {
    const date = readDate(text);
    if (date === null) {
      throw new Error(`write one such as 2026-01-31T12:00:00Z, or "now", or "now -3 days"`);
    }
    return () => date;
  }
  const { applyTruncationLast = false, truncateExpected } = options;
  const rounded = (atMs: number): number =>
    truncateExpected === undefined ? atMs : truncated(atMs, truncateExpected);
  return (nowMs) => {
    const atMs = applyTruncationLast ? rounded(shift(nowMs)) : shift(rounded(nowMs));
    return { zoned: { atMs, aheadMs: 0 }, wallMs: null };
  };
}

function truncatedDate(date: ReadDate, to: Truncation): ReadDate {
  if (date.zoned === null) return date;
  const { aheadMs, atMs } = date.zoned;
  return { ...date, zoned: { atMs: truncated(atMs + aheadMs, to) - aheadMs, aheadMs } };
}

/**
 * How much later the second is. Moments are compared as such; where one names no zone, both are
 * compared as the walls show them, and where only the call's does not, it is taken for UTC.
 */
function laterMs(expected: ReadDate, actual: ReadDate): number {
  const [there, here] = [expected.zoned, actual.zoned];
  if (there !== null && here !== null) return here.atMs - there.atMs;
  if (there !== null) return actual.wallMs! - there.atMs;
  return (actual.wallMs ?? here!.atMs + here!.aheadMs) - expected.wallMs!;
}

export function compileDateMatcher(matcher: DateMatcher): DateTest {
  const [text, holds]: [string, (later: number) => boolean] =
    "before" in matcher
      ? [matcher.before, (later) => later < 0]
      : "after" in matcher
        ? [matcher.after, (later) => later > 0]
        : [matcher.equalToDateTime, (later) => later === 0];
  const expectedAt = expectedOf(text, matcher);
  const { actualFormat, truncateActual } = matcher;
  const read = actualFormat === undefined ? readDate : dateReader(actualFormat);
  return (given, nowMs) => {
    const date = read(given);
    if (date === null) return false;
    const actual = truncateActual === undefined ? date : truncatedDate(date, truncateActual);
    return holds(laterMs(expectedAt(nowMs), actual));
  };
}

const isTruncation = (text: string): text is Truncation =>
  (TRUNCATIONS as readonly string[]).includes(text);

const truncation = () =>
  z
    .string()
    .refine(isTruncation, `is no truncation; write one of ${TRUNCATIONS.join(", ")}`)
    .optional();

const fields = (name: string) =>
  z
    .strictObject({
      [name]: checked((text) => expectedOf(text, {}), "a date and time"),
      actualFormat: checked(dateReader, "a date's pattern").optional(),
      truncateActual: truncation(),
      truncateExpected: truncation(),
      applyTruncationLast: z.boolean().optional(),
    })
    .refine(
      (matcher) => matcher["truncateExpected"] === undefined || NOW.test(String(matcher[name])),
      { path: ["truncateExpected"], message: `is for "now"; write the date as it is meant` },
    );

/** `{ before: now, actualFormat: unix }`, `{ after: "now -3 days" }`, `{ equalToDateTime: … }`. */
export const dateMatcherSchemas = [
  fields("before"),
  fields("after"),
  fields("equalToDateTime"),
] as unknown as readonly [z.ZodType<DateMatcher>, z.ZodType<DateMatcher>, z.ZodType<DateMatcher>];
