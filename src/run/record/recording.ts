import {
  appendFileSync,
  closeSync,
  createReadStream,
  existsSync,
  mkdirSync,
  openSync,
} from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
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

/** What waits to be written, at most, in characters. */
const HELD_CHARS_MAX = 2 ** 20;

/** One of a recording's files, written in few pieces, each of them whole. */
class Lines {
  readonly #fd: number;
  #held = "";

  /** For the owner alone: even redacted, it is somebody's traffic. */
  constructor(path: string) {
    this.#fd = openSync(path, "wx", 0o600);
  }

  get isFull(): boolean {
    return this.#held.length >= HELD_CHARS_MAX;
  }

  add(text: string): void {
    this.#held += text;
  }

  /** `encoding`: what the text's characters become. */
  flush(encoding: "utf8" | "latin1"): void {
    const held = this.#held;
    this.#held = "";
    if (held !== "") appendFileSync(this.#fd, Buffer.from(held, encoding));
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/**
 * A recording under way: requests as a GoReplay file, which `capture` reads as well, and notes
 * beside it. It is written where it is made, and waits for the disk: in a thread with nothing else
 * to do that takes less than to have it written elsewhere.
 */
export class Recording {
  readonly #requests: Lines;
  readonly #notes: Lines;
  readonly #out: string;
  readonly #failed = Promise.withResolvers<ShakedownError>();
  #failure: ShakedownError | null = null;

  private constructor(out: string) {
    this.#out = out;
    this.#requests = new Lines(requestsPath(out));
    this.#notes = new Lines(notesPath(out));
  }

  /**
   * Both files are there then: who records from then on loses no request for want of one.
   * @throws OUTPUT_UNWRITABLE when it cannot be made, or one that was not finished is there
   */
  static create(out: string): Recording {
    const path = recordingPath(out);
    if (existsSync(path)) {
      throw new ShakedownError("OUTPUT_UNWRITABLE", `${path} holds a recording already`, {
        hint: `make its profile (shakedown record --finish -o ${out}), or remove it`,
      });
    }
    try {
      mkdirSync(path, { mode: 0o700 });
      return new Recording(out);
    } catch (cause) {
      throw new ShakedownError("OUTPUT_UNWRITABLE", `cannot make ${path}: ${messageOf(cause)}`, {
        hint: "check that the folder exists and can be written to, or choose another place",
        cause,
      });
    }
  }

  /** Resolves with the failure when one of the files can no longer be written. */
  get failed(): Promise<ShakedownError> {
    return this.#failed.promise;
  }

  /** `gor`: bytes as characters (Latin-1). */
  request(gor: string): void {
    this.#add(this.#requests, gor);
  }

  note(note: Note): void {
    this.#add(this.#notes, `${JSON.stringify(note)}\n`);
  }

  /** What comes after a piece that was lost is held by nobody: it does not belong to what came before. */
  #add(to: Lines, text: string): void {
    if (this.#failure !== null) return;
    to.add(text);
    if (to.isFull) this.flush();
  }

  /** Goes to the system: what came before is kept, though the process were killed. */
  flush(): void {
    if (this.#failure !== null) return;
    try {
      this.#requests.flush("latin1");
      this.#notes.flush("utf8");
    } catch (cause) {
      this.#failure = new ShakedownError(
        "DISK_WRITE_FAILED",
        `recording stopped: ${messageOf(cause)}`,
        {
          hint: `what was recorded before is kept: shakedown record --finish -o ${this.#out}`,
          cause,
        },
      );
      this.#failed.resolve(this.#failure);
    }
  }

  /** @throws DISK_WRITE_FAILED when not all that was recorded is written */
  close(): void {
    this.flush();
    this.#requests.close();
    this.#notes.close();
    if (this.#failure !== null) throw this.#failure;
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
