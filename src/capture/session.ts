import { DistinctIds } from "./distinct.ts";
import type { CapturedRequest } from "./format.ts";
import { headerOf } from "./http-fields.ts";
import { Memo, MemoBudget } from "./memo.ts";

/** Cookie names that hold a session, in the order in which they are believed. */
const SESSION_NAMES = [/sess/i, /sid/i, /token/i];
/** Tokens against forgery belong to a form, not to a session. */
const NOT_SESSION = /csrf|xsrf/i;

/** What may identify a request's session: pseudonyms already, for they stay in memory. */
export interface SessionClues {
  readonly cookies: readonly (readonly [name: string, id: string])[];
  readonly connection: string | undefined;
  readonly client: string | undefined;
}

const rankOf = (name: string): number => {
  const rank = SESSION_NAMES.findIndex((pattern) => pattern.test(name));
  return rank === -1 || NOT_SESSION.test(name) ? Number.POSITIVE_INFINITY : rank;
};

/** What a client's id is made of: its address, and its agent or nothing. */
export const clientText = (client: string, agent: string): string => `client ${client} ${agent}`;

const NO_COOKIES: SessionClues["cookies"] = [];
const MEMO_CHARS = 2 ** 21;

/** Takes the clues from requests before redaction. */
export class ClueReader {
  readonly #budget = new MemoBudget(MEMO_CHARS);
  readonly #ids: Memo<string>;
  /** By agent, then by client: the same clients come again and again. */
  readonly #clients: Memo<Memo<string>>;

  /** @param idOf makes a pseudonym of a value */
  constructor(idOf: (value: string) => string) {
    this.#ids = new Memo(this.#budget, idOf);
    this.#clients = new Memo(
      this.#budget,
      (agent) => new Memo(this.#budget, (client) => idOf(clientText(client, agent))),
    );
  }

  /** @param file the number of the file, in which the connection's name is good */
  read(request: CapturedRequest, file: number): SessionClues {
    const { client, connection, headers } = request;
    const agent = headerOf(headers, "user-agent") ?? "";
    return {
      cookies: this.#cookies(headerOf(headers, "cookie")),
      connection:
        connection === undefined ? undefined : this.#ids.of(`connection ${file} ${connection}`),
      client: client === undefined ? undefined : this.#clients.of(agent).of(client),
    };
  }

  #cookies(header: string | undefined): SessionClues["cookies"] {
    if (header === undefined) return NO_COOKIES;
    const cookies: [string, string][] = [];
    for (const pair of header.split(";")) {
      const equals = pair.indexOf("=");
      const [name, value] = [pair.slice(0, equals).trim(), pair.slice(equals + 1).trim()];
      if (equals < 1 || value === "" || rankOf(name) === Number.POSITIVE_INFINITY) continue;
      cookies.push([name, this.#ids.of(`cookie ${name}=${value}`)]);
    }
    return cookies;
  }
}

interface Usage {
  readonly name: string;
  readonly rank: number;
  readonly rotates: boolean;
  readonly count: number;
}

/** A steady cookie's values come this often on average, or more often. */
const STEADY_MEAN = 3;
/** A capture whose cookies have more names than these makes up names; the later ones are passed over. */
const NAMES_MAX = 1_000;

/** Learns from the requests of a capture which of its cookies can name sessions. */
export class SessionCookies {
  readonly #seen = new Map<string, { count: number; readonly ids: DistinctIds }>();

  add({ cookies }: SessionClues): void {
    for (const [name, id] of cookies) {
      let usage = this.#seen.get(name);
      if (usage === undefined) {
        if (this.#seen.size >= NAMES_MAX) continue;
        usage = { count: 0, ids: new DistinctIds() };
        this.#seen.set(name, usage);
      }
      usage.count++;
      usage.ids.add(id);
    }
  }

  /**
   * The one that names the sessions; undefined when there is none. A cookie whose values hardly
   * come back rotates (as encrypted sessions do at each answer), and says little about who asks; it
   * is believed last.
   */
  get best(): string | undefined {
    const [best] = [...this.#seen]
      .map(([name, { count, ids }]): Usage => {
        const distinct = ids.count;
        const rotates = distinct > 1 && count < distinct * STEADY_MEAN;
        return { name, rank: rankOf(name), rotates, count };
      })
      .toSorted(
        (a, b) =>
          Number(a.rotates) - Number(b.rotates) ||
          a.rank - b.rank ||
          b.count - a.count ||
          (a.name < b.name ? -1 : 1),
      );
    return best?.name;
  }
}

/**
 * A request's session: by the capture's session cookie, else connection, else client. Only the best
 * cookie decides: a request that lacks it must not fall into a session of another's.
 */
export function sessionOf(clues: SessionClues, cookieName: string | undefined): string | undefined {
  const cookie = clues.cookies.find(([name]) => name === cookieName);
  return cookie?.[1] ?? clues.connection ?? clues.client;
}
