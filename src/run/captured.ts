import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { basename } from "node:path";
import { pipeline } from "node:stream/promises";
import { captureProfile, type ColumnMapping, Peeked, STANDARD_INPUT } from "../capture/index.ts";
import { ShakedownError } from "../core/index.ts";
import {
  beginsProfile,
  filterRecords,
  fromFirst,
  type Profile,
  readProfile,
  sampleRecords,
} from "../profile/index.ts";
import type { Scenario } from "./scenario.ts";

/** Pseudonyms come from the file itself, so that the same capture gives the same plan again. */
async function keyOf(path: string): Promise<Buffer> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest();
}

/** What a scenario replays, before anything is left out of it. */
export interface Captured {
  readonly profile: Profile;
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

interface Import extends Reading {
  readonly name: string;
  readonly key: Buffer;
  readonly redact: boolean;
  readonly signal: AbortSignal;
}

async function importCapture(path: string, capture: Import): Promise<Captured> {
  const { profile } = await captureProfile([path], { ...capture, filter: {} });
  const { values } = profile.manifest.redaction;
  return { profile, replacedCount: values.reduce((sum, { count }) => sum + count, 0) };
}

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
async function readStandardInput(
  stdin: AsyncIterable<Buffer>,
  options: Omit<Import, "name" | "key">,
): Promise<Captured> {
  const name = "standard input";
  const peeked = new Peeked(stdin);
  const head = await peeked.head();
  if (beginsProfile(head)) {
    refuseReading(options, name);
    return { profile: await readProfile(name, peeked), replacedCount: 0 };
  }
  const key = createHash("sha256").update(head).digest();
  return importCapture(STANDARD_INPUT, { ...options, name, key, stdin: peeked });
}

/**
 * Reads a profile, or a capture as `shakedown capture` would: nothing of it is written to the
 * disk. With `redact`, its secrets are replaced as they would be there.
 * @throws what `readProfile` and `captureProfile` throw; USAGE where a profile is to be understood
 * as a capture
 */
export async function readCaptured(
  path: string,
  redact: boolean,
  signal: AbortSignal,
  reading: Reading = {},
): Promise<Captured> {
  const { stdin } = reading;
  if (path === STANDARD_INPUT && stdin !== undefined) {
    return readStandardInput(stdin, { ...reading, redact, signal });
  }
  try {
    const profile = await readProfile(path);
    refuseReading(reading, path);
    return { profile, replacedCount: 0 };
  } catch (thrown) {
    if (!(thrown instanceof ShakedownError) || thrown.code !== "PROFILE_INVALID") throw thrown;
    const name = basename(path);
    const capture = { ...reading, name, key: await keyOf(path), redact, signal };
    return importCapture(path, capture).catch((second: unknown) => {
      const told = reading.logFormat !== undefined || reading.columns !== undefined;
      const unknown = second instanceof ShakedownError && second.code === "CAPTURE_FORMAT_UNKNOWN";
      throw unknown && !told ? thrown : second;
    });
  }
}

/**
 * The records of a profile that a scenario keeps: those that pass its filter, and of those the
 * sample, drawn from the seed, whole sessions together where it is by session. Arrivals begin anew
 * at 0.
 * @throws PROFILE_INVALID when none is left, or when there are no sessions to sample by
 */
export function keptRecords(profile: Profile, scenario: Scenario, seed: string): Profile {
  const { filter, sample } = scenario;
  if (filter === undefined && sample === undefined) return profile;
  const filtered = filter === undefined ? profile.records : filterRecords(profile.records, filter);
  const drawn = sample === undefined ? filtered : sampleRecords(filtered, sample, seed);
  if (drawn.length === 0) {
    const of = `none of the profile's ${profile.records.length} records`;
    throw new ShakedownError("PROFILE_INVALID", `${of} passes the filter and the sample`, {
      hint: "`shakedown profile <file>` lists its routes, methods and statuses",
    });
  }
  return { manifest: profile.manifest, records: fromFirst(drawn) };
}
