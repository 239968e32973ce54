import type { GivenRoutes } from "./given-routes.ts";

const UUID = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/gi;
/** Two runs of hex cannot touch, so each run is looked at once, whatever its length. */
const HEX_RUN = /(?<![0-9a-z])[0-9a-f]{16,}(?![0-9a-z])/gi;
const SLUGS_MIN = 5;
const SLUG = "{slug}";
/** Segment 0 is the emptiness before the first slash, and segment 1 stands right under the root. */
const SLUG_POSITION_MIN = 2;

/** A UUID and a hash have at least as many characters, */
const IDENTITY_CHARS_MIN = 16;
/** and so many hex digits after one another: looking for these first is cheap. */
const HEX_LIKE = /[0-9a-f]{8}/i;
const ONLY_DIGITS = /^\d+$/;

/** A segment with its identities named; unchanged when it holds none. */
function templated(segment: string): string {
  if (ONLY_DIGITS.test(segment)) return "{id}";
  if (segment.length < IDENTITY_CHARS_MIN || !HEX_LIKE.test(segment)) return segment;
  return segment.replace(UUID, "{uuid}").replace(HEX_RUN, "{hash}");
}

const isLiteral = (segment: string): boolean => segment !== "" && !segment.includes("{");

function withoutQuery(path: string): string {
  const end = path.search(/[?#]/);
  return end === -1 ? path : path.slice(0, end);
}

/** What was seen to stand at one place: after one prefix, in paths of one depth. */
class Place {
  readonly #next = new Map<string, Place>();
  #literals = 0;
  #isSlug = false;
  /** Of the template of the paths that end here; undefined where none does. */
  number: number | undefined;

  /** How the segment is written here, slugs being named once they are known. */
  #key(segment: string): string {
    return this.#isSlug && isLiteral(segment) ? SLUG : segment;
  }

  /** The place after a segment, made when it is not there. */
  add(segment: string, mayBeSlug: boolean): Place {
    const key = this.#key(segment);
    const known = this.#next.get(key);
    if (known !== undefined) return known;
    const made = new Place();
    this.#adopt(key, made, mayBeSlug);
    return this.#next.get(this.#key(key))!;
  }

  /** The name of a segment here. */
  nameOf(segment: string): string {
    return this.#key(segment);
  }

  /** The place after a segment of that name; undefined when it was never added. */
  after(name: string): Place | undefined {
    return this.#next.get(name);
  }

  #adopt(key: string, after: Place, mayBeSlug: boolean): void {
    this.#next.set(key, after);
    if (!isLiteral(key)) return;
    this.#literals++;
    if (mayBeSlug && this.#literals >= SLUGS_MIN) this.#nameSlugs();
  }

  /** From now on all literal segments are one; what stood after each of them is joined. */
  #nameSlugs(): void {
    this.#isSlug = true;
    for (const [key, after] of this.#next) {
      if (!isLiteral(key)) continue;
      this.#next.delete(key);
      this.#join(SLUG, after);
    }
  }

  #join(key: string, after: Place): void {
    const known = this.#next.get(key);
    if (known === undefined) this.#adopt(key, after, true);
    else known.#take(after);
  }

  /** Takes in all that was seen at another place, which is the same place now. */
  #take(other: Place): void {
    if (other.#isSlug && !this.#isSlug) this.#nameSlugs();
    for (const [segment, after] of other.#next) this.#join(this.#key(segment), after);
  }
}

/**
 * Learns paths one by one, and then knows the template of each: numbers become `{id}`, UUIDs
 * `{uuid}`, hex of 16 digits or more `{hash}` (also inside a segment: `favicon-{hash}.ico`), and a
 * segment `{slug}` where at least five different ones stand in its place after the same non-empty
 * prefix in paths of the same depth. The query is left out. Templates depend on which paths were
 * added, not on their order. Holds as much as there are templates, not as there are paths.
 */
export class RouteTemplates {
  readonly #byDepth = new Map<number, Place>();
  #given: GivenRoutes | undefined;
  readonly #givenNumbers = new Map<string, number>();
  /** By the number of a template, a path that has it. */
  readonly #examples: string[] = [];

  /** What these fit is not learnt. To be told before any path is added. */
  give(given: GivenRoutes): void {
    this.#given = given;
  }

  get hasGiven(): boolean {
    return this.#given !== undefined;
  }

  /**
   * Returns a number for `templateOf`, from 0. Paths of one number have one template; places that
   * turn out to be one later leave it several numbers.
   */
  add(path: string): number {
    const bare = withoutQuery(path);
    const given = this.#given?.of(bare);
    if (given !== undefined) return this.#numberOfGiven(given, bare);
    const segments = bare.split("/");
    let place = this.#byDepth.get(segments.length);
    if (place === undefined) {
      place = new Place();
      this.#byDepth.set(segments.length, place);
    }
    for (let position = 0; position < segments.length; position++) {
      place = place.add(templated(segments[position]!), position >= SLUG_POSITION_MIN);
    }
    return (place.number ??= this.#examples.push(bare) - 1);
  }

  /** The template of the paths of a number; good once all paths were added. */
  templateOf(number: number): string {
    return this.of(this.#examples[number]!);
  }

  #numberOfGiven(template: string, bare: string): number {
    const known = this.#givenNumbers.get(template);
    if (known !== undefined) return known;
    const number = this.#examples.push(bare) - 1;
    this.#givenNumbers.set(template, number);
    return number;
  }

  /** The template of a path that was added; good once all paths were. */
  of(path: string): string {
    const bare = withoutQuery(path);
    const given = this.#given?.of(bare);
    if (given !== undefined) return given;
    const segments = bare.split("/");
    let place = this.#byDepth.get(segments.length);
    for (let position = 0; position < segments.length; position++) {
      const segment = templated(segments[position]!);
      const name: string = place?.nameOf(segment) ?? segment;
      segments[position] = name;
      place = place?.after(name);
    }
    return segments.join("/");
  }
}

/** The path template of each path, in the same order; see `RouteTemplates`. */
export function routeTemplates(paths: readonly string[]): string[] {
  const templates = new RouteTemplates();
  for (const path of paths) templates.add(path);
  return paths.map((path) => templates.of(path));
}
