import { createReadStream } from "node:fs";
import { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { StringDecoder } from "node:string_decoder";
import { constants, createGunzip, gunzipSync } from "node:zlib";
import { z } from "zod";
import { messageOf, ShakedownError, systemCodeOf } from "../core/index.ts";
import {
  type Profile,
  PROFILE_SCHEMA_VERSION,
  type ProfileManifest,
  profileManifestSchema,
  type ProfileRecord,
  profileRecordSchema,
} from "./record.ts";

const HINT = "make one from a capture with `shakedown capture <file>`";

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

/** Reads line after line into a profile, and knows how far it came when the file ends early. */
class ProfileLines {
  readonly #path: string;
  readonly records: ProfileRecord[] = [];
  manifest: ProfileManifest | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  add(text: string): void {
    if (this.manifest === undefined) {
      this.manifest = manifestOf(text, this.#path);
      return;
    }
    const where = `${this.#path}, line ${this.records.length + 2}`;
    const parsed = profileRecordSchema.safeParse(jsonOf(text, where));
    if (!parsed.success) throw invalid(`${where}: ${issuesOf(parsed.error)}`);
    if (parsed.data.offsetNs < (this.records.at(-1)?.offsetNs ?? 0)) {
      throw invalid(`${where}: offsetNs goes backwards`);
    }
    this.records.push(parsed.data);
  }

  cut(cause?: unknown): ShakedownError {
    const read = this.records.length;
    const told =
      this.manifest === undefined
        ? "it ends inside its manifest; no record could be read"
        : `${read} of ${this.manifest.counts.records} records could be read`;
    return new ShakedownError("PROFILE_TRUNCATED", `${this.#path} is cut off: ${told}`, {
      hint: "copy or download it again, or make it anew with `shakedown capture`",
      cause,
    });
  }
}

/** What a failure of the stream under the lines means. */
function readingFailed(path: string, lines: ProfileLines, cause: unknown): Error {
  if (cause instanceof ShakedownError) return cause;
  switch (systemCodeOf(cause) ?? "") {
    case "ENOENT":
      return new ShakedownError("FILE_NOT_FOUND", `there is no file ${path}`, {
        hint: HINT,
        cause,
      });
    case "Z_BUF_ERROR":
      return lines.cut(cause);
    case "Z_DATA_ERROR":
      return lines.manifest === undefined
        ? invalid(`${path} is not a profile: it is not gzip`, cause)
        : invalid(`${path} is damaged after record ${lines.records.length}`, cause);
    default:
      return new ShakedownError("FILE_UNREADABLE", `cannot read ${path}: ${messageOf(cause)}`, {
        cause,
      });
  }
}

/*
 * The sink takes every chunk in the tick in which it was inflated (no back-pressure, no await), so
 * that when the stream ends in an error, all that came before it has been counted.
 */
function sinkInto(lines: ProfileLines): Writable {
  const decoder = new StringDecoder("utf8");
  let open: string[] = [];
  const feed = (text: string): void => {
    const pieces = text.split("\n");
    for (const [index, piece] of pieces.entries()) {
      open.push(piece);
      if (index === pieces.length - 1) return;
      lines.add(open.join(""));
      open = [];
    }
  };
  return new Writable({
    highWaterMark: Number.MAX_SAFE_INTEGER,
    write(chunk: Buffer, _encoding, done) {
      try {
        feed(decoder.write(chunk));
        done();
      } catch (thrown) {
        done(thrown as Error);
      }
    },
    final(done) {
      const rest = open.join("") + decoder.end();
      done(rest === "" ? null : lines.cut());
    },
  });
}

/** Whether a file that begins with these bytes was meant as a profile, of whatever version. */
export function beginsProfile(head: Buffer): boolean {
  try {
    const text = gunzipSync(head, { finishFlush: constants.Z_SYNC_FLUSH }).toString("latin1");
    return /^\{\s*"shakedownProfile"/.test(text);
  } catch {
    return false;
  }
}

/**
 * Reads a profile file, checking every line; or `stream`, which goes by the name of `path`.
 * @throws FILE_NOT_FOUND, FILE_UNREADABLE; PROFILE_INVALID when it is not a profile or a line
 * breaks the schema (named by its number); PROFILE_TRUNCATED when it ends early, with how many
 * records were readable; PROFILE_VERSION when another schema version wrote it.
 */
export async function readProfile(
  path: string,
  stream: AsyncIterable<Buffer> = createReadStream(path),
): Promise<Profile> {
  const lines = new ProfileLines(path);
  try {
    await pipeline(stream, createGunzip(), sinkInto(lines));
  } catch (cause) {
    throw readingFailed(path, lines, cause);
  }
  const { manifest, records } = lines;
  if (manifest === undefined) throw invalid(`${path} is not a profile: it is empty`);
  if (records.length < manifest.counts.records) throw lines.cut();
  if (records.length > manifest.counts.records) {
    throw invalid(
      `${path} holds ${records.length} records, and its manifest says ${manifest.counts.records}`,
    );
  }
  return { manifest, records };
}
