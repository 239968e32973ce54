import { ShakedownError } from "../../core/index.ts";
import {
  isNothing,
  takeDuration,
  takeHeader,
  takeResponseBytes,
  takeSentBytes,
  takeStatus,
} from "./entry.ts";
import { ESCAPED_LETTERS, serverUnescaped } from "../server-escapes.ts";
import { compileLayout, type LayoutPiece, type LogField, type LogLayout } from "./layout.ts";
import { clfTime, epochTime, fractionTime, strftimeReader, type TimeReader } from "./moment.ts";

type Fields = Omit<LogField, "label">;

const HINT = "it needs %r (or %m and %U%q), and a time, such as %t or %{usec}t";

function unknown(what: string, hint: string): ShakedownError {
  return new ShakedownError("USAGE", `the log format has ${what}`, { hint });
}

const NUMERIC_TIMES: Readonly<Record<string, () => TimeReader>> = {
  sec: () => epochTime(1e9, 1e9),
  msec: () => epochTime(1e6, 1e6),
  usec: () => epochTime(1e3, 1e3),
  msec_frac: () => fractionTime(3),
  usec_frac: () => fractionTime(6),
};

/** `%t` and `%{…}t`: Apache stamps the begin unless `end:` says otherwise. */
function timeField(argument: string): Fields {
  const [, side = "begin", format = ""] = /^(?:(begin|end):?)?(?::)?([^]*)$/.exec(argument) ?? [];
  const at = side === "end" ? "end" : "begin";
  if (format === "") return { time: { at, reader: bracketed(clfTime()) } };
  const numeric = Object.hasOwn(NUMERIC_TIMES, format) ? NUMERIC_TIMES[format]!() : undefined;
  const reader = numeric ?? strftimeReader(format);
  if (typeof reader !== "string") return { time: { at, reader } };
  throw unknown(
    `${reader} in %{${argument}}t, which is not understood`,
    "use %{usec}t, or strftime's %Y %m %d %b %H %M %S %T %F %z %s",
  );
}

/** `%t` brings its own brackets. */
const bracketed = (reader: TimeReader): TimeReader => ({
  ...reader,
  read: (text, moment) => reader.read(text.replace(/^\[|\]$/g, ""), moment),
});

/** Units of `%{unit}T` in microseconds; whole seconds are too coarse for a duration. */
const DURATION_UNITS: Readonly<Record<string, number>> = { ms: 1e3, us: 1 };

function durationField(unit: string): Fields {
  const unitUs = DURATION_UNITS[unit];
  if (unitUs === undefined) return {};
  return {
    gives: "duration",
    precisionNs: unitUs * 1_000,
    take: (entry, text) => takeDuration(entry, text, unitUs),
  };
}

/** Directives by their letter; what a profile has no use for is read over. */
const DIRECTIVES: Readonly<Record<string, (argument: string) => Fields>> = {
  h: () => ({ take: (entry, text) => (isNothing(text) ? undefined : (entry.client ??= text)) }),
  a: (argument) =>
    argument === "c"
      ? {}
      : { take: (entry, text) => (isNothing(text) ? undefined : (entry.client = text)) },
  r: () => ({ gives: "requestLine", take: (entry, text) => (entry.requestLine = text) }),
  m: () => ({ gives: "method", take: (entry, text) => (entry.method = text) }),
  U: () => ({ gives: "path", opensWith: "/", take: (entry, text) => (entry.path = text) }),
  q: () => ({ opensWith: "?", take: (entry, text) => (entry.query = text) }),
  s: () => ({ take: takeStatus }),
  t: timeField,
  B: () => ({ take: takeResponseBytes }),
  b: () => ({ take: (entry, text) => takeResponseBytes(entry, text === "-" ? "0" : text) }),
  O: () => ({ take: takeSentBytes }),
  D: () => durationField("us"),
  T: durationField,
  v: () => ({ take: (entry, text) => (isNothing(text) ? undefined : (entry.serverName = text)) }),
  V: () => ({ take: (entry, text) => (isNothing(text) ? undefined : (entry.host ??= text)) }),
  p: (argument) => (argument === "remote" ? {} : { take: (entry, text) => (entry.port = text) }),
  i: (name) => ({
    take: (entry, text) => {
      if (name.toLowerCase() === "host" && !isNothing(text)) entry.host = text;
      else takeHeader(entry, name.toLowerCase(), text);
    },
  }),
  C: (name) => ({
    take: (entry, text) => {
      if (!isNothing(text)) entry.cookies.push(`${name}=${text}`);
    },
  }),
};

/** Takes `LogFormat "…" name` apart, and undoes the configuration's own escapes. */
function formatIn(source: string): string {
  const match = /^\s*(?:LogFormat\s+)?"((?:[^"\\]|\\[^])*)"(?:\s+\S+)?\s*$/i.exec(source);
  return (match?.[1] ?? source).replace(
    /\\([^])/g,
    (_all, char: string) => ESCAPED_LETTERS[char] ?? char,
  );
}

function fieldOf(label: string, argument: string, letter: string): LogField {
  // `%s` is the first status, `%>s` the last; only the last was sent, but mostly they are one.
  const known = Object.hasOwn(DIRECTIVES, letter) ? DIRECTIVES[letter]!(argument) : {};
  return { label, ...known };
}

/**
 * Compiles a string of Apache's `LogFormat`, or the whole directive. Arrivals are the begin, which
 * is what Apache stamps, or `%{end:…}t` less the duration where that is finer.
 * See https://httpd.apache.org/docs/2.4/mod/mod_log_config.html.
 * @throws USAGE when it does not say when requests came, or what they were.
 */
export function apacheLayout(source: string): LogLayout {
  const format = formatIn(source);
  const pieces: LayoutPiece[] = [];
  const token = /%%|%([!\d,<>]*)(?:\{([^}]*)\})?([!\d,<>]*)(\^t[io]|[A-Za-z])|[^]/g;
  for (const [whole, , argument = "", , letter] of format.matchAll(token)) {
    if (whole === "%") {
      throw unknown("a % that begins no directive", "write %% for a percent sign");
    }
    if (letter === undefined) pieces.push(whole === "%%" ? "%" : whole);
    else pieces.push(fieldOf(whole, argument, letter));
  }
  return compileLayout(pieces, { source: format, unescape: serverUnescaped, hint: HINT });
}
