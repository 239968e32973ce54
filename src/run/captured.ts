import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { basename } from "node:path";
import { pipeline } from "node:stream/promises";
import { captureProfile } from "../capture/index.ts";
import { keyedDraw, ShakedownError } from "../core/index.ts";
import { type Profile, type ProfileRecord, readProfile } from "../profile/index.ts";
import { sessionOf } from "../replay/index.ts";
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

/** `GET /products/*`: a star stands for anything. */
function routePattern(pattern: string): RegExp {
  const escaped = pattern.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${escaped.replaceAll("*", ".*")}$`);
}

function passes(filter: NonNullable<Scenario["filter"]>): (record: ProfileRecord) => boolean {
  const routes = filter.route?.map(routePattern);
  const statuses = filter.status?.map(
    (text) => new RegExp(`^${text.replaceAll("x", String.raw`\d`)}$`),
  );
  return ({ method, route, status }) =>
    (filter.method?.includes(method) ?? true) &&
    (routes?.some((pattern) => pattern.test(route)) ?? true) &&
    (statuses?.some((pattern) => status !== undefined && pattern.test(String(status))) ?? true);
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
  const filtered = profile.records.filter(filter === undefined ? () => true : passes(filter));
  if (sample?.by === "session" && !filtered.some((record) => sessionOf(record) !== null)) {
    throw new ShakedownError("PROFILE_INVALID", "the profile knows no sessions to sample by", {
      hint: "sample by request instead",
    });
  }
  const drawn = filtered.filter((record, index) => {
    if (sample === undefined) return true;
    const key = sample.by === "session" ? (sessionOf(record) ?? index) : index;
    return keyedDraw(seed, "sample", key).uniform("kept") < sample.share;
  });
  const [first] = drawn;
  if (first === undefined) {
    const of = `none of the profile's ${profile.records.length} records`;
    throw new ShakedownError("PROFILE_INVALID", `${of} passes the filter and the sample`, {
      hint: "`shakedown profile <file>` lists its routes, methods and statuses",
    });
  }
  const records = drawn.map((record) => ({
    ...record,
    offsetNs: record.offsetNs - first.offsetNs,
  }));
  return { manifest: profile.manifest, records };
}
