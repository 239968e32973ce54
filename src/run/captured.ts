import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { basename } from "node:path";
import { pipeline } from "node:stream/promises";
import { captureProfile, type ColumnMapping, Peeked } from "../capture/index.ts";
import { ShakedownError, STANDARD_INPUT } from "../core/index.ts";
import { beginsProfile, type StoredProfile, storeOf, storeProfile } from "../profile/index.ts";
import { Keeper, type Kept } from "./keeper.ts";
import type { Scenario } from "./scenario/index.ts";

/** Pseudonyms come from the file itself, so that the same capture gives the same plan again. */
async function keyOf(path: string): Promise<Buffer> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest();
}

/** What a scenario replays; whoever asked for it disposes of its profile. */
export interface Captured {
  readonly profile: StoredProfile;
  /** Secrets that were replaced just now: of a capture that was read as it is. */
  readonly replacedCount: number;
}

/** How a capture is to be understood, as `shakedown capture` is told; and standard input. */
export interface Reading {
  /** A log format's name or string. */
  readonly logFormat?: string;
  readonly columns?: ColumnMapping;
  /** Of traces: whose requests. */
  readonly service?: string;
  /** What is read for a path that is `STANDARD_INPUT`. */
  readonly stdin?: AsyncIterable<Buffer>;
}

/** What is kept of what is read, and how it is read. */
export interface Wanted extends Kept {
  readonly scenario: Pick<Scenario, "filter" | "redact" | "sample">;
  readonly signal: AbortSignal;
  readonly reading?: Reading | undefined;
}

interface Import {
  readonly wanted: Wanted;
  readonly name: string;
  readonly key: Buffer;
  readonly stdin?: AsyncIterable<Buffer>;
}

async function importCapture(path: string, { wanted, ...capture }: Import): Promise<Captured> {
  const { reading, scenario, signal } = wanted;
  const { redact } = scenario;
  const given = { ...reading, ...capture, redact, signal, filter: {} };
  const { profile } = await captureProfile([path], given);
  const { values } = profile.manifest.redaction;
  const replacedCount = values.reduce((sum, { count }) => sum + count, 0);
  const keeper = new Keeper(wanted);
  return { profile: keeper.checked(storeOf(profile, { keep: keeper.keep })), replacedCount };
}

async function readStored(
  path: string,
  wanted: Wanted,
  stream?: AsyncIterable<Buffer>,
): Promise<Captured> {
  const { signal } = wanted;
  const keeper = new Keeper(wanted);
  const profile = await storeProfile(path, { stream, signal, keep: keeper.keep });
  return { profile: keeper.checked(profile), replacedCount: 0 };
}

const isAsWritten = ({ columns, logFormat, service }: Reading): boolean =>
  columns === undefined && logFormat === undefined && service === undefined;

function refuseReading({ columns, logFormat, service }: Reading, name: string): void {
  const given = { "--log-format": logFormat, "--columns": columns, "--service": service };
  for (const [flag, value] of Object.entries(given)) {
    if (value === undefined) continue;
    throw new ShakedownError("USAGE", `${flag} is for captures, and ${name} is a profile`, {
      hint: "leave it out",
    });
  }
}

/** Standard input is read once: what it is, and the key of its pseudonyms, come from how it begins. */
async function readStandardInput(stdin: AsyncIterable<Buffer>, wanted: Wanted): Promise<Captured> {
  const name = "standard input";
  const peeked = new Peeked(stdin);
  const head = await peeked.head();
  if (beginsProfile(head)) {
    refuseReading(wanted.reading ?? {}, name);
    return readStored(name, wanted, peeked);
  }
  const key = createHash("sha256").update(head).digest();
  return importCapture(STANDARD_INPUT, { wanted, name, key, stdin: peeked });
}

/**
 * Reads a profile, or a capture as `shakedown capture` would, and keeps what a scenario keeps of it.
 * With `redact`, a capture's secrets are replaced as they would be there. What does not fit into
 * some memory is held in a temporary file without a name. Arrivals begin anew at 0.
 * @throws what `storeProfile` and `captureProfile` throw; USAGE where a profile is to be understood
 * as a capture; PROFILE_INVALID when nothing is left, or when there are no sessions to sample by
 */
export async function readCaptured(path: string, wanted: Wanted): Promise<Captured> {
  const { reading = {} } = wanted;
  const { stdin } = reading;
  if (path === STANDARD_INPUT && stdin !== undefined) return readStandardInput(stdin, wanted);
  const file = new Peeked(createReadStream(path));
  // What cannot be opened is told of as a profile.
  const head = await file.head().catch(() => null);
  if (head === null) return readStored(path, wanted);
  const isProfile = beginsProfile(head);
  if (isProfile && isAsWritten(reading)) return readStored(path, wanted, file);
  await file.close();
  if (isProfile) refuseReading(reading, path);
  try {
    return await importCapture(path, { wanted, name: basename(path), key: await keyOf(path) });
  } catch (thrown) {
    const told = reading.logFormat !== undefined || reading.columns !== undefined;
    const unknown = thrown instanceof ShakedownError && thrown.code === "CAPTURE_FORMAT_UNKNOWN";
    // Then it was to be a profile, most likely: it is told what it lacks of one.
    if (unknown && !told) return readStored(path, wanted);
    throw thrown;
  }
}
