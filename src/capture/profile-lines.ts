import { formatCount, NS_PER_S, ShakedownError } from "../core/index.ts";
import {
  type ProfileManifest,
  type ProfileRecord,
  profileRecordSchema,
  type RouteTemplates,
} from "../profile/index.ts";
import { requestCallsOf } from "./calls.ts";
import type { MoreHeld } from "./collect.ts";
import { DistinctIds } from "./distinct.ts";
import { sessionOf } from "./session.ts";
import type { Arrivals, HeldView } from "./spill/index.ts";

const NS_PER_DAY = 86_400 * NS_PER_S;
const CHUNK_BYTES = 2 ** 18;
/** A character of UTF-16 takes at most three bytes in UTF-8. */
const BYTES_PER_CHAR_MAX = 3;
const METHOD_AT = '"method":"'.length;
const BETWEEN = '","path":"';
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
  readonly routes: RouteTemplates;
  readonly callRoutes: RouteTemplates;
  readonly sessionCookie: string | undefined;
}

/** What is written without escapes need not be parsed. */
function keyOf(key: string): Pick<ProfileRecord, "method" | "path"> {
  if (key.includes("\\")) return JSON.parse(`{${key}}`) as Pick<ProfileRecord, "method" | "path">;
  const method = key.slice(METHOD_AT, key.indexOf('"', METHOD_AT));
  return { method, path: key.slice(METHOD_AT + method.length + BETWEEN.length, -1) };
}

/** Writes the lines of a profile's records from those that were held, and counts what they are. */
export class ProfileLinesWriter {
  readonly #arrivals: Arrivals;
  readonly #learnt: Learnt;
  readonly #seenRoutes = new Set<string>();
  readonly #sessions = new DistinctIds();
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
      sessions: this.#sessions.count,
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
   * The lines, many at a time; to be gone through once.
   * @param watch is told each record, which takes several times as long as writing it
   * @throws CAPTURE_INVALID when they span more than a profile can hold
   */
  *chunks(watch?: (record: ProfileRecord) => void): Generator<Buffer> {
    let chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    let end = 0;
    // The end of one line and the beginning of the next are written at once.
    let between = "";
    while (this.#arrivals.next()) {
      const { record } = this.#arrivals;
      const begin = `{"offsetNs":${this.#offset()},`;
      const after = this.#after(record);
      const { textFrom, textTo } = record;
      const chars = between.length + begin.length + after.length;
      const bytesMax = textTo - textFrom + chars * BYTES_PER_CHAR_MAX;
      if (end + bytesMax > chunk.length) {
        end += chunk.write(between, end);
        if (end > 0) yield chunk.subarray(0, end);
        chunk = Buffer.allocUnsafe(Math.max(CHUNK_BYTES, bytesMax));
        [end, between] = [0, ""];
      }
      end += chunk.write(between + begin, end);
      const from = end;
      end += record.bytes.copy(chunk, end, textFrom, textTo);
      between = after;
      if (watch === undefined) continue;
      watch(JSON.parse(begin + chunk.toString("utf8", from, end) + after) as ProfileRecord);
    }
    end += chunk.write(between, end);
    if (end > 0) yield chunk.subarray(0, end);
  }

  #offset(): number {
    const { ns, sec } = this.#arrivals;
    this.#origin ??= { sec, ns };
    const offsetNs = (sec - this.#origin.sec) * NS_PER_S + (ns - this.#origin.ns);
    if (offsetNs > Number.MAX_SAFE_INTEGER) throw tooLong(offsetNs);
    return (this.#offsetNs = offsetNs);
  }

  /** What follows the record's body. */
  #after(record: HeldView): string {
    this.#records++;
    if (record.hasBody) this.#bodies++;
    const { connection, more, responseBytes, serviceTimeUs, status } = record;
    let text = this.#route(record.key);
    if (status !== undefined) text += `,"status":${status}`;
    if (serviceTimeUs !== undefined) text += `,"serviceTimeUs":${serviceTimeUs}`;
    if (responseBytes !== undefined) text += `,"responseBytes":${responseBytes}`;
    const { calls, cookies = [] } = more === "" ? NO_MORE : (JSON.parse(more) as MoreHeld);
    const session = sessionOf(
      { cookies, connection, client: record.client },
      this.#learnt.sessionCookie,
    );
    if (session !== undefined) {
      this.#sessions.add(session);
      text += `,"session":"${session}"`;
    }
    if (connection !== undefined) text += `,"connection":"${connection}"`;
    return calls === undefined ? `${text}}\n` : `${text}${this.#calls(calls)}}\n`;
  }

  #calls(calls: NonNullable<MoreHeld["calls"]>): string {
    const made = requestCallsOf(calls, (path) => this.#learnt.callRoutes.of(path));
    return `,"dependencyCalls":${JSON.stringify(callsSchema.parse(made))}`;
  }

  /** `,"route":…` of a record with these members `method` and `path`. */
  #route(key: string): string {
    const { method, path } = keyOf(key);
    const route = `${method} ${this.#learnt.routes.of(path)}`;
    this.#seenRoutes.add(route);
    return `,"route":${JSON.stringify(route)}`;
  }
}
