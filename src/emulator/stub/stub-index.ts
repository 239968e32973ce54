import type { StubSpec } from "./schema.ts";

/** Up to here a pattern is plain text; a character that `?`, `*` or `{` follows is not. */
function literalPrefix(pattern: string): string {
  const plain = /^[A-Za-z0-9_~!@%&=:,;'"<>#/-]*/.exec(pattern)![0];
  const next = pattern[plain.length];
  // An alternative anywhere may begin differently.
  if (pattern.includes("|")) return "";
  return next !== undefined && "?*{".includes(next) ? plain.slice(0, -1) : plain;
}

/** The whole segments that a plain text begins with: `/a/b/c` → `/a/b/`; null: it is no path. */
const wholeSegments = (plain: string): string | null =>
  plain.startsWith("/") ? plain.slice(0, plain.lastIndexOf("/") + 1) : null;

const push = (map: Map<string, number[]>, key: string, rank: number): void => {
  const ranks = map.get(key);
  if (ranks === undefined) map.set(key, [rank]);
  else ranks.push(rank);
};

/**
 * Which stubs a call may fit, by its path: exact paths by a map, patterns by the whole segments
 * that they begin with. What is left is tried for every call.
 */
export class StubIndex {
  readonly #exact = new Map<string, number[]>();
  readonly #segments = new Map<string, number[]>();
  readonly #anywhere: number[] = [];

  /** Ranks are the places in this list. */
  constructor(ranked: readonly StubSpec[]) {
    for (const [rank, { request }] of ranked.entries()) {
      const exact = request.path ?? request.url?.split("?")[0];
      const prefix =
        request.pathTemplate?.split("{")[0] ??
        literalPrefix(request.pathPattern ?? request.urlPattern ?? "");
      const segments = wholeSegments(prefix);
      if (exact !== undefined) push(this.#exact, exact, rank);
      else if (segments !== null) push(this.#segments, segments, rank);
      else this.#anywhere.push(rank);
    }
  }

  #listsFor(path: string): readonly (readonly number[])[] {
    const lists: number[][] = [];
    const exact = this.#exact.get(path);
    if (exact !== undefined) lists.push(exact);
    if (this.#segments.size > 0) {
      for (let end = path.indexOf("/"); end >= 0; end = path.indexOf("/", end + 1)) {
        const ranks = this.#segments.get(path.slice(0, end + 1));
        if (ranks !== undefined) lists.push(ranks);
      }
    }
    if (this.#anywhere.length > 0) lists.push(this.#anywhere);
    return lists;
  }

  /** The first rank that fits, in order of rank; -1: none. */
  find(path: string, fits: (rank: number) => boolean): number {
    const lists = this.#listsFor(path);
    const places = lists.map(() => 0);
    for (;;) {
      let next = -1;
      let rank = Infinity;
      for (const [index, list] of lists.entries()) {
        const first = list[places[index]!] ?? Infinity;
        if (first < rank) [next, rank] = [index, first];
      }
      if (next < 0) return -1;
      if (fits(rank)) return rank;
      places[next]!++;
    }
  }
}
