import { Unusable } from "../http-message.ts";
import { type TimeUnit, UNIT_NS } from "./columns.ts";

export interface ParsedTime {
  /** Since 1970. */
  readonly ns: bigint;
  /** What the last digit that is written stands for; 1 at least. */
  readonly precisionNs: number;
}

/** The year 9999 ends. */
const LATEST_NS = 253_402_300_799_999_999_999n;
/** Below 1973-03-03 as seconds: a count from some other beginning. */
const EPOCH_S_MIN = 100_000_000;
const DATE =
  /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d+))? ?(Z|UTC|[+-]\d\d(?::?\d\d)?)?$/i;
const NUMBER = /^(\d{1,24})(?:\.(\d+))?$/;

/** Digits after the point, as a count of a unit that has so many digits; more are cut off. */
function fractionOf(digits: string, unitDigits: number): bigint {
  return BigInt(digits.slice(0, unitDigits).padEnd(unitDigits, "0") || "0");
}

const precisionOf = (unitNs: number, digits: string): number =>
  Math.max(1, unitNs / 10 ** Math.min(digits.length, 9));

/** Minutes east of UTC. */
function zoneMinutes(zone: string | undefined): number {
  const match = /^([+-])(\d\d):?(\d\d)?$/.exec(zone ?? "");
  if (match === null) return 0;
  const minutes = Number(match[2]) * 60 + Number(match[3] ?? 0);
  return match[1] === "-" ? -minutes : minutes;
}

function dateOf(match: RegExpExecArray): ParsedTime {
  const [, year, month, day, hour, minute, second, digits = "", zone] = match;
  const ms = Date.UTC(+year!, +month! - 1, +day!, +hour!, +minute!, +second!);
  const date = new Date(ms);
  // `Date.UTC` takes the 31st of June for the 1st of July.
  if (date.getUTCDate() !== +day! || date.getUTCMonth() !== +month! - 1 || +hour! > 23) {
    throw new Unusable("the time is no date that there is");
  }
  const ns = BigInt(ms - zoneMinutes(zone) * 60_000) * 1_000_000n + fractionOf(digits, 9);
  return { ns, precisionNs: precisionOf(1e9, digits) };
}

/** Which unit a count since 1970 is in: of this century, they are three digits apart. */
function guessedUnit(whole: string): TimeUnit {
  const value = Number(whole);
  if (value < EPOCH_S_MIN) {
    throw new Unusable("the time is a small number: say its unit, as in time(ms)=column");
  }
  if (value < 1e11) return "s";
  if (value < 1e14) return "ms";
  return value < 1e17 ? "us" : "ns";
}

/**
 * A time as tables have it: ISO 8601, or with a space between date and time, to any number of
 * digits (a tenth of a nanosecond is cut off), in UTC where no zone is given; or a number since
 * 1970, whose unit is told by its size unless it is given.
 * @throws Unusable
 */
export function parseTime(text: string, unit?: TimeUnit): ParsedTime {
  const date = unit === undefined ? DATE.exec(text) : null;
  const number = NUMBER.exec(text);
  if (date === null && number === null) throw new Unusable("the time is in no form that is known");
  let time: ParsedTime;
  if (date !== null) {
    time = dateOf(date);
  } else {
    const [, whole = "", digits = ""] = number!;
    const unitNs = UNIT_NS[unit ?? guessedUnit(whole)];
    const ns = BigInt(whole) * BigInt(unitNs) + fractionOf(digits, Math.log10(unitNs));
    time = { ns, precisionNs: precisionOf(unitNs, digits) };
  }
  if (time.ns < 0n || time.ns > LATEST_NS) {
    throw new Unusable("the time is before 1970 or after 9999");
  }
  return time;
}
