/* Times as Go writes them; all are UTC. */

const UNITS_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  "\u00b5s": 1e-3,
  "\u03bcs": 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  y: 365 * 86_400_000,
};

/** `1h30m`, `-1.5d`; null: it is no duration. */
export function durationMs(text: string): number | null {
  const [, sign, rest = ""] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (rest === "0") return 0;
  if (!/^(?:(?:\d+(?:\.\d*)?|\.\d+)[^\d.]+)+$/.test(rest)) return null;
  let sumMs = 0;
  for (const [, amount, unit] of rest.matchAll(/([\d.]+)([^\d.]+)/g)) {
    const unitMs = UNITS_MS[unit!];
    if (unitMs === undefined) return null;
    sumMs += Number(amount) * unitMs;
  }
  return sign === "-" ? -sumMs : sumMs;
}

const MONTHS =
  "January February March April May June July August September October November December".split(
    " ",
  );
const DAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");
const DAY_MS = 86_400_000;

const two = (value: number): string => String(value).padStart(2, "0");

/** What stands for a part of a time in a layout, in the order in which Go looks. */
const TOKEN =
  /January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|002|0[1-6]|15|1|2006|2|__2|_2006|_2|3|4|5|PM|pm|-07:00:00|-070000|-07:00|-0700|-07|Z07:00:00|Z070000|Z07:00|Z0700|Z07|[.,](?:0+|9+)(?!\d)/g;

type Write = (date: Date) => string;

const hour12 = (date: Date): number => date.getUTCHours() % 12 || 12;
const dayOfYear = (date: Date): number =>
  Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / DAY_MS) + 1;
const year = (date: Date): string => String(date.getUTCFullYear()).padStart(4, "0");

const PARTS: Readonly<Record<string, Write>> = {
  January: (date) => MONTHS[date.getUTCMonth()]!,
  Jan: (date) => MONTHS[date.getUTCMonth()]!.slice(0, 3),
  "1": (date) => String(date.getUTCMonth() + 1),
  "01": (date) => two(date.getUTCMonth() + 1),
  Monday: (date) => DAYS[date.getUTCDay()]!,
  Mon: (date) => DAYS[date.getUTCDay()]!.slice(0, 3),
  "2": (date) => String(date.getUTCDate()),
  _2: (date) => String(date.getUTCDate()).padStart(2),
  "02": (date) => two(date.getUTCDate()),
  __2: (date) => String(dayOfYear(date)).padStart(3),
  "002": (date) => String(dayOfYear(date)).padStart(3, "0"),
  "15": (date) => two(date.getUTCHours()),
  "3": (date) => String(hour12(date)),
  "03": (date) => two(hour12(date)),
  "4": (date) => String(date.getUTCMinutes()),
  "04": (date) => two(date.getUTCMinutes()),
  "5": (date) => String(date.getUTCSeconds()),
  "05": (date) => two(date.getUTCSeconds()),
  "2006": year,
  _2006: (date) => `_${year(date)}`,
  "06": (date) => year(date).slice(-2),
  PM: (date) => (date.getUTCHours() < 12 ? "AM" : "PM"),
  pm: (date) => (date.getUTCHours() < 12 ? "am" : "pm"),
  MST: () => "UTC",
};

/** `.000` is so many digits of the second, `.999` as many without the zeros at their end. */
function fraction(token: string, date: Date): string {
  const digits = String(date.getUTCMilliseconds())
    .padStart(3, "0")
    .padEnd(token.length - 1, "0");
  const shown = digits.slice(0, token.length - 1);
  if (token[1] === "0") return token[0]! + shown;
  const kept = shown.replace(/0+$/, "");
  return kept === "" ? "" : token[0]! + kept;
}

/** A moment by a layout such as `Mon, 02 Jan 2006 15:04:05 MST`. */
export function formatTime(atMs: number, layout: string): string {
  const date = new Date(Math.floor(atMs));
  return layout.replaceAll(TOKEN, (token) => {
    const write = PARTS[token];
    if (write !== undefined) return write(date);
    if (token.startsWith("Z")) return "Z";
    if (token.startsWith("-")) return token.replaceAll("7", "0").replace("-", "+");
    return fraction(token, date);
  });
}
