import { posix } from "node:path";

/** A file of the repository: its path from the root, with `/`, and its text. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

// Strings come first, so that what looks like a comment inside one is none; a regular expression
// is known by what stands before it.
const STRING = /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/.source;
const EXPRESSION =
  /(?<=(?:[=(,:!&|?[]|return)\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\//.source;
const COMMENT = /\/\*[\s\S]*?\*\/|\/\/[^\n]*/.source;
const TOKENS = new RegExp(`(?<keep>${STRING}|${EXPRESSION})|${COMMENT}`, "g");

/** The text with its comments blanked out, line for line. */
export function withoutComments(text: string): string {
  return text.replaceAll(TOKENS, (token, ...rest: unknown[]) => {
    const { keep } = rest.at(-1) as { keep?: string };
    return keep ?? token.replaceAll(/[^\n]/g, " ");
  });
}

interface Import {
  /** What is imported: `type { A }`, `{ b }`, `* as c`; "" for a bare or dynamic import. */
  readonly clause: string;
  /** A path from the root for a relative specifier, others as they are. */
  readonly target: string;
}

const IMPORTS = new RegExp(
  String.raw`\b(?:(?:import|export)\b(?<clause>[^;"'\x60]*?)\bfrom\s*|import\s*\(?\s*)` +
    String.raw`(?<quote>["'])(?<specifier>[^"'\n]+)\k<quote>`,
  "g",
);

/** A file's imports and re-exports, in order. */
export function importsOf({ path, text }: Source): readonly Import[] {
  return [...withoutComments(text).matchAll(IMPORTS)].map((match) => {
    const { clause = "", specifier = "" } = match.groups ?? {};
    const target = specifier.startsWith(".")
      ? posix.join(posix.dirname(path), specifier)
      : specifier;
    return { clause: clause.trim(), target };
  });
}

/** The folder of src that a path lies in, "" for src/index.ts itself, undefined outside src. */
export function folderOf(path: string): string | undefined {
  const match = /^src\/(?:([^/]+)\/)?[^/]*\.ts$|^src\/([^/]+)\//.exec(path);
  return match === null ? undefined : (match[1] ?? match[2] ?? "");
}
