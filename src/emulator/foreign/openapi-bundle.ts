import { dirname, relative, resolve } from "node:path";
import { messageOf } from "../../core/index.ts";
import { type Fields, isFields } from "./model.ts";
import { readStructure } from "./read-file.ts";

/** Where the other files' contents are in a bundled document, each under its number. */
const FILES = "x-shakedown-files";

/** What looks like a reference in one of these is none. */
const VALUES = new Set(["const", "default", "enum", "example", "value"]);

/** What these hold has names that the document's author gave. */
const MAPS = new Set(
  "properties patternProperties $defs definitions schemas responses headers examples".split(" "),
);

/** Each part of a structure that may refer elsewhere, once. */
function* partsOf(root: unknown): Generator<Fields> {
  const seen = new Set<unknown>();
  const waiting: unknown[] = [root];
  while (waiting.length > 0) {
    const each = waiting.pop();
    if (typeof each !== "object" || each === null || seen.has(each)) continue;
    seen.add(each);
    if (!isFields(each)) {
      waiting.push(...(each as unknown[]));
      continue;
    }
    yield each;
    for (const [name, part] of Object.entries(each)) {
      // In these, a name may be any, `default` too; a list of examples is one of values.
      if (MAPS.has(name) && isFields(part)) waiting.push(...Object.values(part));
      else if (!VALUES.has(name) && name !== "examples") waiting.push(part);
    }
  }
}

/** Files that a document refers to, read once each, under the pointer at which they are kept. */
class Files {
  readonly contents: unknown[] = [];
  readonly #main: string;
  readonly #pointers = new Map<string, string>();

  constructor(main: string) {
    this.#main = main;
    this.#pointers.set(main, "#");
  }

  /** @throws ShakedownError when the file cannot be read, or does not parse */
  pointerOf(file: string): string {
    const known = this.#pointers.get(file);
    if (known !== undefined) return known;
    const content = readStructure(file);
    const pointer = `#/${FILES}/${this.contents.length}`;
    this.contents.push(content);
    this.#pointers.set(file, pointer);
    this.rewrite(content, file, pointer);
    return pointer;
  }

  /** Lets every reference of a file's content lead into the bundled document. */
  rewrite(content: unknown, file: string, pointer: string): void {
    for (const part of partsOf(content)) {
      const ref = part["$ref"];
      if (typeof ref === "string") Object.assign(part, { $ref: this.#bundled(ref, file, pointer) });
    }
  }

  #bundled(ref: string, from: string, pointer: string): string {
    const at = ref.indexOf("#");
    const path = at < 0 ? ref : ref.slice(0, at);
    const fragment = at < 0 ? "" : ref.slice(at + 1);
    if (fragment !== "" && !fragment.startsWith("/")) return `${ref}: only #/… is supported`;
    if (path === "") return `${pointer}${fragment}`;
    if (/^([a-z][a-z0-9+.-]+:|\/\/)/i.test(path)) return `${ref}: nothing is fetched`;
    try {
      return `${this.pointerOf(resolve(dirname(from), decodeURIComponent(path)))}${fragment}`;
    } catch (thrown) {
      return `${ref}: ${messageOf(thrown)}`;
    }
  }

  /** The files' names, as seen from the document. */
  names(): string[] {
    return [...this.#pointers.keys()].slice(1).map((file) => relative(dirname(this.#main), file));
  }
}

/**
 * A document with the local files that it and they refer to, relative to the file that says so.
 * Every reference then begins with `#`; one that cannot be followed is left, and says why. Nothing
 * is fetched.
 */
export function bundled(file: string, document: Fields): Fields {
  const main = resolve(file);
  const files = new Files(main);
  files.rewrite(document, main, "#");
  if (files.contents.length === 0) return document;
  return { ...document, [FILES]: files.contents, [`${FILES}-names`]: files.names() };
}

/** A reference of a bundled document, as a reader of its files would write it. */
export function writtenRef(document: Fields, ref: string): string {
  const [, place, fragment = ""] = /^#\/x-shakedown-files\/(\d+)(.*)$/s.exec(ref) ?? [];
  if (place === undefined) return ref;
  const names = document[`${FILES}-names`] as readonly string[];
  return `${names[Number(place)]}#${fragment}`;
}
