import { hashText53 } from "../../core/index.ts";
import type { ProfileRecord } from "../record.ts";
import type { HeaderName, Makeup } from "./schema.ts";
import { sessionOf } from "../in-record/session-of.ts";
import { Counts } from "./shares.ts";

/** Of more names than this, the later ones are counted without looking at their values. */
const NAMES_MAX = 256;
/** More names than these in all are not told. */
const LATER_MAX = 10_000;
/** Values, and sessions, that are remembered of each name. */
const REMEMBERED_MAX = 1_000;
const SETS_MAX = 1_000;
const SETS_SHOWN = 10;
const FEW_MAX = 20;
const LONG_CHARS = 40;
/** Shares from which "each" and "keeps" are said. */
const NEARLY_ALL = 0.95;
const SESSIONS_MIN = 3;
const MOSTLY_OWN = 0.8;

const CONDITIONS = ["if-none-match", "if-modified-since"];

/** Stands for a value; of a long one, a hash does. */
const tokenOf = (value: string): string | number =>
  value.length > LONG_CHARS ? hashText53(value) : value;

/** How the values of one header go. Remembers a thousand values and sessions, no more. */
class Values {
  count = 0;
  readonly #distinct = new Set<string | number>();
  /** Records that were looked at until there were too many values. */
  #looked = 0;
  readonly #ofSessions = new Map<string, string | number>();
  #kept = 0;
  #changed = 0;

  add(value: string, session: string | null): void {
    this.count++;
    const token = tokenOf(value);
    if (this.#distinct.size < REMEMBERED_MAX) {
      this.#looked++;
      this.#distinct.add(token);
    }
    if (session === null) return;
    const before = this.#ofSessions.get(session);
    if (before !== undefined) {
      if (before === token) this.#kept++;
      else this.#changed++;
      this.#ofSessions.set(session, token);
    } else if (this.#ofSessions.size < REMEMBERED_MAX) {
      this.#ofSessions.set(session, token);
    }
  }

  get kind(): HeaderName["values"] {
    const distinct = this.#distinct.size;
    if (this.count < 2) return null;
    if (distinct === 1) return "constant";
    if (this.#isOfSessions()) return "per-session";
    if (distinct <= FEW_MAX) return "few";
    return distinct >= NEARLY_ALL * this.#looked ? "unique" : "many";
  }

  /** Sessions keep it, and hardly two have the same. */
  #isOfSessions(): boolean {
    const sessions = this.#ofSessions.size;
    const own = this.#distinct.size >= MOSTLY_OWN * sessions;
    const repeated = this.#kept + this.#changed;
    return sessions >= SESSIONS_MIN && own && this.#kept > 0 && this.#kept >= NEARLY_ALL * repeated;
  }
}

/** Which headers come, together with which, and with what values. Bounded, whatever comes. */
export class Headers {
  readonly #names = new Map<string, Values>();
  readonly #later = new Counts();
  readonly #sets = new Counts();
  #records = 0;
  #conditional = 0;

  add(record: ProfileRecord): void {
    this.#records++;
    const values = new Map<string, string>();
    for (const [name, value] of record.headers) {
      const before = values.get(name);
      values.set(name, before === undefined ? value : `${before}, ${value}`);
    }
    const session = sessionOf(record);
    for (const [name, value] of values) this.#add(name, value, session);
    if (CONDITIONS.some((name) => values.has(name))) this.#conditional++;
    const set = [...values.keys()].toSorted().join(" ");
    if (this.#sets.distinct < SETS_MAX || this.#sets.of(set) > 0) this.#sets.add(set);
  }

  #add(name: string, value: string, session: string | null): void {
    let values = this.#names.get(name);
    if (values === undefined) {
      if (this.#names.size >= NAMES_MAX) {
        if (this.#later.distinct < LATER_MAX || this.#later.of(name) > 0) this.#later.add(name);
        return;
      }
      this.#names.set(name, (values = new Values()));
    }
    values.add(value, session);
  }

  figures(): Pick<Makeup, "headerNames" | "headerSets" | "headerSetCount" | "cacheability"> {
    const shareOf = (name: string): number =>
      this.#records === 0
        ? 0
        : (this.#names.get(name)?.count ?? this.#later.of(name)) / this.#records;
    const named = [...this.#names].map(([value, values]): HeaderName => {
      return { value, count: values.count, share: shareOf(value), values: values.kind };
    });
    const later = this.#later.shares(this.#records).map((one) => ({ ...one, values: null }));
    return {
      headerNames: [...named, ...later].toSorted(
        (a, b) => b.count - a.count || (a.value < b.value ? -1 : 1),
      ),
      headerSets: this.#sets
        .shares(this.#records)
        .slice(0, SETS_SHOWN)
        .map(({ value, count, share }) => ({
          names: value === "" ? [] : value.split(" "),
          count,
          share,
        })),
      headerSetCount: this.#sets.distinct,
      cacheability: {
        cookie: shareOf("cookie"),
        authorization: shareOf("authorization"),
        cacheControl: shareOf("cache-control"),
        acceptEncoding: shareOf("accept-encoding"),
        conditional: this.#records === 0 ? 0 : this.#conditional / this.#records,
      },
    };
  }
}
