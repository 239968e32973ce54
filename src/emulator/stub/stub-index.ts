import type { StubSpec } from "./schema.ts";

/** Up to here a pattern is plain text; a character that `?`, `*` or `{` follows is not. */
function literalPrefix(pattern: string): string {
  const plain = /^[A-Za-z0-9_~!@%&=:,;'"<>#/-]*/.exec(pattern)![0];
  const next = pattern[plain.length];
  // An alternative anywhere may begin differently.
  if (pattern.includes("|")) return "";
  return next !== undefined && "?*{".includes(next) ? plain.slice(0, -1) : plain;
}

/** `/orders/…` → `/orders/`; null when the text does not hold a whole first segment. */
function firstSegment(path: string): string | null {
  const end = path.indexOf("/", 1);
  return path.startsWith("/") && end > 0 ? path.slice(0, end + 1) : null;
}

const push = (map: Map<string, number[]>, key: string, rank: number): void => {
  const ranks = map.get(key);
  if (ranks === undefined) map.set(key, [rank]);
  else ranks.push(rank);
};

const NONE: readonly number[] = [];

/**
 * Which stubs a call may fit, by its path: exact paths by a map, patterns by their first segment
 * where that is plain text. What is left is tried for every call.
 */
export class StubIndex {
  readonly #exact = new Map<string, number[]>();
  readonly #segment = new Map<string, number[]>();
  readonly #anywhere: number[] = [];

  /** Ranks are the places in this list. */
  constructor(ranked: readonly StubSpec[]) {
    for (const [rank, { request }] of ranked.entries()) {
      const exact = request.path ?? request.url?.split("?")[0];
      const prefix =
        request.pathTemplate?.split("{")[0] ??
        literalPrefix(request.pathPattern ?? request.urlPattern ?? "");
      const segment = firstSegment(prefix);
      if (exact !== undefined) push(this.#exact, exact, rank);
      else if (segment !== null) push(this.#segment, segment, rank);
      else this.#anywhere.push(rank);
    }
  }

  /** The first rank that fits, in order of rank; -1: none. */
  find(path: string, fits: (rank: number) => boolean): number {
    const exact = this.#exact.get(path) ?? NONE;
    const segment = this.#segment.get(firstSegment(path) ?? "") ?? NONE;
    const anywhere = this.#anywhere;
    let [a, b, c] = [0, 0, 0];
    for (;;) {
      const x = exact[a] ?? Infinity;
      const y = segment[b] ?? Infinity;
      const z = anywhere[c] ?? Infinity;
      const rank = Math.min(x, y, z);
      if (rank === Infinity) return -1;
      if (fits(rank)) return rank;
      if (rank === x) a++;
      else if (rank === y) b++;
      else c++;
    }
  }
}
