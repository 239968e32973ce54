import type { CapturedRequest } from "./format.ts";
import { headerOf } from "./http-fields.ts";

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

/** Takes the clues from a request before redaction; `idOf` makes a pseudonym of a value. */
export function sessionClues(
  request: CapturedRequest,
  file: number,
  idOf: (value: string) => string,
): SessionClues {
  const cookies: [string, string][] = [];
  for (const pair of (headerOf(request.headers, "cookie") ?? "").split(";")) {
    const equals = pair.indexOf("=");
    const [name, value] = [pair.slice(0, equals).trim(), pair.slice(equals + 1).trim()];
    if (equals < 1 || value === "" || rankOf(name) === Number.POSITIVE_INFINITY) continue;
    cookies.push([name, idOf(`cookie ${name}=${value}`)]);
  }
  const { connection, client } = request;
  const agent = headerOf(request.headers, "user-agent") ?? "";
  return {
    cookies,
    connection: connection === undefined ? undefined : idOf(`connection ${file} ${connection}`),
    client: client === undefined ? undefined : idOf(`client ${client} ${agent}`),
  };
}

interface Usage {
  readonly name: string;
  readonly rank: number;
  readonly rotates: boolean;
  readonly count: number;
}

/** A steady cookie's values come this often on average, or more often. */
const STEADY_MEAN = 3;

/**
 * The cookies of a capture that can name sessions, best first. A cookie whose values hardly come
 * back rotates (as encrypted sessions do at each answer), and says little about who asks; it is
 * believed last.
 */
export function sessionCookies(all: Iterable<SessionClues>): string[] {
  const seen = new Map<string, { count: number; ids: Set<string> }>();
  for (const { cookies } of all) {
    for (const [name, id] of cookies) {
      const usage = seen.get(name) ?? { count: 0, ids: new Set() };
      usage.count++;
      usage.ids.add(id);
      seen.set(name, usage);
    }
  }
  return [...seen]
    .map(([name, { count, ids }]): Usage => {
      return {
        name,
        rank: rankOf(name),
        rotates: ids.size > 1 && count < ids.size * STEADY_MEAN,
        count,
      };
    })
    .toSorted(
      (a, b) =>
        Number(a.rotates) - Number(b.rotates) ||
        a.rank - b.rank ||
        b.count - a.count ||
        (a.name < b.name ? -1 : 1),
    )
    .map(({ name }) => name);
}

/** A request's session: by the first of the capture's session cookies, else connection, else client. */
export function sessionOf(clues: SessionClues, cookieNames: readonly string[]): string | undefined {
  // Only the best cookie decides: a request that lacks it must not fall into a session of another's.
  const [best] = cookieNames;
  const cookie = clues.cookies.find(([name]) => name === best);
  return cookie?.[1] ?? clues.connection ?? clues.client;
}
