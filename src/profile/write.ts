import { createWriteStream } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, createGzip, createZstdCompress, gzipSync, zstdCompressSync } from "node:zlib";
import { messageOf, ShakedownError } from "../core/index.ts";
import {
  type Profile,
  type ProfileManifest,
  profileManifestSchema,
  type ProfileRecord,
  profileRecordSchema,
} from "./record.ts";

const GZIP_OS_BYTE = 9;
const GZIP_OS_UNKNOWN = 255;
const CHUNK_BYTES = 2 ** 18;
/** Higher levels take up to four times as long, and save a tenth of the file. */
const GZIP = { level: 3, memLevel: 9, chunkSize: CHUNK_BYTES };
/** As small as gzip's level 3 in a fifth of the time; higher levels save next to nothing. */
const ZSTD = {
  params: {
    [constants.ZSTD_c_compressionLevel]: 1,
    [constants.ZSTD_c_checksumFlag]: 1,
  },
  chunkSize: CHUNK_BYTES,
};
const COPIED_CHUNK_BYTES = 2 ** 20;
const LINES_PER_CHUNK = 256;

/** What a profile is written from, when not all of it is at hand at once. */
export interface ProfileLines {
  /**
   * The records' lines in whole lines, in UTF-8, as `recordLine` writes them: whoever gives them
   * answers for that. Each chunk is only asked to be good until three more were taken.
   */
  readonly lines: AsyncIterable<Buffer> | Iterable<Buffer>;
  /** Asked once the lines have gone through. */
  readonly manifest: () => ProfileManifest;
}

/**
 * A record's line, in the schema's key order, whatever order the caller's object has, so that equal
 * profiles have equal bytes.
 * @throws what breaks the schema, here and not at the next reading.
 */
export const recordLine = (record: ProfileRecord): string =>
  `${JSON.stringify(profileRecordSchema.parse(record))}\n`;

function* linesOf(records: readonly ProfileRecord[]): Generator<Buffer> {
  for (let from = 0; from < records.length; from += LINES_PER_CHUNK) {
    const lines = records.slice(from, from + LINES_PER_CHUNK).map(recordLine);
    yield Buffer.from(lines.join(""));
  }
}

const isZstd = (path: string): boolean => path.endsWith(".zst");

/** The manifest as a gzip member, or zstd frame, of its own. */
function manifestMember(manifest: ProfileManifest, path: string): Buffer {
  const line = `${JSON.stringify(profileManifestSchema.parse(manifest))}\n`;
  return isZstd(path) ? zstdCompressSync(line, ZSTD) : gzipSync(line, GZIP);
}

/** zlib writes the operating system into a header; say "unknown", so that machines agree. */
async function settle(path: string, members: readonly number[]): Promise<void> {
  const file = await open(path, "r+");
  try {
    for (const at of members) {
      await file.write(Uint8Array.of(GZIP_OS_UNKNOWN), 0, 1, at + GZIP_OS_BYTE);
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Writes a file of what is given and, behind it, another file's bytes. */
async function writeBehind(
  path: string,
  first: Buffer,
  behind: string,
  signal?: AbortSignal,
): Promise<void> {
  await using whole = await open(path, "w");
  await whole.writeFile(first);
  await using source = await open(behind);
  // One piece of memory: streams would take a new one for each.
  const chunk = Buffer.allocUnsafeSlow(COPIED_CHUNK_BYTES);
  for (;;) {
    signal?.throwIfAborted();
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const { bytesRead } = await source.read(chunk, 0, chunk.length);
    if (bytesRead === 0) return;
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await whole.writeFile(chunk.subarray(0, bytesRead));
  }
}

async function write(
  path: string,
  unfinished: string,
  source: ProfileLines,
  signal?: AbortSignal,
): Promise<ProfileManifest> {
  const options = signal === undefined ? {} : { signal };
  const records = `${unfinished}.records`;
  try {
    await pipeline(
      // One chunk waits here, one is being packed, and one is being made.
      Readable.from(source.lines, { highWaterMark: 1 }),
      isZstd(path) ? createZstdCompress(ZSTD) : createGzip(GZIP),
      createWriteStream(records),
      options,
    );
    const manifest = source.manifest();
    const first = manifestMember(manifest, path);
    await writeBehind(unfinished, first, records, signal);
    await settle(unfinished, isZstd(path) ? [] : [0, first.length]);
    await rename(unfinished, path);
    return manifest;
  } finally {
    await rm(records, { force: true });
  }
}

/**
 * Writes a profile as NDJSON, packed by zstd where its name ends in `.zst` and by gzip otherwise;
 * the manifest first, in a gzip member (zstd frame) of its own: it counts the records, and so is
 * made after them. The file appears whole or not at all: it is written beside its place and
 * renamed. Equal profiles give equal bytes (with one zlib or zstd).
 * @throws OUTPUT_UNWRITABLE when the file could not be made; what `lines` throw, and why `signal`
 * was aborted, where these are `ShakedownError`s.
 * @returns the manifest that was written
 */
export async function writeProfileLines(
  path: string,
  source: ProfileLines,
  signal?: AbortSignal,
): Promise<ProfileManifest> {
  const unfinished = `${path}.${process.pid}.part`;
  try {
    return await write(path, unfinished, source, signal);
  } catch (cause) {
    await rm(unfinished, { force: true });
    const told = signal?.aborted === true ? (signal.reason as unknown) : cause;
    if (told instanceof ShakedownError) throw told;
    throw new ShakedownError("OUTPUT_UNWRITABLE", `cannot write ${path}: ${messageOf(cause)}`, {
      hint: "check that the folder exists and can be written to, or choose another place",
      cause,
    });
  }
}

/**
 * Writes a profile that is in memory; see `writeProfileLines`.
 * @throws OUTPUT_UNWRITABLE when the file could not be made, or the profile breaks the schema.
 */
export async function writeProfile(path: string, profile: Profile): Promise<void> {
  const { manifest, records } = profile;
  await writeProfileLines(path, { lines: linesOf(records), manifest: () => manifest });
}
