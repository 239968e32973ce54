import { createWriteStream } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { messageOf, ShakedownError } from "../core/index.ts";
import { type Profile, profileManifestSchema, profileRecordSchema } from "./record.ts";

const GZIP_OS_BYTE = 9;
const GZIP_OS_UNKNOWN = 255;
const LINES_PER_CHUNK = 256;

/*
 * Lines go out in the schema's key order, whatever order the caller's objects have, so that equal
 * profiles have equal bytes. What breaks the schema fails here and not at the next reading.
 */
function* linesOf(profile: Profile): Generator<string> {
  yield `${JSON.stringify(profileManifestSchema.parse(profile.manifest))}\n`;
  let lines: string[] = [];
  for (const record of profile.records) {
    lines.push(`${JSON.stringify(profileRecordSchema.parse(record))}\n`);
    if (lines.length < LINES_PER_CHUNK) continue;
    yield lines.join("");
    lines = [];
  }
  if (lines.length > 0) yield lines.join("");
}

/** zlib writes the operating system into the header; say "unknown", so that machines agree. */
async function settle(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.write(Uint8Array.of(GZIP_OS_UNKNOWN), 0, 1, GZIP_OS_BYTE);
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * Writes a profile as gzipped NDJSON, the manifest first. The file appears whole or not at all: it
 * is written beside its place and renamed. Equal profiles give equal bytes (with one zlib).
 * @throws OUTPUT_UNWRITABLE when the file could not be made.
 */
export async function writeProfile(path: string, profile: Profile): Promise<void> {
  const unfinished = `${path}.${process.pid}.part`;
  try {
    await pipeline(
      Readable.from(linesOf(profile)),
      createGzip({ level: 9 }),
      createWriteStream(unfinished),
    );
    await settle(unfinished);
    await rename(unfinished, path);
  } catch (cause) {
    await rm(unfinished, { force: true });
    throw new ShakedownError("OUTPUT_UNWRITABLE", `cannot write ${path}: ${messageOf(cause)}`, {
      hint: "check that the folder exists and can be written to, or choose another place",
      cause,
    });
  }
}
