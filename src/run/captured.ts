import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { basename } from "node:path";
import { pipeline } from "node:stream/promises";
import { captureProfile } from "../capture/index.ts";
import { ShakedownError } from "../core/index.ts";
import {
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

/**
 * Reads a profile, or a capture as `shakedown capture` would: nothing of it is written to the
 * disk. With `redact`, its secrets are replaced as they would be there.
 * @throws what `readProfile` and `captureProfile` throw
 */
export async function readCaptured(
  path: string,
  redact: boolean,
  signal: AbortSignal,
): Promise<Captured> {
  try {
    return { profile: await readProfile(path), replacedCount: 0 };
  } catch (thrown) {
    if (!(thrown instanceof ShakedownError) || thrown.code !== "PROFILE_INVALID") throw thrown;
    const capture = { name: basename(path), key: await keyOf(path), filter: {}, redact, signal };
    const imported = await captureProfile([path], capture).catch((second: unknown) => {
      const unknown = second instanceof ShakedownError && second.code === "CAPTURE_FORMAT_UNKNOWN";
      throw unknown ? thrown : second;
    });
    const { profile } = imported;
    const { values } = profile.manifest.redaction;
    return { profile, replacedCount: values.reduce((sum, { count }) => sum + count, 0) };
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
