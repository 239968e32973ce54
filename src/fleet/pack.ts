import { openSync, readFileSync, readSync } from "node:fs";
import { z } from "zod";
import { ShakedownError } from "../core/index.ts";
import type { GeneratorJob } from "../replay/index.ts";
import { type BlobRef, fetchBlob, putBlob, renewBlob } from "./blobs.ts";
import type { Redis } from "./redis.ts";

/*
 * A job on its way to workers: JSON, in which each array of numbers, and the profile's text, is the
 * hash of content that is fetched by itself: what a worker has had before it does not fetch again.
 */
const ARRAYS = { Float64Array, Float32Array, Uint32Array, Uint16Array, Uint8Array } as const;

const ref = { sha256: z.string().regex(/^[0-9a-f]{64}$/), bytes: z.number().int().min(0) };
const kinds = Object.keys(ARRAYS) as [keyof typeof ARRAYS];
const packedArray = z.strictObject({ $array: z.enum(kinds), ...ref });
const packedFile = z.strictObject({ $file: z.literal(true), ...ref });
const packedNumber = z.strictObject({ $number: z.enum(["Infinity", "-Infinity", "NaN"]) });

/** What an array is made of: memory that threads share. */
const arrayOf = (kind: keyof typeof ARRAYS, memory: SharedArrayBuffer): Numbers =>
  new (ARRAYS[kind] as new (memory: SharedArrayBuffer) => Numbers)(memory);

type Numbers = InstanceType<(typeof ARRAYS)[keyof typeof ARRAYS]>;

const isNumbers = (value: unknown): value is Numbers =>
  ArrayBuffer.isView(value) && value.constructor.name in ARRAYS;

const bytesOf = ({ buffer, byteLength, byteOffset }: Numbers): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** The text of a profile that is held in a file, by its descriptor. */
const isFile = (value: object): value is { readonly fd: number; readonly size: number } =>
  "fd" in value && "size" in value;

function sliceOf(fd: number) {
  return (from: number, to: number): Uint8Array => {
    const bytes = Buffer.allocUnsafe(to - from);
    let at = 0;
    while (at < bytes.length) {
      const read = readSync(fd, bytes, at, bytes.length - at, from + at);
      if (read === 0) break;
      at += read;
    }
    return bytes.subarray(0, at);
  };
}

class Packer {
  readonly #redis: Redis;
  /** Stages share the capture's arrivals: the same array goes once. */
  readonly #known = new Map<Numbers, Promise<BlobRef>>();

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  async pack(value: unknown): Promise<unknown> {
    if (typeof value === "number") return Number.isFinite(value) ? value : { $number: `${value}` };
    if (typeof value !== "object" || value === null) return value;
    if (isNumbers(value)) return { $array: value.constructor.name, ...(await this.#put(value)) };
    if (Array.isArray(value)) return Promise.all(value.map((each) => this.pack(each)));
    if (isFile(value)) {
      const source = { bytes: value.size, slice: sliceOf(value.fd) };
      return { $file: true, ...(await putBlob(this.#redis, source)) };
    }
    const entries = Object.entries(value).map(async ([key, each]) => [key, await this.pack(each)]);
    return Object.fromEntries((await Promise.all(entries)) as [string, unknown][]);
  }

  #put(numbers: Numbers): Promise<BlobRef> {
    const known = this.#known.get(numbers);
    if (known !== undefined) return known;
    const all = bytesOf(numbers);
    // Copied: what is shared between threads is not taken by all that reads bytes.
    const slice = (from: number, to: number): Uint8Array => Buffer.from(all.subarray(from, to));
    const put = putBlob(this.#redis, { bytes: all.length, slice });
    this.#known.set(numbers, put);
    return put;
  }
}

/** Puts a job's content into Redis; what is returned is JSON, and names it. */
export const packJob = async (redis: Redis, job: GeneratorJob): Promise<string> =>
  JSON.stringify(await new Packer(redis).pack(job));

/** Keeps the content that a packed job names for as long again; what is gone stays gone. */
export async function renewContent(redis: Redis, text: string): Promise<void> {
  const refs = new Map<string, BlobRef>();
  const see = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    const packed = z.object(ref).safeParse(value);
    if (packed.success) refs.set(packed.data.sha256, packed.data);
    else for (const each of Object.values(value)) see(each);
  };
  see(JSON.parse(text));
  await Promise.all([...refs.values()].map((each) => renewBlob(redis, each)));
}

/** Paths are for this machine alone. */
export function sendable(job: GeneratorJob): GeneratorJob {
  const { assigned, responses } = job;
  const split = assigned !== undefined && "keys" in assigned;
  return {
    ...job,
    ...(split ? { assigned: { ...assigned, logPaths: [] } } : {}),
    ...(responses === undefined ? {} : { responses: { ...responses, paths: [] } }),
    spoolPaths: [],
    untoldPaths: [],
  };
}

class Unpacker {
  readonly #redis: Redis;
  readonly #cache: string;
  readonly #known = new Map<string, Promise<Numbers>>();

  constructor(redis: Redis, cache: string) {
    this.#redis = redis;
    this.#cache = cache;
  }

  async unpack(value: unknown): Promise<unknown> {
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return Promise.all(value.map((each) => this.unpack(each)));
    if ("$number" in value) return Number(packedNumber.parse(value).$number);
    if ("$array" in value) return this.#numbers(packedArray.parse(value));
    if ("$file" in value) return this.#file(packedFile.parse(value));
    const entries = Object.entries(value).map(async ([key, each]) => [
      key,
      await this.unpack(each),
    ]);
    return Object.fromEntries((await Promise.all(entries)) as [string, unknown][]);
  }

  async #file(packed: BlobRef): Promise<unknown> {
    const path = await fetchBlob(this.#redis, packed, this.#cache);
    return { kind: "file", fd: openSync(path, "r"), size: packed.bytes };
  }

  #numbers(packed: z.output<typeof packedArray>): Promise<Numbers> {
    const key = `${packed.$array} ${packed.sha256}`;
    const known = this.#known.get(key) ?? this.#fetch(packed);
    this.#known.set(key, known);
    return known;
  }

  /** In memory that all threads share, as where it came from. */
  async #fetch(packed: z.output<typeof packedArray>): Promise<Numbers> {
    const path = await fetchBlob(this.#redis, packed, this.#cache);
    const memory = new SharedArrayBuffer(packed.bytes);
    new Uint8Array(memory).set(readFileSync(path));
    return arrayOf(packed.$array, memory);
  }
}

/** What a worker needs of a job before it trusts the rest: of the same version, it has the rest, too. */
const plausible = z.looseObject({
  arms: z.array(z.looseObject({ name: z.string(), transport: z.string() })).min(1),
  records: z.looseObject({ columns: z.looseObject({ length: z.number().int().min(1) }) }),
  stageNames: z.array(z.string()).min(1),
  stages: z.array(z.looseObject({})).min(1),
  runId: z.string(),
  seed: z.string(),
  workers: z.number().int().min(1),
});

/**
 * Makes a job of what `packJob` wrote, with its content from the cache or from Redis.
 * @throws FLEET_MISMATCH when content differs from its hash, or it is no job
 */
export async function unpackJob(redis: Redis, text: string, cache: string): Promise<GeneratorJob> {
  const job = await new Unpacker(redis, cache).unpack(JSON.parse(text));
  const parsed = plausible.safeParse(job);
  if (parsed.success) return job as GeneratorJob;
  throw new ShakedownError(
    "FLEET_MISMATCH",
    `what Redis holds as the run's job is none: ${z.prettifyError(parsed.error)}`,
    { hint: "somebody else writes there: run it again" },
  );
}
