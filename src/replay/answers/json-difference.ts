/** One place in which two documents differ. `absent` stands for a value that is not there. */
export interface JsonDifference {
  /** As RFC 9535 writes it, each index as `[*]`: `$.items[*].price`; `$.items.length()`. */
  readonly path: string;
  readonly control: unknown;
  readonly other: unknown;
}

export const ABSENT = Symbol("absent");

/** What is more is one difference: a document may hold millions of names. */
export interface JsonBounds {
  /** Different paths. */
  readonly paths: number;
  /** Values that are looked at. */
  readonly values: number;
  /** Levels below which a path no longer grows. */
  readonly depth: number;
}

export const JSON_BOUNDS: JsonBounds = { paths: 64, values: 20_000, depth: 16 };

/** The path of what was left out for a bound. */
export const REST = "$ (the rest)";

const PATH_CHARS_MAX = 160;
const PLAIN = /^[A-Za-z_]\w*$/;

/** Two objects, or two arrays, whose parts are still to be looked at. */
interface Place {
  readonly control: object;
  readonly other: object;
  readonly path: string;
  readonly depth: number;
}

/** A name may be anything, and as long as it likes: paths are shown, and counted by. */
function member(path: string, name: string): string {
  const grown = PLAIN.test(name) ? `${path}.${name}` : `${path}[${JSON.stringify(name)}]`;
  return grown.length > PATH_CHARS_MAX ? path : grown;
}

const isBoth = (a: unknown, b: unknown): boolean =>
  typeof a === "object" &&
  typeof b === "object" &&
  a !== null &&
  b !== null &&
  Array.isArray(a) === Array.isArray(b);

class Search {
  readonly found = new Map<string, JsonDifference>();
  readonly #bounds: JsonBounds;
  /** A list, not the stack: documents may be deeper than that is. */
  readonly #open: Place[] = [];
  #values = 0;
  #isCut = false;

  constructor(bounds: JsonBounds) {
    this.#bounds = bounds;
  }

  run(control: unknown, other: unknown): void {
    this.#look(control, other, { path: "$", depth: 0 });
    for (let place = this.#open.pop(); place !== undefined; place = this.#open.pop()) {
      this.#enter(place);
      if (this.#isCut) break;
    }
    if (this.#isCut) this.found.set(REST, { path: REST, control: ABSENT, other: ABSENT });
  }

  #enter(place: Place): void {
    if (Array.isArray(place.control)) this.#enterArrays(place, place.control, place.other);
    else this.#enterObjects(place, place.control, place.other);
  }

  #enterArrays(place: Place, control: readonly unknown[], other: object): void {
    const others = other as readonly unknown[];
    if (control.length !== others.length) {
      this.#add(`${place.path}.length()`, control.length, others.length);
    }
    const path = place.depth < this.#bounds.depth ? `${place.path}[*]` : place.path;
    const at = { path, depth: place.depth + 1 };
    for (let i = 0; i < Math.min(control.length, others.length); i++) {
      if (!this.#isSame(control[i], others[i])) this.#look(control[i], others[i], at);
    }
  }

  #enterObjects(place: Place, control: object, other: object): void {
    const [one, two] = [control, other] as Readonly<Record<string, unknown>>[];
    for (const name of Object.keys(one!)) {
      this.#member(place, name, one![name], Object.hasOwn(two!, name) ? two![name] : ABSENT);
    }
    for (const name of Object.keys(two!)) {
      if (!Object.hasOwn(one!, name)) this.#member(place, name, ABSENT, two![name]);
    }
  }

  #member(place: Place, name: string, control: unknown, other: unknown): void {
    if (this.#isSame(control, other)) return;
    const path = place.depth < this.#bounds.depth ? member(place.path, name) : place.path;
    this.#look(control, other, { path, depth: place.depth + 1 });
  }

  /** Counts a value; what comes after too many is not looked at. */
  #isSame(control: unknown, other: unknown): boolean {
    if (++this.#values > this.#bounds.values) this.#isCut = true;
    return control === other || this.#isCut;
  }

  #look(control: unknown, other: unknown, at: Pick<Place, "path" | "depth">): void {
    if (control === other) return;
    if (!isBoth(control, other)) this.#add(at.path, control, other);
    else this.#open.push({ control: control as object, other: other as object, ...at });
  }

  #add(path: string, control: unknown, other: unknown): void {
    if (this.found.has(path)) return;
    if (this.found.size < this.#bounds.paths) this.found.set(path, { path, control, other });
    else this.#isCut = true;
  }
}

/**
 * Where two parsed documents differ, each path once, with the first values found there. Members
 * have no order, elements do; arrays of different lengths are compared as far as both go. Numbers
 * are compared as they were parsed. Takes no stack, however deep they are.
 */
export function jsonDifferences(
  control: unknown,
  other: unknown,
  bounds: JsonBounds = JSON_BOUNDS,
): JsonDifference[] {
  const search = new Search(bounds);
  search.run(control, other);
  return [...search.found.values()];
}
