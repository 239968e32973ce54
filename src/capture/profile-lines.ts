import { formatCount, NS_PER_S, ShakedownError } from "../core/index.ts";
import {
  type ProfileManifest,
  type ProfileRecord,
  profileRecordSchema,
  type RouteTemplates,
} from "../profile/index.ts";
import { requestCallsOf } from "./calls.ts";
import type { CapturedRoutes } from "./captured-routes.ts";
import type { MoreHeld } from "./collect.ts";
import type { DistinctIds } from "./distinct.ts";
import { LineBytes } from "./line-bytes.ts";
import { sessionOf } from "./session.ts";
import {
  type Arrivals,
  type HeldView,
  ID_CHARS,
  SHARED_TEXTS,
  type SharedTexts,
} from "./spill/index.ts";
import { ViewedBytes } from "./viewed-bytes.ts";

/** More than any status. */
const STATUSES = 1_000;
const FIGURES_MAX = 4_096;
const NS_PER_DAY = 86_400 * NS_PER_S;
const CHUNK_BYTES = 2 ** 18;
const OFFSET = ViewedBytes.of('{"offsetNs":');
const COMMA = ViewedBytes.of(",");
const STATUS = ViewedBytes.of(',"status":');
const SERVICE_TIME = ViewedBytes.of(',"serviceTimeUs":');
const RESPONSE_BYTES = ViewedBytes.of(',"responseBytes":');
const SESSION = ViewedBytes.of(',"session":"');
const SESSION_END = ViewedBytes.of('"}\n');
const CONNECTION = ViewedBytes.of(',"connection":"');
const QUOTE = ViewedBytes.of('"');
const END = ViewedBytes.of("}\n");
const NO_MORE: MoreHeld = {};
const callsSchema = profileRecordSchema.shape.dependencyCalls;

/** A refusal of requests that lie so far apart. */
export const tooLong = (spanNs: number): ShakedownError =>
  new ShakedownError(
    "CAPTURE_INVALID",
    `the requests span ${formatCount(Math.floor(spanNs / NS_PER_DAY))} days; a profile holds at most 104`,
    { hint: "capture a part of it, such as one day's file; a wrong time stamp can be the cause" },
  );

/** What all records together told, which each one's line needs. */
export interface Learnt {
  readonly routes: CapturedRoutes;
  readonly callRoutes: RouteTemplates;
  /** Knows those of records that share texts; learns all others. */
  readonly sessions: DistinctIds;
  /** What records share. */
  readonly texts: SharedTexts;
  readonly sessionCookie: string | undefined;
}

/** Writes the lines of a profile's records from those that were held, and counts what they are. */
export class ProfileLinesWriter {
  readonly #arrivals: Arrivals;
  readonly #learnt: Learnt;
  readonly #seenRoutes = new Set<string>();
  /** By a route's number, `,"route":…`. */
  readonly #routes: (ViewedBytes | undefined)[] = [];
  /** By a route's number and a status, `,"route":…,"status":…,"responseBytes":`; not all of them. */
  readonly #figures = new Map<number, ViewedBytes>();
  readonly #line = new LineBytes(CHUNK_BYTES);
  #records = 0;
  #bodies = 0;
  #origin: { readonly sec: number; readonly ns: number } | undefined;
  #offsetNs = 0;
  constructor(arrivals: Arrivals, learnt: Learnt) {
    this.#arrivals = arrivals;
    this.#learnt = learnt;
  }

  /** Exact, but for the sessions of a capture with very many: see `DistinctIds`. */
  get counts(): ProfileManifest["counts"] {
    return {
      records: this.#records,
      routes: this.#seenRoutes.size,
      sessions: this.#learnt.sessions.count,
      bodies: this.#bodies,
    };
  }

  /** When the first request arrived, to the millisecond. */
  get startedAt(): string {
    const { ns, sec } = this.#origin ?? { sec: 0, ns: 0 };
    return new Date(sec * 1_000 + Math.floor(ns / 1e6)).toISOString();
  }

  /** The last request's arrival after the first's. */
  get durationNs(): number {
    return this.#offsetNs;
  }

  /**
   * The lines, many at a time, each good until three more were taken; to be gone through once.
   * @param watch is told each record, which takes several times as long as writing it
   * @throws CAPTURE_INVALID when they span more than a profile can hold
   */
  *chunks(watch?: (record: ProfileRecord) => void): Generator<Buffer> {
    const line = this.#line;
    while (this.#arrivals.next()) {
      const from = line.end;
      this.#write(this.#arrivals.record);
      watch?.(JSON.parse(line.bytes.toString("utf8", from, line.end)) as ProfileRecord);
      if (line.isFull) yield line.take()!;
    }
    const last = line.take();
    if (last !== undefined) yield last;
  }

  #offset(): number {
    const { ns, sec } = this.#arrivals;
    this.#origin ??= { sec, ns };
    const offsetNs = (sec - this.#origin.sec) * NS_PER_S + (ns - this.#origin.ns);
    if (offsetNs > Number.MAX_SAFE_INTEGER) throw tooLong(offsetNs);
    return (this.#offsetNs = offsetNs);
  }

  #write(record: HeldView): void {
    this.#records++;
    if (record.hasBody) this.#bodies++;
    const line = this.#line;
    line.whole(OFFSET);
    line.number(this.#offset());
    line.whole(COMMA);
    if (record.isShared) {
      this.#shared(record);
      return;
    }
    line.copy(record.viewed, record.textFrom, record.textTo);
    line.whole(this.#routes[record.route] ?? this.#routeAt(record.route));
    this.#figure(STATUS, record.status);
    this.#figure(SERVICE_TIME, record.serviceTimeUs);
    this.#figure(RESPONSE_BYTES, record.responseBytes);
    const more = record.hasMore ? (JSON.parse(record.more) as MoreHeld) : NO_MORE;
    this.#session(record, more);
    if (record.hasConnection) {
      line.whole(CONNECTION);
      line.copy(record.viewed, record.textTo, record.textTo + ID_CHARS);
      line.whole(QUOTE);
    }
    if (more.calls !== undefined) line.text(this.#calls(more.calls));
    line.whole(END);
  }

  /** What follows the offset: all that such a record may have, it has, in few pieces. */
  #shared(record: HeldView): void {
    const { texts } = this.#learnt;
    const line = this.#line;
    for (let index = 0; index < SHARED_TEXTS; index++) {
      texts.find(record.sharedAt(index));
      line.copy(texts.page, texts.from, texts.to);
    }
    const { responseBytes, route, status, textTo, viewed } = record;
    line.whole(this.#figures.get(route * STATUSES + status!) ?? this.#figuresAt(route, status!));
    line.number(responseBytes!);
    line.whole(SESSION);
    line.copy(viewed, textTo, textTo + ID_CHARS);
    line.whole(SESSION_END);
  }

  #figure(name: ViewedBytes, value: number | undefined): void {
    if (value === undefined) return;
    this.#line.whole(name);
    this.#line.number(value);
  }

  /** Most records know a connection or a client only: the first id that stands there. */
  #session(record: HeldView, { cookies = [] }: MoreHeld): void {
    const line = this.#line;
    if (cookies.length > 0) {
      const { client, connection } = record;
      const session = sessionOf({ cookies, connection, client }, this.#learnt.sessionCookie);
      if (session === undefined) return;
      this.#learnt.sessions.add(session);
      line.text(`,"session":"${session}"`);
      return;
    }
    if (!record.hasConnection && !record.hasClient) return;
    const { textTo, viewed } = record;
    this.#learnt.sessions.addAt(viewed.bytes, textTo);
    line.whole(SESSION);
    line.copy(viewed, textTo, textTo + ID_CHARS);
    line.whole(QUOTE);
  }

  #calls(calls: NonNullable<MoreHeld["calls"]>): string {
    const made = requestCallsOf(calls, (path) => this.#learnt.callRoutes.of(path));
    return `,"dependencyCalls":${JSON.stringify(callsSchema.parse(made))}`;
  }

  #figuresAt(route: number, status: number): ViewedBytes {
    const { bytes } = this.#routes[route] ?? this.#routeAt(route);
    const made = ViewedBytes.of(`${bytes.toString()},"status":${status},"responseBytes":`);
    if (this.#figures.size === FIGURES_MAX) this.#figures.clear();
    this.#figures.set(route * STATUSES + status, made);
    return made;
  }

  #routeAt(number: number): ViewedBytes {
    const route = this.#learnt.routes.routeOf(number);
    this.#seenRoutes.add(route);
    return (this.#routes[number] = ViewedBytes.of(`,"route":${JSON.stringify(route)}`));
  }
}
