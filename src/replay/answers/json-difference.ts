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

interface Place {
  readonly control: unknown;
  readonly other: unknown;
  readonly path: string;
  readonly depth: number;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A name may be anything, and as long as it likes: paths are shown, and counted by. */
function member(path: string, name: string): string {
  const grown = PLAIN.test(name) ? `${path}.${name}` : `${path}[${JSON.stringify(name)}]`;
  return grown.length > PATH_CHARS_MAX ? path : grown;
}

function* within({ control, depth, other, path }: Place, bounds: JsonBounds): Generator<Place> {
  const below = (name: string): string => (depth < bounds.depth ? member(path, name) : path);
  if (Array.isArray(control) && Array.isArray(other)) {
    const element = depth < bounds.depth ? `${path}[*]` : path;
    for (let i = 0; i < Math.min(control.length, other.length); i++) {
      yield { control: control[i], other: other[i], path: element, depth: depth + 1 };
    }
  } else if (isObject(control) && isObject(other)) {
    const valueOf = (of: typeof control, name: string): unknown =>
      Object.hasOwn(of, name) ? of[name] : ABSENT;
    for (const name of new Set([...Object.keys(control), ...Object.keys(other)])) {
      const values = { control: valueOf(control, name), other: valueOf(other, name) };
      yield { ...values, path: below(name), depth: depth + 1 };
    }
  }
}

const alike = (a: unknown, b: unknown): boolean =>
  (Array.isArray(a) && Array.isArray(b)) || (isObject(a) && isObject(b));

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
  const found = new Map<string, JsonDifference>();
  const add = (difference: JsonDifference): void => {
    if (!found.has(difference.path)) found.set(difference.path, difference);
  };
  const open = [[{ control, other, path: "$", depth: 0 }].values() as Iterator<Place>];
  let values = 0;
  while (open.length > 0) {
    const { done, value: place } = open.at(-1)!.next();
    if (done === true) {
      open.pop();
      continue;
    }
    if (++values > bounds.values || found.size >= bounds.paths) {
      add({ path: REST, control: ABSENT, other: ABSENT });
      break;
    }
    if (place.control === place.other) continue;
    if (!alike(place.control, place.other)) {
      add(place);
      continue;
    }
    const [one, two] = [place.control, place.other];
    if (Array.isArray(one) && Array.isArray(two) && one.length !== two.length) {
      add({ path: `${place.path}.length()`, control: one.length, other: two.length });
    }
    open.push(within(place, bounds));
  }
  return [...found.values()].map(({ path, control: one, other: two }) => ({
    path,
    control: one,
    other: two,
  }));
}
