import { createHash, randomBytes } from "node:crypto";
import {
  closeSync,
  createReadStream,
  existsSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { ShakedownError } from "../core/index.ts";
import { blobKeys, KEPT_S } from "./keys.ts";
import type { Redis } from "./redis.ts";

/** What a worker is told of content that it has to fetch. */
export interface BlobRef {
  readonly sha256: string;
  readonly bytes: number;
}

export const BLOB_CHUNK_BYTES = 1_048_576;

/** Where content is kept from run to run; a folder of the user's own in the system's for temporary files. */
export const defaultCache = (): string => join(tmpdir(), `shakedown-fleet-${userInfo().uid}`);

/** Content that can be read in pieces, as often as wanted. */
export interface BlobSource {
  readonly bytes: number;
  /** What stands between two places. */
  readonly slice: (from: number, to: number) => Uint8Array;
}

/**
 * Puts content where workers fetch it from, in chunks, unless it is there already: it is known by its
 * hash. Who waits for Redis waits for one chunk at a time.
 */
export async function putBlob(redis: Redis, source: BlobSource): Promise<BlobRef> {
  const hash = createHash("sha256");
  const chunks = Math.ceil(source.bytes / BLOB_CHUNK_BYTES);
  const chunkAt = (index: number): Uint8Array => {
    const from = index * BLOB_CHUNK_BYTES;
    return source.slice(from, Math.min(from + BLOB_CHUNK_BYTES, source.bytes));
  };
  for (let index = 0; index < chunks; index++) hash.update(chunkAt(index));
  const ref = { sha256: hash.digest("hex"), bytes: source.bytes };
  const keys = blobKeys(ref.sha256);
  const known = await renewBlob(redis, ref);
  if (known) return ref;
  for (let index = 0; index < chunks; index++) {
    // oxlint-disable-next-line no-await-in-loop -- a large profile is not held in memory twice
    await redis.set(keys.chunk(index), Buffer.from(chunkAt(index)), "EX", KEPT_S);
  }
  await redis.set(keys.head, String(source.bytes), "EX", KEPT_S);
  return ref;
}

/** Whether all of it is there; it is then kept for as long again. */
export async function renewBlob(redis: Redis, { bytes, sha256 }: BlobRef): Promise<boolean> {
  const keys = blobKeys(sha256);
  const asking = redis.pipeline();
  for (let index = 0; index < Math.ceil(bytes / BLOB_CHUNK_BYTES); index++) {
    asking.expire(keys.chunk(index), KEPT_S);
  }
  asking.expire(keys.head, KEPT_S);
  const answers = (await asking.exec()) ?? [];
  return answers.every(([error, there]) => error === null && there === 1);
}

/**
 * Fetches content into a file of the cache, unless it is there already, and returns its path. What is
 * in the cache is hashed again before it is used, and what was fetched before it gets its name.
 * @throws FLEET_MISMATCH when what was fetched is something else, or is gone
 */
export async function fetchBlob(redis: Redis, ref: BlobRef, cache: string): Promise<string> {
  mkdirSync(cache, { recursive: true, mode: 0o700 });
  const path = join(cache, ref.sha256);
  if (existsSync(path)) {
    if ((await hashOf(path)) === ref.sha256) return path;
    rmSync(path, { force: true });
  }
  const part = `${path}.${randomBytes(6).toString("hex")}.part`;
  const file = openSync(part, "w", 0o600);
  const hash = createHash("sha256");
  try {
    const keys = blobKeys(ref.sha256);
    for (let at = 0, index = 0; at < ref.bytes; index++) {
      // oxlint-disable-next-line no-await-in-loop -- one chunk after another: none waits in memory
      const chunk = await redis.getBuffer(keys.chunk(index));
      if (chunk === null || chunk.length === 0) throw differs(ref, "a part of it is not there");
      hash.update(chunk);
      for (let done = 0; done < chunk.length;) done += writeSync(file, chunk, done);
      at += chunk.length;
    }
    if (hash.digest("hex") !== ref.sha256) throw differs(ref, "its hash differs");
    renameSync(part, path);
    return path;
  } finally {
    closeSync(file);
    rmSync(part, { force: true });
  }
}

const differs = ({ sha256 }: BlobRef, why: string): ShakedownError =>
  new ShakedownError(
    "FLEET_MISMATCH",
    `what Redis holds as ${sha256.slice(0, 12)}… is not what the run was planned with: ${why}`,
    { hint: "somebody else writes there, or it ran out of memory and dropped keys: run it again" },
  );

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
