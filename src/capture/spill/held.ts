import { copyBytes, ViewedBytes } from "../viewed-bytes.ts";

/*
 * A held record as bytes: what sorting needs and what is written at the end, so that holding one
 * costs no object. All numbers are little-endian.
 */
const AT = {
  size: 0,
  sec: 4,
  ns: 12,
  seq: 16,
  group: 24,
  status: 28,
  serviceTimeUs: 32,
  responseBytes: 40,
  route: 48,
  textBytes: 52,
  flags: 56,
} as const;
const HEAD_BYTES = 60;
/** Of a record whose text is in shared ones: so many, whose numbers stand where the text would. */
export const SHARED_TEXTS = 3;
const NUMBER_BYTES = 4;
const NO_STATUS = -(2 ** 31);
/** Of an id, as `Pseudonyms.id` makes them. */
export const ID_CHARS = 16;
/** A character of UTF-16 takes at most three bytes in UTF-8. */
const BYTES_PER_CHAR_MAX = 3;

/** How a record's arrival is known: exactly, or as the second from its beginning or another instant. */
export const PRECISION = { exact: 0, wholeSecond: 1, secondFrom: 2 } as const;
export type Precision = (typeof PRECISION)[keyof typeof PRECISION];

const HAS = { connection: 1, client: 2, body: 4, shared: 8 } as const;
const WITH_SHARED = HAS.client | HAS.shared;
/** The precision stands above the flags. */
const PRECISION_SHIFT = 4;

/** What is known of a record before its place among all others is; redacted already. */
export interface HeldRecord {
  /** Arrival: whole seconds since 1970, and nanoseconds 0…999,999,999. */
  readonly sec: number;
  readonly ns: number;
  readonly precision: Precision;
  /** The number of its route: a whole one below 2^32. */
  readonly route: number;
  /** The members from `method` up to `body` as JSON, without braces. */
  readonly text: string;
  readonly hasBody: boolean;
  status: number | undefined;
  serviceTimeUs: number | undefined;
  responseBytes: number | undefined;
  /** Ids of 16 characters. */
  readonly connection: string | undefined;
  readonly client: string | undefined;
  /** Whatever else has to wait, as JSON; empty when there is nothing. */
  readonly more: string;
}

/** Reads records from bytes: stands on one of them. */
export class HeldView {
  viewed = new ViewedBytes(Buffer.alloc(0));
  #view = this.viewed.view;
  at = 0;

  attach(bytes: Buffer): void {
    this.viewed = new ViewedBytes(bytes);
    this.#view = this.viewed.view;
  }

  get bytes(): Buffer {
    return this.viewed.bytes;
  }

  /** The size of the record at `at`, in bytes; 0 when not even that is there. */
  sizeAt(at: number, end: number): number {
    return at + 4 <= end ? this.#view.getUint32(at + AT.size, true) : 0;
  }

  get size(): number {
    return this.#view.getUint32(this.at + AT.size, true);
  }
  get sec(): number {
    return this.#view.getFloat64(this.at + AT.sec, true);
  }
  get ns(): number {
    return this.#view.getUint32(this.at + AT.ns, true);
  }
  /** Counts the records of a capture as they were read. */
  get seq(): number {
    return this.#view.getFloat64(this.at + AT.seq, true);
  }
  /** How many records of its run share its arrival, where it is the first of them; else 0. */
  get group(): number {
    return this.#view.getUint32(this.at + AT.group, true);
  }
  set group(count: number) {
    this.#view.setUint32(this.at + AT.group, count, true);
  }
  get precision(): Precision {
    return (this.#flags >> PRECISION_SHIFT) as Precision;
  }
  get hasBody(): boolean {
    return (this.#flags & HAS.body) !== 0;
  }
  get status(): number | undefined {
    const status = this.#view.getInt32(this.at + AT.status, true);
    return status === NO_STATUS ? undefined : status;
  }
  get serviceTimeUs(): number | undefined {
    const us = this.#view.getFloat64(this.at + AT.serviceTimeUs, true);
    return Number.isNaN(us) ? undefined : us;
  }
  get responseBytes(): number | undefined {
    const bytes = this.#view.getFloat64(this.at + AT.responseBytes, true);
    return Number.isNaN(bytes) ? undefined : bytes;
  }
  get route(): number {
    return this.#view.getUint32(this.at + AT.route, true);
  }
  /** Whether its text is in shared ones, one after the other. */
  get isShared(): boolean {
    return (this.#flags & HAS.shared) !== 0;
  }
  /** The numbers of the shared texts: 0…2. */
  sharedAt(index: number): number {
    return this.#view.getUint32(this.at + HEAD_BYTES + index * NUMBER_BYTES, true);
  }
  /** Where its text stands, when it has one of its own. */
  get textFrom(): number {
    return this.at + HEAD_BYTES;
  }
  get textTo(): number {
    return this.at + HEAD_BYTES + this.#view.getUint32(this.at + AT.textBytes, true);
  }
  get hasConnection(): boolean {
    return (this.#flags & HAS.connection) !== 0;
  }
  get hasClient(): boolean {
    return (this.#flags & HAS.client) !== 0;
  }
  get hasMore(): boolean {
    const flags = this.#flags;
    const ids = (flags & HAS.connection) + ((flags & HAS.client) >> 1);
    return this.textTo + ids * ID_CHARS < this.at + this.size;
  }
  get connection(): string | undefined {
    return (this.#flags & HAS.connection) === 0 ? undefined : this.#id(this.textTo);
  }
  get client(): string | undefined {
    const flags = this.#flags;
    if ((flags & HAS.client) === 0) return undefined;
    return this.#id(this.textTo + ((flags & HAS.connection) === 0 ? 0 : ID_CHARS));
  }
  get more(): string {
    const flags = this.#flags;
    const ids = (flags & HAS.connection) + ((flags & HAS.client) >> 1);
    return this.bytes.toString("utf8", this.textTo + ids * ID_CHARS, this.at + this.size);
  }

  get #flags(): number {
    return this.#view.getUint32(this.at + AT.flags, true);
  }
  #id(from: number): string {
    return this.bytes.toString("latin1", from, from + ID_CHARS);
  }
}

/** The most bytes that a record may take. */
export const bytesMaxOf = ({ more, text }: HeldRecord): number =>
  HEAD_BYTES + 2 * ID_CHARS + (text.length + more.length) * BYTES_PER_CHAR_MAX;

/** A record of which only texts that others have, too, and the client are known beside the figures. */
export interface HeldShared {
  sec: number;
  ns: number;
  readonly precision: Precision;
  status: number;
  responseBytes: number;
  route: number;
  /** The numbers of `SHARED_TEXTS` texts which together are the members from `method` up to `headers`. */
  readonly texts: Uint32Array;
  /** The client's id. */
  readonly client: ViewedBytes;
}

/** The bytes that such a record takes. */
export const SHARED_RECORD_BYTES = HEAD_BYTES + SHARED_TEXTS * NUMBER_BYTES + ID_CHARS;

/**
 * Takes all figures first: what branches between naming a view's method and calling it keeps V8 from
 * inlining the call.
 */
function writeFigures(view: DataView, at: number, seq: number, figures: Figures): void {
  const { ns, route, sec } = figures;
  const status = figures.status ?? NO_STATUS;
  const responseBytes = figures.responseBytes ?? Number.NaN;
  view.setFloat64(at + AT.sec, sec, true);
  view.setUint32(at + AT.ns, ns, true);
  view.setFloat64(at + AT.seq, seq, true);
  view.setUint32(at + AT.group, 0, true);
  view.setInt32(at + AT.status, status, true);
  view.setFloat64(at + AT.responseBytes, responseBytes, true);
  view.setUint32(at + AT.route, route, true);
}

type Figures = Pick<HeldRecord, "sec" | "ns" | "status" | "responseBytes" | "route">;

/** Writes a record at `at`, where `SHARED_RECORD_BYTES` are free; returns where it ends. */
export function writeHeldShared(
  target: ViewedBytes,
  at: number,
  seq: number,
  record: HeldShared,
): number {
  const { view } = target;
  view.setUint32(at + AT.size, SHARED_RECORD_BYTES, true);
  writeFigures(view, at, seq, record);
  view.setFloat64(at + AT.serviceTimeUs, Number.NaN, true);
  view.setUint32(at + AT.textBytes, SHARED_TEXTS * NUMBER_BYTES, true);
  view.setUint32(at + AT.flags, WITH_SHARED | (record.precision << PRECISION_SHIFT), true);
  const texts = at + HEAD_BYTES;
  for (let index = 0; index < SHARED_TEXTS; index++) {
    view.setUint32(texts + index * NUMBER_BYTES, record.texts[index]!, true);
  }
  return copyBytes(record.client, 0, ID_CHARS, target, texts + SHARED_TEXTS * NUMBER_BYTES);
}

/** Writes a record at `at`, where `bytesMaxOf` it are free; returns where it ends. */
export function writeHeld(
  { bytes, view }: ViewedBytes,
  at: number,
  seq: number,
  record: HeldRecord,
): number {
  const { connection, client, more } = record;
  const from = at + HEAD_BYTES;
  const ids = (connection ?? "") + (client ?? "");
  let end = from + bytes.write(record.text + ids, from);
  const textBytes = end - from - ids.length;
  if (more !== "") end += bytes.write(more, end);
  const flags =
    (connection === undefined ? 0 : HAS.connection) |
    (client === undefined ? 0 : HAS.client) |
    (record.hasBody ? HAS.body : 0) |
    (record.precision << PRECISION_SHIFT);
  view.setUint32(at + AT.size, end - at, true);
  writeFigures(view, at, seq, record);
  view.setFloat64(at + AT.serviceTimeUs, record.serviceTimeUs ?? Number.NaN, true);
  view.setUint32(at + AT.textBytes, textBytes, true);
  view.setUint32(at + AT.flags, flags, true);
  return end;
}
