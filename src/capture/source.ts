import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { basename } from "node:path";
import { pipeline, Readable } from "node:stream";
import { constants, createGunzip, gunzipSync } from "node:zlib";
import { messageOf, ShakedownError, systemCodeOf } from "../core/index.ts";

const HEAD_BYTES = 65_536;

/** A capture file that is read once, as a stream; gzip is undone on the way. */
export interface CaptureFile {
  /** The name without folders. */
  readonly name: string;
  /** The first bytes, inflated. */
  readonly head: Buffer;
  /** All bytes, inflated. To be iterated once. */
  readonly chunks: AsyncIterable<Buffer>;
  /** Of the file as it is on the disk; complete when `chunks` has ended. */
  fingerprint(): { bytes: number; sha256: string };
}

function unreadable(path: string, cause: unknown): Error {
  if (cause instanceof ShakedownError) return cause;
  // Whoever interrupted said why.
  if (cause instanceof Error && cause.name === "AbortError") {
    return cause.cause instanceof Error ? cause.cause : cause;
  }
  const code = systemCodeOf(cause) ?? "";
  if (code === "ENOENT") {
    return new ShakedownError("FILE_NOT_FOUND", `there is no file ${path}`, { cause });
  }
  if (code.startsWith("Z_")) {
    return new ShakedownError("CAPTURE_INVALID", `${path} is damaged gzip: ${messageOf(cause)}`, {
      hint: "to import what is readable: gzip -cd <file> > part, then capture part",
      cause,
    });
  }
  return new ShakedownError("FILE_UNREADABLE", `cannot read ${path}: ${messageOf(cause)}`, {
    cause,
  });
}

const isGzip = (head: Buffer): boolean => head[0] === 0x1f && head[1] === 0x8b;

async function readHead(path: string): Promise<Buffer> {
  await using file = await open(path);
  const found = await file.stat();
  if (!found.isFile() && !found.isDirectory()) {
    throw new ShakedownError("FILE_UNREADABLE", `${path} is not a file, and is read twice`, {
      hint: "save what comes out of it to a file, and capture that",
    });
  }
  const head = Buffer.alloc(HEAD_BYTES);
  let filled = 0;
  for (let read = -1; read !== 0 && filled < HEAD_BYTES; filled += read) {
    read = (await file.read(head, filled, HEAD_BYTES - filled)).bytesRead;
  }
  return head.subarray(0, filled);
}

/**
 * Opens a capture file.
 * @throws FILE_NOT_FOUND, FILE_UNREADABLE, CAPTURE_INVALID (damaged gzip), here or while reading.
 */
export async function openCapture(path: string, signal?: AbortSignal): Promise<CaptureFile> {
  try {
    const raw = await readHead(path);
    const zipped = isGzip(raw);
    const head = zipped ? gunzipSync(raw, { finishFlush: constants.Z_SYNC_FLUSH }) : raw;
    const hash = createHash("sha256");
    let bytes = 0;
    const tapped = async function* (): AsyncGenerator<Buffer> {
      const stream = createReadStream(path, signal === undefined ? {} : { signal });
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        hash.update(chunk);
        bytes += chunk.length;
        yield chunk;
      }
    };
    const inflated = async function* (): AsyncGenerator<Buffer> {
      try {
        // The callback form: a failure comes out of the iteration, where it is caught below.
        yield* zipped
          ? (pipeline(Readable.from(tapped()), createGunzip(), () => {}) as AsyncIterable<Buffer>)
          : tapped();
      } catch (cause) {
        throw unreadable(path, cause);
      }
    };
    return {
      name: basename(path),
      head: head.subarray(0, HEAD_BYTES),
      chunks: inflated(),
      fingerprint: () => ({ bytes, sha256: hash.copy().digest("hex") }),
    };
  } catch (cause) {
    throw unreadable(path, cause);
  }
}
