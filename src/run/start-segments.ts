import { existsSync, readFileSync } from "node:fs";
import { z } from "zod";
import { messageOf, ShakedownError } from "../core/index.ts";
import { isByStart, type Plan, type SegmentSpec, type StartSegments } from "../experiment/index.ts";
import { type ProfileRecord, sessionOf, type StoredProfile } from "../profile/index.ts";
import { allStarts, type GeneratorJob, keyMatcher } from "../replay/index.ts";
import type { LoadedScenario } from "./load-scenario.ts";
import type { RunDirectory } from "./run-directory.ts";
import { faultsIn } from "./yaml-file.ts";

/** Beside the plan, in a run directory: which start is in which segments by header and session. */
const SEGMENTS_FILE = "segments.ndjson";
/** Starts in a line. */
const LINE_STARTS = 24_576;

/** A session's first start, and its later ones. */
const NEW = "new";
const RETURNING = "returning";

/** Of each record of a profile, in which segments it is; bit i is the i-th of `segments`. */
export interface RecordSegments {
  readonly segments: readonly SegmentSpec[];
  readonly masks: Uint16Array;
  /** Of a session's first start, and of its later ones. */
  readonly newBits: number;
  readonly returningBits: number;
  /** The session of a record, as a number of its own; 0 for none. */
  readonly sessionOf: (record: number) => number;
}

type Test = (record: ProfileRecord) => boolean;

function testOf({ header, matches = "*", session = "" }: SegmentSpec): Test {
  if (header !== undefined) {
    const isMatch = keyMatcher([matches]);
    return ({ headers }) => headers.some(([name, value]) => name === header && isMatch(value));
  }
  if (session === NEW || session === RETURNING) return () => false;
  const isMatch = keyMatcher([session]);
  return (record) => {
    const own = sessionOf(record);
    return own !== null && isMatch(own);
  };
}

const bitsOf = (segments: readonly SegmentSpec[], session: string): number =>
  segments.reduce((bits, each, i) => (each.session === session ? bits | (1 << i) : bits), 0);

/** What is wrong with one of the plan's segments, at its line where the scenario is a file. */
function refusal(
  scenario: Pick<LoadedScenario, "path" | "text"> | undefined,
  place: number,
  why: string,
  { hint }: { readonly hint: string },
): ShakedownError {
  if (scenario === undefined) {
    return new ShakedownError("SCENARIO_INVALID", `segments.${place}: ${why}`, { hint });
  }
  const faults = faultsIn(scenario.path, scenario.text);
  faults.in(["segments", place], why);
  return new ShakedownError("SCENARIO_INVALID", faults.told.join("\n"), { hint });
}

function nobodyIn({ header, matches, name, session }: SegmentSpec): string {
  const wanted = matches === undefined ? "" : ` that matches ${matches}`;
  const what = header === undefined ? `of session ${session}` : `with a header ${header}${wanted}`;
  return `${name}: the profile has no request ${what}`;
}

/**
 * In which of a plan's segments by header and session each record is; null where it has none. Each
 * record is read once.
 * @throws SCENARIO_INVALID where a segment has no request, or no sessions are known
 */
export function recordSegments(
  plan: Plan,
  { records }: StoredProfile,
  scenario?: Pick<LoadedScenario, "path" | "text">,
): RecordSegments | null {
  const segments = plan.segments.filter(isByStart);
  if (segments.length === 0) return null;
  const [newBits, returningBits] = [bitsOf(segments, NEW), bitsOf(segments, RETURNING)];
  if (!records.hasSessions && segments.some(({ session }) => session !== undefined)) {
    const bySession = plan.segments.findIndex(({ session }) => session !== undefined);
    throw refusal(scenario, bySession, "the profile knows no sessions and no connections", {
      hint: "choose segments by header or route, or capture with sessions",
    });
  }
  const tests = segments.map(testOf);
  const masks = new Uint16Array(records.length);
  let [index, all] = [0, newBits | returningBits];
  for (const record of records.records()) {
    let mask = 0;
    for (const [place, test] of tests.entries()) if (test(record)) mask |= 1 << place;
    masks[index++] = mask;
    all |= mask;
  }
  const empty = segments.find((_, place) => (all & (1 << place)) === 0);
  if (empty !== undefined) {
    throw refusal(scenario, plan.segments.indexOf(empty), nobodyIn(empty), {
      hint: "`shakedown profile <file>` lists what headers there are; * stands for anything",
    });
  }
  const session = (record: number): number => records.sessionOf(record);
  return { segments, masks, newBits, returningBits, sessionOf: session };
}

/**
 * Says whether a start is its session's first. A clone of the capture, and each time that the capture
 * is gone through, is another user with sessions of its own, as in a split.
 */
class Sessions {
  readonly #copies = new Map<number, { last: number; readonly seen: Set<number> }>();

  isFirst(session: number, record: number, copy: number): boolean {
    let own = this.#copies.get(copy);
    if (own === undefined) this.#copies.set(copy, (own = { last: -1, seen: new Set() }));
    if (record < own.last) own.seen.clear();
    own.last = record;
    const { size } = own.seen;
    return own.seen.add(session).size > size;
  }
}

/**
 * In which segments each start of a job is. A start that is made again, in another period, is what it
 * was at first; a repeat for comparing answers is a start of its own, which comes later.
 */
export function startSegments(job: GeneratorJob, of: RecordSegments): StartSegments {
  const sessions = new Sessions();
  let masks = new Uint16Array(LINE_STARTS);
  let length = 0;
  for (const { copy, record, seq } of allStarts(job)) {
    if (seq < length) continue;
    if (seq >= masks.length) {
      const larger = new Uint16Array(2 * seq);
      larger.set(masks);
      masks = larger;
    }
    const session = of.sessionOf(record);
    const byAge = of.newBits | of.returningBits;
    let mask = of.masks[record]!;
    if (byAge !== 0 && session !== 0) {
      mask |= sessions.isFirst(session, record, copy) ? of.newBits : of.returningBits;
    }
    masks[seq] = mask;
    length = seq + 1;
  }
  return { segments: of.segments, masks: masks.subarray(0, length) };
}

function* linesOf({ masks, segments }: StartSegments): Generator<string> {
  yield `${JSON.stringify({ segmentsVersion: 1, segments, starts: masks.length })}\n`;
  for (let from = 0; from < masks.length; from += LINE_STARTS) {
    const part = masks.subarray(from, from + LINE_STARTS);
    const bytes = Buffer.alloc(2 * part.length);
    for (const [index, mask] of part.entries()) bytes.writeUInt16LE(mask, 2 * index);
    yield `${JSON.stringify(bytes.toString("base64"))}\n`;
  }
}

/** Keeps them in a run directory. @throws DISK_WRITE_FAILED */
export function writeStartSegments(directory: RunDirectory, starts: StartSegments): void {
  directory.write(SEGMENTS_FILE, linesOf(starts));
}

const headSchema = z.strictObject({
  segmentsVersion: z.literal(1),
  segments: z.array(z.custom<SegmentSpec>((value) => typeof value === "object" && value !== null)),
  starts: z.int().min(0),
});

/** What a run keeps of its starts' segments; null where it keeps none. @throws RUN_INVALID */
export function readStartSegments(directory: RunDirectory): StartSegments | null {
  const path = directory.file(SEGMENTS_FILE);
  if (!existsSync(path)) return null;
  try {
    const [head = "", ...lines] = readFileSync(path, "utf8").trimEnd().split("\n");
    const { segments, starts } = headSchema.parse(JSON.parse(head));
    const bytes = Buffer.concat(
      lines.map((line) => Buffer.from(z.string().parse(JSON.parse(line)), "base64")),
    );
    if (bytes.length !== 2 * starts) throw new Error(`it has ${bytes.length / 2} of ${starts}`);
    const masks = Uint16Array.from({ length: starts }, (_, i) => bytes.readUInt16LE(2 * i));
    return { segments, masks };
  } catch (cause) {
    throw new ShakedownError("RUN_INVALID", `cannot read ${path}: ${messageOf(cause)}`, {
      hint: "it is written before the first request and not changed after; restore it",
      cause,
    });
  }
}
