import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { pipeline, Readable } from "node:stream";
import {
  GZIP_MAGIC,
  messageOf,
  ShakedownError,
  STANDARD_INPUT,
  systemCodeOf,
  Unpack,
  ZSTD_MAGIC,
} from "../core/index.ts";

const HEAD_BYTES = 65_536;
/** Each read costs as much as hundreds of lines. */
const CHUNK_BYTES = 2 ** 19;

/** A capture file that is read once, as a stream; gzip and zstd are undone on the way. */
export interface CaptureFile {
  /** The name without folders; `standard input` for that. */
  readonly name: string;
  /** The first bytes, inflated. */
  readonly head: Buffer;
  /** All bytes, inflated. To be iterated once. */
  readonly chunks: AsyncIterable<Buffer>;
  /** Of the file as it is on the disk; complete when `chunks` has ended. */
  fingerprint(): { bytes: number; sha256: string };
  /** Why `chunks` ended before all was undone; null where it did not. Known when it has ended. */
  damage(): string | null;
}

/** What compresses a file, told by how it begins. */
const PACKINGS: readonly {
  readonly name: string;
  readonly magic: Buffer;
}[] = [
  { name: "gzip", magic: GZIP_MAGIC },
  { name: "zstd", magic: ZSTD_MAGIC },
];

function packingOf(raw: Buffer): (typeof PACKINGS)[number] | undefined {
  return PACKINGS.find(({ magic }) => magic.equals(raw.subarray(0, magic.length)));
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
  return new ShakedownError("FILE_UNREADABLE", `cannot read ${path}: ${messageOf(cause)}`, {
    cause,
  });
}

/** How a capture is read. */
export interface ReadOptions {
  readonly signal?: AbortSignal;
  /** What is read for `STANDARD_INPUT`; else the system's own file of that name. */
  readonly stdin?: AsyncIterable<Buffer>;
}

async function open(path: string, { signal, stdin }: ReadOptions): Promise<AsyncIterable<Buffer>> {
  if (path === STANDARD_INPUT && stdin !== undefined) return stdin;
  if ((await stat(path)).isDirectory()) {
    throw new ShakedownError("FILE_UNREADABLE", `${path} is a folder`, {
      hint: "name the files in it",
    });
  }
  return createReadStream(path, {
    highWaterMark: CHUNK_BYTES,
    ...(signal === undefined ? {} : { signal }),
  });
}

/** A stream whose first bytes are looked at before it is gone through. */
export class Peeked implements AsyncIterable<Buffer> {
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #seen: Buffer[] = [];
  #bytes = 0;
  #over = false;

  constructor(stream: AsyncIterable<Buffer>) {
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  /** At most `HEAD_BYTES`, fewer where the stream is shorter. */
  async head(): Promise<Buffer> {
    while (this.#bytes < HEAD_BYTES && !this.#over) {
      const { done, value } = await this.#chunks.next();
      this.#over = done === true;
      if (done === true) break;
      this.#seen.push(value);
      this.#bytes += value.length;
    }
    return Buffer.concat(this.#seen).subarray(0, HEAD_BYTES);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    try {
      yield* this.#seen.splice(0);
      while (!this.#over) {
        const { done, value } = await this.#chunks.next();
        this.#over = done === true;
        if (done !== true) yield value;
      }
    } finally {
      await this.close();
    }
  }

  async close(): Promise<void> {
    this.#over = true;
    await this.#chunks.return?.();
  }
}

/**
 * Opens a capture file, or standard input (`STANDARD_INPUT`). To be disposed of, whether it was read or not.
 * @throws FILE_NOT_FOUND, FILE_UNREADABLE, here or while reading; CAPTURE_INVALID for gzip or zstd of
 * which nothing can be undone
 */
export async function openCapture(
  path: string,
  options: ReadOptions = {},
): Promise<CaptureFile & AsyncDisposable> {
  const name = path === STANDARD_INPUT ? "standard input" : basename(path);
  const shown = path === STANDARD_INPUT ? name : path;
  const told: { damage: string | null } = { damage: null };
  const guarded = async function* (stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    try {
      yield* stream;
    } catch (cause) {
      throw unreadable(shown, cause);
    }
  };
  const hash = createHash("sha256");
  let bytes = 0;
  const tapped = async function* (stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of stream) {
      hash.update(chunk);
      bytes += chunk.length;
      yield chunk;
    }
  };
  try {
    const raw = new Peeked(await open(path, options));
    const packing = packingOf(await raw.head());
    const unpack = new Unpack(CHUNK_BYTES, ({ message }) => {
      told.damage = `${name} is damaged ${packing?.name}: ${message}`;
    });
    const undone =
      packing === undefined
        ? tapped(raw)
        : // The callback form: a failure comes out of the iteration, where it is caught.
          (pipeline(Readable.from(tapped(raw)), unpack, () => {}) as Readable);
    const plain = new Peeked(guarded(undone));
    const head = await plain.head();
    if (head.length === 0 && told.damage !== null) {
      throw new ShakedownError("CAPTURE_INVALID", `${told.damage}, and nothing of it can be read`, {
        hint: "copy it once more from where it comes from",
      });
    }
    return {
      name,
      head,
      chunks: plain,
      fingerprint: () => ({ bytes, sha256: hash.copy().digest("hex") }),
      damage: () => told.damage,
      async [Symbol.asyncDispose]() {
        await plain.close();
        await raw.close();
      },
    };
  } catch (cause) {
    throw unreadable(shown, cause);
  }
}
