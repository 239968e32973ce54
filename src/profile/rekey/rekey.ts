import { LRUCache } from "lru-cache";
import { ShakedownError } from "../../core/index.ts";
import { withDecoded } from "../escaped-text.ts";
import { keysOf, type RecordKey } from "../keys.ts";
import type { ProfileRecord } from "../record.ts";
import type { RecordStore } from "../store/index.ts";
import { workingSetAt } from "../working-set.ts";
import { numberOf } from "./catalogue.ts";
import { NumberTable } from "./number-table.ts";
import { ATTEMPT, RENAMED, type RekeyPlan } from "./plan.ts";
import { ampleName, assignedName, hasAmpleRoom } from "./rename.ts";

/** Makes the records of a capture's copies, with keys of their own where the curve says so. */
export interface Rekeyer {
  /** The record of that index in that copy; copy 0, and what has nothing to rename, is the record. */
  rekey(index: number, copy: number): ProfileRecord;
  /** Distinct keys (as `requestKey` tells them) that this copy brings beside all earlier ones. */
  freshKeys(copy: number): number;
  /** What the capture's own curve says of `n` requests: see `workingSetAt`. */
  workingSetAt(n: number): number;
}

/** Names that are kept: a user's cookies come with each of the user's requests. */
const RECENT_MAX = 2_000;

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

/** The names of values in copies, as a plan assigned them. */
class Names {
  readonly #plan: RekeyPlan;
  readonly #values: NumberTable;
  readonly #recent = new LRUCache<string, string>({ max: RECENT_MAX });

  constructor(plan: RekeyPlan) {
    this.#plan = plan;
    this.#values = new NumberTable(plan.values);
  }

  /** Whether the value is renamed wherever it stands. */
  isRenamed(value: string, copy: number): boolean {
    return (this.#marksOf(value, copy) & RENAMED) !== 0;
  }

  /** The value's name in that copy; the value itself when it could not be assigned one. */
  of(value: string, copy: number): string {
    const key = `${copy} ${value}`;
    const recent = this.#recent.get(key);
    if (recent !== undefined) return recent;
    const made = this.#make(value, copy);
    this.#recent.set(key, made);
    return made;
  }

  #make(value: string, copy: number): string {
    const naming = { seed: this.#plan.seed, copy };
    const attempt = this.#marksOf(value, copy) & ATTEMPT;
    if (attempt > 0) return assignedName(value, naming, attempt - 1);
    return hasAmpleRoom(value) ? ampleName(value, naming) : value;
  }

  #marksOf(value: string, copy: number): number {
    const index = this.#values.indexOf(numberOf(value));
    return index === -1 ? 0 : this.#plan.marks[copy * this.#plan.values.size + index]!;
  }
}

/** Makes records of copies by a plan of theirs. They are made when asked for and not kept. */
export function makeRekeyer(records: RecordStore, plan: RekeyPlan): Rekeyer {
  const names = new Names(plan);
  const freshKeys = (copy: number): number => {
    const fresh = plan.freshKeys[copy];
    if (fresh !== undefined) return fresh;
    throw new ShakedownError("INTERNAL", `copy ${copy} of ${plan.freshKeys.length} was asked for`);
  };
  const renamed = (index: number, copy: number): ProfileRecord => {
    const record = records.record(index);
    if (copy === 0) return record;
    const made = rebuilt(record, keysOf(record), ({ class: kind, value }) =>
      kind === "session" || names.isRenamed(value, copy) ? names.of(value, copy) : value,
    );
    const own = (name: string): string => {
      const other = names.of(name, copy);
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
  };
  // Several arms ask for the same, one after the other.
  const last = { index: -1, copy: -1, record: null as ProfileRecord | null };
  return {
    rekey(index, copy) {
      if (last.record !== null && last.index === index && last.copy === copy) return last.record;
      const record = renamed(index, copy);
      Object.assign(last, { index, copy, record });
      return record;
    },
    freshKeys,
    workingSetAt: (n) => workingSetAt(plan.curve, n),
  };
}
