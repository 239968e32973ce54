/** A string, number or literal in a JSON text, and where it stands. */
export interface JsonScalar {
  readonly kind: "string" | "number" | "literal";
  /** Keys and indices from the outermost value inwards. The scanner's own: good until the next one. */
  readonly path: readonly (string | number)[];
  /** Of its raw text; a string's is what stands between the quotes, escapes and all. */
  readonly from: number;
  readonly to: number;
}

const TOKEN = /"[^"\\]*(?:\\[^][^"\\]*)*"|[{}[\]:,]|[^\s"{}[\]:,]+/g;
const NUMBER = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

function keyText(token: string): string {
  try {
    return JSON.parse(token) as string;
  } catch {
    return token.slice(1, -1);
  }
}

/**
 * The scalars of a JSON text with their places, so that one can be replaced and every other byte
 * stay as it is. It follows brackets and quotes and does not check the grammar.
 */
export function* jsonScalars(text: string): Generator<JsonScalar> {
  const path: (string | number)[] = [];
  let wantsKey = false;
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    const last = path.length - 1;
    if (token === "{" || token === "[") {
      path.push(token === "{" ? "" : 0);
      wantsKey = token === "{";
    } else if (token === "}" || token === "]") {
      path.pop();
      wantsKey = false;
    } else if (token === ",") {
      const at = path[last];
      wantsKey = typeof at === "string";
      if (typeof at === "number") path[last] = at + 1;
    } else if (token === ":") {
      wantsKey = false;
    } else if (token.startsWith('"')) {
      if (wantsKey) path[last] = keyText(token);
      else yield { kind: "string", path, from: index + 1, to: index + token.length - 1 };
    } else {
      const kind = NUMBER.test(token) ? "number" : "literal";
      yield { kind, path, from: index, to: index + token.length };
    }
  }
}
