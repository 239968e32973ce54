import { createReadStream } from "node:fs";
import { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, gunzipSync, zstdDecompressSync } from "node:zlib";
import { z } from "zod";
import { messageOf, ShakedownError, systemCodeOf, Unpack, ZSTD_MAGIC } from "../core/index.ts";
import { checkRecord } from "./check-record.ts";
import { LineSplitter } from "./line-splitter.ts";
import {
  type Profile,
  PROFILE_SCHEMA_VERSION,
  type ProfileManifest,
  profileManifestSchema,
  type ProfileRecord,
} from "./record.ts";

const HINT = "make one from a capture with `shakedown capture <file>`";

const CHUNK_BYTES = 2 ** 17;

const invalid = (what: string, cause?: unknown): ShakedownError =>
  new ShakedownError("PROFILE_INVALID", what, { hint: HINT, cause });

const issuesOf = (error: z.ZodError): string =>
  error.issues.map(({ path, message }) => `${path.join(".") || "line"}: ${message}`).join("; ");

function jsonOf(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalid(`${where} is not JSON: ${messageOf(cause)}`, cause);
  }
}

function manifestOf(text: string, path: string): ProfileManifest {
  const value = jsonOf(text, `${path}, line 1,`);
  const version = z.object({ shakedownProfile: z.unknown() }).safeParse(value);
  if (!version.success) throw invalid(`${path} is not a profile: line 1 is no manifest`);
  if (version.data.shakedownProfile !== PROFILE_SCHEMA_VERSION) {
    throw new ShakedownError(
      "PROFILE_VERSION",
      `${path} is a profile of schema ${JSON.stringify(version.data.shakedownProfile)}; this shakedown reads schema ${PROFILE_SCHEMA_VERSION}`,
      { hint: "capture it again with this version, or read it with the version that wrote it" },
    );
  }
  const parsed = profileManifestSchema.safeParse(value);
  if (!parsed.success) throw invalid(`${path}, line 1: ${issuesOf(parsed.error)}`);
  return parsed.data;
}

/** Where a profile's records go while it is read. */
export interface RecordSink {
  /** Told once, before the first record. */
  begin?(manifest: ProfileManifest): void;
  /** Told each record, whose JSON stands in `bytes` between two places. */
  add(record: ProfileRecord, bytes: Buffer, from: number, to: number): void;
}

/** Checks line after line, and knows how far it came when the file ends early. */
class ProfileLines {
  readonly #path: string;
  readonly #sink: RecordSink;
  read = 0;
  manifest: ProfileManifest | undefined;
  #lastNs = 0;

  constructor(path: string, sink: RecordSink) {
    this.#path = path;
    this.#sink = sink;
  }

  add(bytes: Buffer, from: number, to: number): void {
    const text = bytes.toString("utf8", from, to);
    if (this.manifest === undefined) {
      this.manifest = manifestOf(text, this.#path);
      this.#sink.begin?.(this.manifest);
      return;
    }
    const checked = checkRecord(this.#json(text));
    if ("error" in checked) throw invalid(`${this.#where()}: ${issuesOf(checked.error)}`);
    const { record } = checked;
    if (record.offsetNs < this.#lastNs) throw invalid(`${this.#where()}: offsetNs goes backwards`);
    this.#lastNs = record.offsetNs;
    this.read++;
    this.#sink.add(record, bytes, from, to);
  }

  cut(cause?: unknown): ShakedownError {
    const told =
      this.manifest === undefined
        ? "it ends inside its manifest; no record could be read"
        : `${this.read} of ${this.manifest.counts.records} records could be read`;
    return new ShakedownError("PROFILE_TRUNCATED", `${this.#path} is cut off: ${told}`, {
      hint: "copy or download it again, or make it anew with `shakedown capture`",
      cause,
    });
  }

  #json(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch {
      return jsonOf(text, this.#where());
    }
  }

  #where(): string {
    return `${this.#path}, line ${this.read + 2}`;
  }
}

/** What a failure of the stream under the lines means. */
function readingFailed(path: string, lines: ProfileLines, cause: unknown): Error {
  if (cause instanceof ShakedownError) return cause;
  const code = systemCodeOf(cause) ?? "";
  if (code === "ENOENT") {
    return new ShakedownError("FILE_NOT_FOUND", `there is no file ${path}`, { hint: HINT, cause });
  }
  if (code === "Z_BUF_ERROR") return lines.cut(cause);
  if (code === "Z_DATA_ERROR" || code.startsWith("ZSTD_")) {
    return lines.manifest === undefined
      ? invalid(`${path} is not a profile: it is neither gzip nor zstd`, cause)
      : invalid(`${path} is damaged after record ${lines.read}`, cause);
  }
  return new ShakedownError("FILE_UNREADABLE", `cannot read ${path}: ${messageOf(cause)}`, {
    cause,
  });
}

/*
 * The sink takes every chunk in the tick in which it was inflated (no back-pressure, no await), so
 * that when the stream ends in an error, all that came before it has been counted.
 */
function sinkInto(lines: ProfileLines): Writable {
  const splitter = new LineSplitter((bytes, from, to) => lines.add(bytes, from, to));
  return new Writable({
    highWaterMark: Number.MAX_SAFE_INTEGER,
    write(chunk: Buffer, _encoding, done) {
      try {
        splitter.add(chunk);
        done();
      } catch (thrown) {
        done(thrown as Error);
      }
    },
    final(done) {
      done(splitter.isOpen ? lines.cut() : null);
    },
  });
}

/** What the beginning of a packed file holds. */
const begunText = (head: Buffer): Buffer =>
  head[0] === ZSTD_MAGIC[0]
    ? zstdDecompressSync(head, { finishFlush: constants.ZSTD_e_continue })
    : gunzipSync(head, { finishFlush: constants.Z_SYNC_FLUSH });

/** Whether a file that begins with these bytes was meant as a profile, of whatever version. */
export function beginsProfile(head: Buffer): boolean {
  try {
    return /^\{\s*"shakedownProfile"/.test(begunText(head).toString("latin1"));
  } catch {
    return false;
  }
}

/** What is read, where it is no file; and what may stop it. */
export interface ReadOptions {
  /** Goes by the name of the path. */
  readonly stream?: AsyncIterable<Buffer> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads a profile file line by line, checks every one, and tells it to `sink`; what this throws,
 * too, ends the reading.
 * @throws as `readProfile`; why `signal` was aborted
 */
export async function streamProfile(
  path: string,
  sink: RecordSink,
  { signal, stream = createReadStream(path, { highWaterMark: CHUNK_BYTES }) }: ReadOptions = {},
): Promise<ProfileManifest> {
  const lines = new ProfileLines(path, sink);
  const options = signal === undefined ? {} : { signal };
  try {
    await pipeline(stream, new Unpack(CHUNK_BYTES), sinkInto(lines), options);
  } catch (cause) {
    if (signal?.aborted === true) throw signal.reason;
    throw readingFailed(path, lines, cause);
  }
  const { manifest, read } = lines;
  if (manifest === undefined) throw invalid(`${path} is not a profile: it is empty`);
  const { records } = manifest.counts;
  if (read < records) throw lines.cut();
  if (read > records) {
    throw invalid(`${path} holds ${read} records, and its manifest says ${records}`);
  }
  return manifest;
}

/**
 * Reads a profile file into memory, checking every line; or `stream`, which goes by the name of
 * `path`.
 * @throws FILE_NOT_FOUND, FILE_UNREADABLE; PROFILE_INVALID when it is not a profile or a line
 * breaks the schema (named by its number); PROFILE_TRUNCATED when it ends early, with how many
 * records were readable; PROFILE_VERSION when another schema version wrote it.
 */
export async function readProfile(path: string, stream?: AsyncIterable<Buffer>): Promise<Profile> {
  const records: ProfileRecord[] = [];
  const add = (record: ProfileRecord): void => void records.push(record);
  const manifest = await streamProfile(path, { add }, { stream });
  return { manifest, records };
}

/** A profile's manifest; its records are not looked at. @throws as `readProfile` */
export async function readManifest(path: string): Promise<ProfileManifest> {
  const enough = new AbortController();
  let found: ProfileManifest | undefined;
  const begin = (manifest: ProfileManifest): void => {
    found = manifest;
    enough.abort();
  };
  try {
    return await streamProfile(path, { begin, add: () => {} }, { signal: enough.signal });
  } catch (thrown) {
    if (found === undefined) throw thrown;
    return found;
  }
}
