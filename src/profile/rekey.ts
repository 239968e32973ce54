import { hashText, hashText53, ShakedownError } from "../core/index.ts";
import { withDecoded } from "./escaped-text.ts";
import { keysOf, type RecordKey, requestKey } from "./keys.ts";
import type { ProfileRecord } from "./record.ts";
import { hasAmpleRoom, Renamer } from "./rename.ts";
import type { RecordStore } from "./store/index.ts";
import { workingSetAt, workingSetOfTimes } from "./working-set.ts";

/** Makes the records of a capture's copies, with keys of their own where the curve says so. */
export interface Rekeyer {
  /** The record of that index in that copy; copy 0, and what has nothing to rename, is the record. */
  rekey(index: number, copy: number): ProfileRecord;
  /** Distinct keys (as `requestKey` tells them) that this copy brings beside all earlier ones. */
  freshKeys(copy: number): number;
  /** What the capture's own curve says of `n` requests: see `workingSetAt`. */
  workingSetAt(n: number): number;
}

export interface RekeyOptions {
  /** Copies in all, the capture itself included: 1 or more. */
  readonly copies: number;
  readonly seed: string;
}

/** A value of keys: how many requests carry it, and in which keys. */
interface Usage {
  requests: number;
  readonly keys: number[];
}

/** What one pass over the capture finds. */
interface Catalogue {
  /** How often each key was asked for. */
  readonly times: readonly number[];
  readonly usages: ReadonlyMap<string, Usage>;
  /** Values that belong to one user. */
  readonly sessions: ReadonlySet<string>;
  /** Those among them that stand in a query or a body. */
  readonly askedSessions: ReadonlySet<string>;
  /** Pseudonyms of sessions and connections. */
  readonly pseudonyms: ReadonlySet<string>;
}

function catalogueOf(records: RecordStore): Catalogue {
  const usages = new Map<string, Usage>();
  const sessions = new Set<string>();
  const askedSessions = new Set<string>();
  const pseudonyms = new Set<string>();
  // By 53 bits of their texts, which may be long: two of ten million are one in 1 of 200 profiles.
  const numbers = new Map<number, number>();
  const times: number[] = [];
  for (const record of records.records()) {
    const keys = keysOf(record);
    const requestKeyText = requestKey(record, keys);
    let isNew = false;
    if (requestKeyText !== null) {
      const hash = hashText53(requestKeyText);
      const number = numbers.get(hash) ?? numbers.size;
      isNew = number === numbers.size;
      if (isNew) numbers.set(hash, number);
      times[number] = (times[number] ?? 0) + 1;
    }
    const asked = new Set<string>();
    for (const { class: kind, text, value } of keys) {
      if (kind === "session") sessions.add(value);
      if (typeof text === "number") continue;
      asked.add(value);
      if (kind === "session") askedSessions.add(value);
    }
    for (const value of asked) {
      const usage = usages.get(value) ?? { requests: 0, keys: [] };
      usage.requests++;
      usages.set(value, usage);
      // A key has the same values each time, so its first request says all.
      if (isNew) usage.keys.push(numbers.size - 1);
    }
    for (const name of [record.session, record.connection]) {
      if (name !== undefined) pseudonyms.add(name);
    }
  }
  return { times, usages, sessions, askedSessions, pseudonyms };
}

/** Of one copy: the values of keys that are renamed in it, and how many keys that makes fresh. */
interface Plan {
  readonly renamed: ReadonlySet<string>;
  readonly freshKeys: number;
}

/**
 * Chooses the values that a copy renames: users' own always, then the least popular that can be
 * renamed, as long as no more keys become fresh than wanted.
 */
function planCopy(
  copy: number,
  wanted: number,
  byPopularity: readonly (readonly [string, Usage])[],
  { askedSessions, sessions }: Catalogue,
  renamer: Renamer,
): Plan {
  const renamed = new Set<string>();
  const fresh = new Set<number>();
  const take = (value: string, { keys }: Usage): void => {
    if (!renamer.assign(value, copy)) return;
    renamed.add(value);
    for (const key of keys) fresh.add(key);
  };
  // A short value of a user's may be somebody else's number elsewhere; a long one is the same thing.
  for (const [value, usage] of byPopularity) {
    if (askedSessions.has(value) || (sessions.has(value) && hasAmpleRoom(value))) {
      take(value, usage);
    }
  }
  for (const [value, usage] of byPopularity) {
    if (fresh.size >= wanted) break;
    let gain = 0;
    for (const key of usage.keys) {
      if (!fresh.has(key) && ++gain > wanted - fresh.size) break;
    }
    if (gain > 0 && gain <= wanted - fresh.size) take(value, usage);
  }
  return { renamed, freshKeys: fresh.size };
}

/** The record with other values at its keys' places; texts that no key stands in stay the same. */
function rebuilt(
  record: ProfileRecord,
  keys: readonly RecordKey[],
  nameOf: (key: RecordKey) => string,
): ProfileRecord {
  const texts = new Map<RecordKey["text"], string>();
  for (const key of keys) {
    const name = nameOf(key);
    if (name === key.value) continue;
    const { escapes, from, text, to } = key;
    const before =
      texts.get(text) ??
      (text === "path"
        ? record.path
        : text === "body"
          ? record.body!.data
          : record.headers[text]![1]);
    // A value keeps its raw length, so the places of the others still hold.
    const raw = withDecoded(before.slice(from, to), escapes, name);
    texts.set(text, before.slice(0, from) + raw + before.slice(to));
  }
  if (texts.size === 0) return record;
  const body = texts.get("body");
  return {
    ...record,
    path: texts.get("path") ?? record.path,
    headers: record.headers.map((header, index): [string, string] => {
      const text = texts.get(index);
      return text === undefined ? header : [header[0], text];
    }),
    ...(body === undefined ? {} : { body: { encoding: "utf8" as const, data: body } }),
  };
}

/**
 * Re-keys superposed copies of a capture, so that they touch as many distinct keys together as its
 * own working-set curve says of that many requests. Copy j brings W((j+1)·n) − W(j·n) keys of its
 * own: the least popular values (equal ones in an order that the seed decides) are renamed in it,
 * the popular ones are shared, so the head stays hot while the tail grows. A copy is other users:
 * cookies, tokens, session and connection are renamed in every copy. A value has one name in a
 * copy, wherever it stands, and no name is anybody else's. Where a form has no room for another
 * name (a number of one digit), the value stays shared and a more popular one takes its place.
 *
 * Records are read, and made, when asked for and not kept. What is kept grows with the distinct
 * keys and values, not with the requests: of each value its text and, where its form is short, its
 * name in each copy (some 200 bytes a copy); of each key how often it was asked for.
 */
export function makeRekeyer(records: RecordStore, { copies, seed }: RekeyOptions): Rekeyer {
  const catalogue = catalogueOf(records);
  const { pseudonyms, sessions, times, usages } = catalogue;
  const curve = workingSetOfTimes(times, records.length);
  const renamer = new Renamer(seed, [...usages.keys(), ...sessions, ...pseudonyms]);
  const order = hashText(seed);
  const byPopularity = [...usages]
    .map((entry) => ({ entry, tie: hashText(entry[0], order) }))
    .toSorted((a, b) => a.entry[1].requests - b.entry[1].requests || a.tie - b.tie)
    .map(({ entry }) => entry);
  const keysAfter = (copy: number): number =>
    Math.round(workingSetAt(curve, copy * records.length));
  const plans: Plan[] = [{ renamed: new Set(), freshKeys: curve.distinct }];
  for (let copy = 1; copy < copies; copy++) {
    const wanted = keysAfter(copy + 1) - keysAfter(copy);
    plans.push(planCopy(copy, wanted, byPopularity, catalogue, renamer));
    for (const value of [...sessions, ...pseudonyms]) renamer.assign(value, copy);
  }
  const planOf = (copy: number): Plan => {
    const plan = plans[copy];
    if (plan !== undefined) return plan;
    throw new ShakedownError("INTERNAL", `copy ${copy} of ${copies} was asked for`);
  };
  return {
    rekey(index, copy) {
      const { renamed } = planOf(copy);
      const record = records.record(index);
      if (copy === 0) return record;
      const made = rebuilt(record, keysOf(record), (key) =>
        key.class === "session" || renamed.has(key.value)
          ? renamer.rename(key.value, copy)
          : key.value,
      );
      const own = (name: string): string => {
        const other = renamer.rename(name, copy);
        // Two users must never become one, even where their names' form has no room.
        return other === name ? `${name}~${copy}` : other;
      };
      const { connection, session } = record;
      if (session === undefined && connection === undefined) return made;
      return {
        ...made,
        ...(session === undefined ? {} : { session: own(session) }),
        ...(connection === undefined ? {} : { connection: own(connection) }),
      };
    },
    freshKeys: (copy) => planOf(copy).freshKeys,
    workingSetAt: (n) => workingSetAt(curve, n),
  };
}
