import { LRUCache } from "lru-cache";
import { headerValues } from "../content-coding.ts";
import type { PreparedRequest } from "../prepare.ts";
import { cookiesSet, jsonAnswer, textAt } from "./answer.ts";
import { Draft, type Make, put, putCookies } from "./put.ts";
import type { RequestPlace, SubstitutionRule } from "./rule.ts";

/** Sessions whose values are kept; the least recently used go first. */
const SESSIONS_MAX = 100_000;
const VALUE_MAX_CHARS = 8_192;
/** As browsers keep for one site; the oldest go first. */
const JAR_MAX = 50;
// oxlint-disable-next-line no-control-regex -- control characters are what is refused
const SAFE = /^[^\x00-\x1f\x7f-\x9f\u0100-\uffff]+$/;
const SCHEME = /^(?:basic|bearer|digest|dpop|jwt|token|apikey|negotiate)$/i;

/** What was done so far. */
export interface SubstitutionCounts {
  /** Values taken from answers. */
  learned: number;
  /** Values put into requests. */
  applied: number;
  /** Times that a request was sent with the captured value, since its session had learned none. */
  missed: number;
  /** Values that no header, path or cookie can carry, or that are too long: not taken. */
  refused: number;
  /** Sessions whose values had to go, for there were too many. */
  forgotten: number;
}

/** What one session has learned. */
interface Known {
  /** By the rule's index. */
  readonly values: (string | undefined)[];
  /** Cookies, for a rule that keeps them all: null is one that the target has deleted. */
  readonly jar: Map<string, string | null>;
}

const isJar = ({ from }: SubstitutionRule): boolean => from.kind === "cookie" && from.name === "*";

function fits(value: string, to: RequestPlace): boolean {
  if (value.length > VALUE_MAX_CHARS || !SAFE.test(value)) return false;
  if (to.kind === "cookie") return !value.includes(";");
  // Dots alone would name another place than a segment of the captured one.
  return to.kind !== "path" || !/^\.{1,2}$/.test(value);
}

/** Where no `as` says otherwise, a captured `Bearer x` stays `Bearer`, whatever comes after it. */
function withScheme(name: string, captured: string, value: string): string {
  const [, scheme, rest] = /^([\w-]+) +(\S.*)$/.exec(captured) ?? [];
  if (scheme === undefined || rest === undefined) return value;
  if (!/^(?:proxy-)?authorization$/.test(name) && !SCHEME.test(scheme)) return value;
  return value.toLowerCase().startsWith(`${scheme.toLowerCase()} `) ? value : `${scheme} ${value}`;
}

/** The routes that rules learn on and that are none of the run's: such a rule would never learn. */
export function unknownRoutes(
  rules: readonly SubstitutionRule[],
  routes: readonly string[],
): string[] {
  const known = new Set(routes);
  return rules.flatMap(({ on }) => (on === undefined || known.has(on) ? [] : on));
}

/**
 * Puts what one arm's target issues (tokens, cookies, ids) in the place of what was captured, session
 * by session. A place that a request does not have is left out, except that cookies, and headers
 * named by a rule with `as`, are added. Of several rules for one place the last one wins.
 */
export class Substitutions {
  readonly counts: SubstitutionCounts = {
    learned: 0,
    applied: 0,
    missed: 0,
    refused: 0,
    forgotten: 0,
  };
  readonly #rules: readonly SubstitutionRule[];
  /** By route: the rules that learn from its answers. */
  readonly #learning: readonly (readonly number[])[];
  readonly #sessions: LRUCache<string, Known>;

  /** `routes` are the run's, by index: `POST /login`. */
  constructor(
    rules: readonly SubstitutionRule[],
    routes: readonly string[],
    { sessionsMax = SESSIONS_MAX }: { readonly sessionsMax?: number } = {},
  ) {
    this.#rules = rules;
    this.#learning = routes.map((route) =>
      rules.flatMap(({ on }, index) => (on === undefined || on === route ? index : [])),
    );
    this.#sessions = new LRUCache({
      max: sessionsMax,
      dispose: (_known, _session, reason) => {
        if (reason === "evict") this.counts.forgotten++;
      },
    });
  }

  /** Whether any rule learns from answers of this route. */
  wantsContent(route: number): boolean {
    return (this.#learning[route]?.length ?? 0) > 0;
  }

  /** Takes from an answer what the rules name. What is not there, or no JSON, changes nothing. */
  learn(
    session: string,
    route: number,
    headers: readonly string[] | null,
    body: Buffer | null,
  ): void {
    const learning = this.#learning[route] ?? [];
    if (learning.length === 0) return;
    let json: { readonly value: unknown } | null = null;
    for (const index of learning) {
      const { from, to } = this.#rules[index]!;
      if (from.kind === "json") {
        if (body === null) continue;
        json ??= { value: jsonAnswer(headers ?? [], body) };
        this.#take(session, index, to, textAt(json.value, from.path));
      } else if (from.kind === "header") {
        this.#take(session, index, to, headerValues(headers ?? [], from.name)[0]);
      } else this.#learnCookies(session, index, headers ?? []);
    }
  }

  /** The request with the session's values in it; the same object when that changes nothing. */
  apply(session: string, request: PreparedRequest): PreparedRequest {
    const known = this.#sessions.get(session);
    const draft = new Draft(request);
    for (const [index, rule] of this.#rules.entries()) {
      if (isJar(rule)) this.#applyJar(draft, known?.jar);
      else this.#applyValue(draft, rule, known?.values[index]);
    }
    return draft.done();
  }

  #learnCookies(session: string, index: number, headers: readonly string[]): void {
    const rule = this.#rules[index]!;
    const { from, to } = rule;
    for (const { name, value } of cookiesSet(headers)) {
      if (!isJar(rule)) {
        if (from.kind !== "cookie" || from.name !== name) continue;
        if (value === null) this.#forget(session, index);
        else this.#take(session, index, to, value);
        continue;
      }
      // An empty value is a cookie like any other.
      if (value !== null && value !== "" && !fits(value, to)) {
        this.counts.refused++;
        continue;
      }
      const { jar } = this.#known(session);
      jar.delete(name);
      jar.set(name, value);
      this.counts.learned++;
      if (jar.size > JAR_MAX) jar.delete(jar.keys().next().value!);
    }
  }

  #take(session: string, index: number, to: RequestPlace, value: string | undefined): void {
    if (value === undefined) return;
    if (!fits(value, to)) {
      this.counts.refused++;
      return;
    }
    this.#known(session).values[index] = value;
    this.counts.learned++;
  }

  #forget(session: string, index: number): void {
    const known = this.#sessions.get(session);
    if (known !== undefined) known.values[index] = undefined;
  }

  #known(session: string): Known {
    const known = this.#sessions.get(session) ?? { values: [], jar: new Map() };
    this.#sessions.set(session, known);
    return known;
  }

  #applyValue(draft: Draft, { as, to }: SubstitutionRule, value: string | undefined): void {
    let carries = false;
    const make: Make = (captured) => {
      carries ||= captured !== null;
      if (value === undefined) return null;
      if (as !== undefined) return as.replace("{}", () => value);
      if (to.kind !== "header") return value;
      return captured === null ? null : withScheme(to.name, captured, value);
    };
    const placed = put(draft, to, make);
    if (value !== undefined && placed) this.counts.applied++;
    else if (value === undefined && carries) this.counts.missed++;
  }

  #applyJar(draft: Draft, learned: ReadonlyMap<string, string | null> | undefined): void {
    putCookies(draft, (jar) => {
      if (learned === undefined || learned.size === 0) {
        if (jar.size > 0) this.counts.missed++;
        return false;
      }
      for (const [name, value] of learned) {
        if (value === null) jar.delete(name);
        else {
          jar.set(name, value);
          this.counts.applied++;
        }
      }
      return true;
    });
  }
}
