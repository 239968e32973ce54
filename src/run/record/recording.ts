import { once } from "node:events";
import { createReadStream, createWriteStream, existsSync, type WriteStream } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { finished } from "node:stream/promises";
import { z } from "zod";
import { messageOf, ShakedownError } from "../../core/index.ts";

const ns = z.number().int();

/** What the recorder knows beside the requests: one JSON object a line. Times in ns from its origin. */
const noteSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("recorder"), name: z.string(), redacted: z.boolean() }),
  /** One request in the recording. */
  z.strictObject({
    kind: z.literal("request"),
    startNs: ns,
    endNs: ns,
    traceId: z.string().nullable(),
    bodyLost: z.boolean(),
  }),
  /** One call to a dependency. */
  z.strictObject({
    kind: z.literal("call"),
    dependency: z.string(),
    traceId: z.string().nullable(),
    method: z.string(),
    path: z.string(),
    startNs: ns,
    endNs: ns,
    status: z.number().int().optional(),
    failed: z.boolean(),
    retryAfterMs: z.number().min(0).optional(),
  }),
]);
export type Note = z.output<typeof noteSchema>;
export type RequestNote = Extract<Note, { kind: "request" }>;
export type CallNote = Extract<Note, { kind: "call" }>;

/** Where a recording is kept until its profile is written. */
export const recordingPath = (out: string): string => `${out}.recording`;
export const requestsPath = (out: string): string => join(recordingPath(out), "requests.gor");
const notesPath = (out: string): string => join(recordingPath(out), "notes.ndjson");

/**
 * A recording under way: requests as a GoReplay file, which `capture` reads as well, and notes
 * beside it. Each goes to the system as it ends, so a recorder that is killed loses the last few.
 */
export class Recording {
  readonly #requests: WriteStream;
  readonly #notes: WriteStream;
  /** Resolves with the failure when one of the files can no longer be written. */
  readonly failed: Promise<ShakedownError>;

  private constructor(out: string) {
    // For the owner alone: even redacted, it is somebody's traffic.
    const options = { flags: "wx", mode: 0o600 };
    this.#requests = createWriteStream(requestsPath(out), options);
    this.#notes = createWriteStream(notesPath(out), options);
    this.failed = new Promise((resolve) => {
      for (const stream of [this.#requests, this.#notes]) {
        stream.on("error", (cause) =>
          resolve(
            new ShakedownError("DISK_WRITE_FAILED", `recording stopped: ${messageOf(cause)}`, {
              hint: `what was recorded before is kept: shakedown record --finish -o ${out}`,
              cause,
            }),
          ),
        );
      }
    });
  }

  /**
   * Resolves when both files are there: who records from then on loses no request for want of one.
   * @throws OUTPUT_UNWRITABLE when it cannot be made, or one that was not finished is there
   */
  static async create(out: string): Promise<Recording> {
    const path = recordingPath(out);
    if (existsSync(path)) {
      throw new ShakedownError("OUTPUT_UNWRITABLE", `${path} holds a recording already`, {
        hint: `make its profile (shakedown record --finish -o ${out}), or remove it`,
      });
    }
    try {
      await mkdir(path, { mode: 0o700 });
      const recording = new Recording(out);
      await Promise.all([once(recording.#requests, "open"), once(recording.#notes, "open")]);
      return recording;
    } catch (cause) {
      throw new ShakedownError("OUTPUT_UNWRITABLE", `cannot make ${path}: ${messageOf(cause)}`, {
        hint: "check that the folder exists and can be written to, or choose another place",
        cause,
      });
    }
  }

  request(gor: Buffer): void {
    this.#requests.write(gor);
  }

  note(note: Note): void {
    this.#notes.write(`${JSON.stringify(note)}\n`);
  }

  /** Resolves when all is written. */
  async close(): Promise<void> {
    this.#requests.end();
    this.#notes.end();
    await Promise.all([finished(this.#requests), finished(this.#notes)]);
  }
}

/**
 * Reads a recording's notes. A last line that is cut off is left out.
 * @throws FILE_NOT_FOUND when there is no recording; CAPTURE_INVALID when it is damaged
 */
export async function readNotes(out: string): Promise<Note[]> {
  const path = notesPath(out);
  if (!existsSync(path)) {
    throw new ShakedownError("FILE_NOT_FOUND", `there is no recording ${recordingPath(out)}`, {
      hint: "name the profile that was to be written with --out",
    });
  }
  const notes: Note[] = [];
  let bad = 0;
  let lineNumber = 0;
  for await (const line of createInterface({ input: createReadStream(path) })) {
    lineNumber++;
    const note = noteOf(line);
    if (bad > 0) {
      throw new ShakedownError("CAPTURE_INVALID", `${path}, line ${bad} is damaged`, {
        hint: `its requests alone can be imported: shakedown capture ${requestsPath(out)}`,
      });
    }
    if (note === null) bad = lineNumber;
    else notes.push(note);
  }
  return notes;
}

function noteOf(line: string): Note | null {
  try {
    return noteSchema.parse(JSON.parse(line));
  } catch {
    return null;
  }
}

export async function removeRecording(out: string): Promise<void> {
  await rm(recordingPath(out), { recursive: true, force: true });
}
