import { z } from "zod";

/** JSON somewhere in which is what was asked for, beside whatever else there is. */
export interface ContainsJson {
  readonly containsJson: unknown;
}

export const containsJsonMatcherSchema = z.strictObject({
  containsJson: z
    .json()
    .refine((wanted) => typeof wanted === "object" && wanted !== null, "is an object or a list"),
});

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

type List = readonly unknown[];

const isList = (value: unknown): value is List => Array.isArray(value);

/** A document's objects and lists, what is within another before it. */
function nodesOf(document: unknown): readonly object[] {
  const nodes: object[] = [];
  const open = [document];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value !== "object" || value === null) continue;
    nodes.push(value);
    for (const each of isList(value) ? value : Object.values(value)) open.push(each);
  }
  return nodes.toReversed();
}

/** Looks at one document: what of its lists is known is not looked for again. */
class Search {
  /** Object that is wanted → list → whether it is there, or in lists there. */
  readonly #held = new Map<Fields, Map<List, boolean>>();

  /** Whether an object is among the elements, or among those of lists there. */
  #holdsFields(elements: List, wanted: Fields): boolean {
    const held = this.#held.get(wanted) ?? new Map<List, boolean>();
    this.#held.set(wanted, held);
    const [open, without]: [List[], List[]] = [[elements], []];
    while (open.length > 0) {
      const list = open.pop()!;
      const known = held.get(list);
      if (known === false) continue;
      if (known === true || list.some((each) => this.containsAll(wanted, each))) {
        held.set(elements, true);
        return true;
      }
      without.push(list);
      for (const each of list) if (isList(each)) open.push(each);
    }
    for (const list of without) held.set(list, false);
    return false;
  }

  /** Each element is wanted in any place; a list in the list is put to the whole list. */
  containsEach(wanted: List, actual: unknown): boolean {
    if (!isList(actual)) return false;
    return wanted.every((each) => {
      if (isList(each)) return this.containsEach(each, actual);
      return isFields(each) ? this.#holdsFields(actual, each) : actual.includes(each);
    });
  }

  containsAll(wanted: Fields, actual: unknown): boolean {
    if (!isFields(actual)) return false;
    return Object.entries(wanted).every(([name, each]) => {
      const value = Object.hasOwn(actual, name) ? actual[name] : undefined;
      if (isList(each)) return this.containsEach(each, value);
      return isFields(each) ? this.containsAll(each, value) : value === each;
    });
  }
}

/** As Hoverfly compares JSON partially. */
export function compileContainsJson({ containsJson }: ContainsJson): (text: string) => boolean {
  return (text) => {
    let document: unknown;
    try {
      document = JSON.parse(text);
    } catch {
      return false;
    }
    const search = new Search();
    return nodesOf(document).some((node) =>
      isList(containsJson)
        ? search.containsEach(containsJson, node)
        : isFields(containsJson) && search.containsAll(containsJson, node),
    );
  };
}
