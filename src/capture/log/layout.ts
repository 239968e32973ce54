import { ShakedownError } from "../../core/index.ts";
import { Unusable } from "../http-message.ts";
import { type LogEntry, newEntry } from "./entry.ts";
import { type Moment, momentNs, type TimeReader } from "./moment.ts";

/** What a format's string needs: when, and what was asked for. */
export type Gift = "duration" | "requestLine" | "method" | "target" | "path";

/** One placeholder of a format's string. */
export interface LogField {
  /** As it stands in the string: `$request`. */
  readonly label: string;
  /** Undefined when a profile has no use for it. */
  readonly take?: (entry: LogEntry, text: string) => void;
  readonly time?: { readonly at: "begin" | "end"; readonly reader: TimeReader };
  readonly gives?: Gift;
  /** For a duration: how fine it is. */
  readonly precisionNs?: number;
  /** True for values such as `0.1, 0.2 : 0.3`: one for each server that was tried. */
  readonly isList?: boolean;
  /** The first character, for a value that follows another without anything between. */
  readonly opensWith?: "/" | "?" | ":";
}

/** A format's string, taken apart: text and placeholders. */
export type LayoutPiece = string | LogField;

export interface LayoutOptions {
  /** The string, for messages. */
  readonly source: string;
  /** Undoes the escapes of a value; undefined where the server writes none. */
  readonly unescape?: ((text: string) => string) | undefined;
  /** What to write in the string so that time and request are there. */
  readonly hint: string;
}

export interface LogLayout {
  /** Of its arrivals. */
  readonly timePrecisionNs: number;
  /** True when only ends are known, and no durations: arrivals are late by them. */
  readonly endsOnly: boolean;
  /** @throws Unusable when the line does not fit. */
  read(line: string): LogEntry;
  /** Where a line departs from the format; undefined for one that fits. */
  departure(line: string): string | undefined;
}

/** Values with nothing between them, and the text that follows. */
interface Step {
  readonly fields: LogField[];
  until: string;
}

const FINE_NS = 1e6;

function refused(source: string, why: string, hint: string): ShakedownError {
  return new ShakedownError("USAGE", `the log format ${JSON.stringify(source)} ${why}`, { hint });
}

function stepsOf(pieces: readonly LayoutPiece[]): { lead: string; steps: Step[] } {
  const steps: Step[] = [];
  let lead = "";
  for (const piece of pieces) {
    const last = steps.at(-1);
    if (typeof piece !== "string") {
      if (last === undefined || last.until !== "") steps.push({ fields: [piece], until: "" });
      else last.fields.push(piece);
    } else if (last === undefined) lead += piece;
    else last.until += piece;
  }
  return { lead, steps };
}

/** The readers of one side's time that are used: the finest, or pieces that make one together. */
function timesOf(fields: readonly LogField[], at: "begin" | "end"): LogField[] {
  const times = fields.filter(({ time }) => time?.at === at);
  const wholes = times
    .filter(({ time }) => !time!.reader.isPart)
    .toSorted((a, b) => a.time!.reader.precisionNs - b.time!.reader.precisionNs);
  const parts = times.filter(({ time }) => time!.reader.isPart);
  const [finest] = wholes;
  if (finest === undefined) return parts;
  if (finest.time!.reader.precisionNs < 1e9) return [finest];
  const fraction = parts
    .filter(({ time }) => time!.reader.precisionNs < 1e9)
    .toSorted((a, b) => a.time!.reader.precisionNs - b.time!.reader.precisionNs)[0];
  return fraction === undefined ? [finest] : [finest, fraction];
}

const finestNs = (fields: readonly LogField[]): number =>
  Math.min(...fields.map(({ time }) => time!.reader.precisionNs));

interface Timing {
  /** The placeholders whose time is read. */
  readonly used: ReadonlySet<LogField>;
  readonly precisionNs: number;
  readonly endsOnly: boolean;
  /** True when the duration is the end less the begin. */
  readonly isSpan: boolean;
}

/** Which times make the arrival: the begin, unless the end less the duration is finer. */
function timingOf(fields: readonly LogField[]): Timing | undefined {
  const [begin, end] = [timesOf(fields, "begin"), timesOf(fields, "end")];
  const duration = fields.find(({ gives }) => gives === "duration");
  const [beginNs, endNs] = [finestNs(begin), finestNs(end)];
  const arrivalByEndNs = Math.max(endNs, duration?.precisionNs ?? Number.POSITIVE_INFINITY);
  const byEnd = begin.length === 0 || arrivalByEndNs < beginNs;
  if (byEnd && end.length === 0) return undefined;
  const isSpan = duration === undefined && Math.max(beginNs, endNs) <= FINE_NS;
  const used = isSpan ? [...begin, ...end] : byEnd ? end : begin;
  const precisionNs = !byEnd ? beginNs : duration === undefined ? endNs : arrivalByEndNs;
  return { used: new Set(used), precisionNs, endsOnly: byEnd && duration === undefined, isSpan };
}

function checkRequest(fields: readonly LogField[], { source, hint }: LayoutOptions): void {
  const gives = new Set(fields.map((field) => field.gives));
  const isWhole = gives.has("requestLine");
  if (isWhole || (gives.has("method") && (gives.has("target") || gives.has("path")))) return;
  throw refused(source, "does not say what was requested", hint);
}

function checkNeighbours(steps: readonly Step[], { source }: LayoutOptions): void {
  for (const { fields } of steps) {
    const [first, second] = fields;
    const bare = fields.slice(1).findIndex(({ opensWith }) => opensWith === undefined);
    if (bare === -1) continue;
    const pair = `${(fields[bare] ?? first)!.label}${(fields[bare + 1] ?? second)!.label}`;
    throw refused(
      source,
      `has ${pair}, whose values cannot be told apart`,
      "write a character between them that stands in neither",
    );
  }
}

/** Where `literal` stands next, but for places inside an escape. */
function find(line: string, literal: string, from: number, isEscaped: boolean): number {
  if (!isEscaped) return line.indexOf(literal, from);
  for (let at = from; at <= line.length - literal.length; at++) {
    if (line[at] === "\\") at++;
    else if (line.startsWith(literal, at)) return at;
  }
  return -1;
}

/** Whether a list of values goes on over the blank at `at`: `0.1, 0.2` or `0.1 : 0.2`. */
const goesOn = (line: string, at: number): boolean =>
  line[at - 1] === "," || line.startsWith(" : ", at) || line.slice(at - 2, at) === " :";

function endOf(line: string, { fields, until }: Step, from: number, isEscaped: boolean): number {
  if (until === "") return line.length;
  let start = from;
  for (let blanks = fields.at(-1)!.time?.reader.blanks ?? 0; blanks > 0; blanks--) {
    start = line.indexOf(" ", start) + 1;
    if (start === 0) return -1;
  }
  let end = find(line, until, start, isEscaped);
  if (fields[0]!.isList !== true || !until.startsWith(" ")) return end;
  while (end > from && goesOn(line, end)) end = find(line, until, end + 1, isEscaped);
  return end;
}

/** Cuts the text of values that follow each other where the next one's first character is. */
function cut(text: string, fields: readonly LogField[]): string[] {
  const texts: string[] = [];
  let rest = text;
  for (const { opensWith } of fields.slice(1)) {
    const at = rest.indexOf(opensWith!);
    // Only a path is always there.
    if (at === -1 && opensWith === "/") throw new Unusable("the line does not fit the log format");
    const end = at === -1 ? rest.length : at;
    texts.push(rest.slice(0, end));
    rest = rest.slice(end);
  }
  return [...texts, rest];
}

type Match = { readonly texts: string[] } | { readonly column: number; readonly wanted: string };

function matched(line: string, lead: string, steps: readonly Step[], escapes: boolean): Match {
  if (!line.startsWith(lead)) return { column: 1, wanted: lead };
  const isEscaped = escapes && line.includes("\\");
  const texts: string[] = [];
  let at = lead.length;
  for (const step of steps) {
    const end = endOf(line, step, at, isEscaped);
    if (end === -1) return { column: at + 1, wanted: step.until };
    const text = line.slice(at, end);
    if (step.fields.length === 1) texts.push(text);
    else texts.push(...cut(text, step.fields));
    at = end + step.until.length;
  }
  return at === line.length ? { texts } : { column: at + 1, wanted: "" };
}

function takeSpan({ begin, end }: LogEntry): number | undefined {
  const [beginNs, endNs] = [momentNs(begin), momentNs(end)];
  if (beginNs === undefined || endNs === undefined || endNs < beginNs) return undefined;
  return Number(endNs - beginNs) / 1_000;
}

/**
 * Makes a reader of lines from a format's string. Each value reaches to where the text after it
 * stands next, so that reading takes time in proportion to the line, whatever the line.
 * @throws USAGE when the string does not say when or what, or values cannot be told apart.
 */
export function compileLayout(pieces: readonly LayoutPiece[], options: LayoutOptions): LogLayout {
  const { source, unescape, hint } = options;
  const { lead, steps } = stepsOf(pieces);
  const fields = steps.flatMap((step) => step.fields);
  checkRequest(fields, options);
  checkNeighbours(steps, options);
  const timing = timingOf(fields);
  if (timing === undefined) throw refused(source, "does not say when", hint);
  const momentOf = (entry: LogEntry, field: LogField): Moment => entry[field.time!.at];
  const takeAll = (texts: readonly string[]): LogEntry => {
    const entry = newEntry();
    for (const [index, field] of fields.entries()) {
      const raw = texts[index]!;
      if (timing.used.has(field)) field.time!.reader.read(raw, momentOf(entry, field));
      field.take?.(entry, unescape !== undefined && raw.includes("\\") ? unescape(raw) : raw);
    }
    const spanUs = timing.isSpan ? takeSpan(entry) : undefined;
    if (spanUs !== undefined) entry.durationUs = spanUs;
    return entry;
  };
  const match = (line: string): Match => matched(line, lead, steps, unescape !== undefined);
  return {
    timePrecisionNs: timing.precisionNs,
    endsOnly: timing.endsOnly,
    read(line) {
      const found = match(line);
      if ("texts" in found) return takeAll(found.texts);
      throw new Unusable("the line does not fit the log format");
    },
    departure(line) {
      const found = match(line);
      if ("texts" in found) return undefined;
      const { column, wanted } = found;
      const what = wanted === "" ? "the line's end" : JSON.stringify(wanted);
      return `from column ${column} on there is no ${what}`;
    },
  };
}
