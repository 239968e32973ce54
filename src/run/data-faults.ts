import { z } from "zod";

/** One fault of what a file says: where, as a path of keys, and what, in words that say what to do. */
export interface DataFault {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

type Issue = z.core.$ZodIssue;

/** The part of JSON Schema that says which fields there are. */
interface Shape {
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly additionalProperties?: Shape | boolean;
  readonly items?: Shape;
  readonly anyOf?: readonly Shape[];
  readonly oneOf?: readonly Shape[];
}

const KINDS: Readonly<Record<string, string>> = {
  object: "a group of fields",
  record: "a group of fields",
  array: "a list",
  string: "a text (in quotes)",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
};

/** The word that was probably meant: at most a third of its letters off, and at most two. */
export function nearest(word: string, words: readonly string[]): string | undefined {
  const scored = words
    .map((known) => ({ known, off: distance(word, known) }))
    .filter(({ known, off }) => off <= Math.min(2, Math.max(word.length, known.length) / 3));
  return scored.toSorted((a, b) => a.off - b.off)[0]?.known;
}

/** `; did you mean x?`, or nothing. */
export function meant(word: string, words: readonly string[]): string {
  const known = nearest(word, words);
  return known === undefined ? "" : `; did you mean \`${known}\`?`;
}

/** `there is no dependency x`, with the one that was probably meant, or else those that there are. */
export function noDependency(
  name: string,
  dependencies: Readonly<Record<string, unknown>>,
): string {
  const known = Object.keys(dependencies);
  const hint = meant(name, known);
  const none = "; none is written under `dependencies`";
  const there =
    known.length === 0
      ? none
      : `: write ${new Intl.ListFormat("en-GB", { type: "disjunction" }).format(known)}`;
  return `there is no dependency \`${name}\`${hint === "" ? there : hint}`;
}

/** Letters to change, put in, take out, or swap with the next. */
function distance(a: string, b: string): number {
  let [older, previous] = [[] as number[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const differs = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + differs);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) least = Math.min(least, older[j - 2]! + 1);
      row.push(least);
    }
    [older, previous] = [previous, row];
  }
  return previous[b.length]!;
}

function fieldsAt(shape: Shape, path: readonly PropertyKey[]): string[] {
  const [key, ...rest] = path;
  const branches = [...(shape.anyOf ?? []), ...(shape.oneOf ?? [])];
  const inBranches = branches.flatMap((branch) => fieldsAt(branch, path));
  if (key === undefined) return [...Object.keys(shape.properties ?? {}), ...inBranches];
  const inside = typeof key === "number" ? shape.items : shape.properties?.[String(key)];
  const next =
    inside ??
    (typeof shape.additionalProperties === "object" ? shape.additionalProperties : undefined);
  return [...(next === undefined ? [] : fieldsAt(next, rest)), ...inBranches];
}

/** What stands at a path of keys; undefined where nothing does. */
export function valueAt(data: unknown, path: readonly PropertyKey[]): unknown {
  let value = data;
  for (const key of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

const oneOf = (options: readonly unknown[]): string => options.map(String).join(", ");

function notAmong(value: unknown, options: readonly unknown[]): string {
  if (value === undefined) return `is missing; write one of ${oneOf(options)}`;
  const hint = typeof value === "string" ? meant(value, options.map(String)) : "";
  return `${JSON.stringify(value)} is none of ${oneOf(options)}${hint}`;
}

interface Against {
  readonly data: unknown;
  readonly schema: z.ZodType;
}

/** The issues of the branch that came closest; the keys that would choose a branch, if none was. */
function* inUnion(
  issue: Issue & { code: "invalid_union" },
  path: readonly PropertyKey[],
  against: Against,
): Generator<DataFault> {
  const wanted = issue.errors.map((branch) =>
    branch
      .find((inner) => valueAt(against.data, [...path, ...inner.path]) === undefined)
      ?.path.at(-1),
  );
  if (wanted.length > 1 && wanted.every((key) => key !== undefined)) {
    yield { path, message: `needs one of ${wanted.map((key) => `\`${String(key)}\``).join(", ")}` };
    return;
  }
  // Of equals, the branch that finds fault deeper, and with what is there rather than with what is not.
  const depth = (branch: readonly Issue[]): number =>
    Math.max(...branch.map((each) => each.path.length));
  const missing = (branch: readonly Issue[]): number =>
    branch.filter((each) => valueAt(against.data, [...path, ...each.path]) === undefined).length;
  const closest =
    issue.errors.toSorted(
      (a, b) => a.length - b.length || depth(b) - depth(a) || missing(a) - missing(b),
    )[0] ?? [];
  for (const inner of closest) yield* faultsIn(inner, path, against);
}

function* faultsIn(
  issue: Issue,
  above: readonly PropertyKey[],
  against: Against,
): Generator<DataFault> {
  const path = [...above, ...issue.path];
  const value = valueAt(against.data, path);
  // A schema may say what to write.
  if (value === undefined && issue.message.startsWith("is missing"))
    yield { path, message: issue.message };
  else if (issue.code === "invalid_union" && issue.errors.length > 0)
    yield* inUnion(issue, path, against);
  else if (issue.code === "unrecognized_keys") {
    const shape = z.toJSONSchema(against.schema, {
      io: "input",
      unrepresentable: "any",
      reused: "inline",
    });
    const fields = fieldsAt(shape as Shape, path);
    for (const key of issue.keys) {
      // Known, but of another branch than the one that its neighbours chose.
      const message = fields.includes(key)
        ? "goes with another kind, or protocol, than the one that stands here"
        : `there is no such field here${meant(key, fields)}`;
      yield { path: [...path, key], message };
    }
  } else if (issue.code === "invalid_union") {
    const { options } = issue as { options?: readonly unknown[] };
    yield { path, message: options === undefined ? issue.message : notAmong(value, options) };
  } else if (issue.code === "invalid_value") yield { path, message: notAmong(value, issue.values) };
  else if (issue.code === "invalid_key")
    yield { path, message: issue.issues[0]?.message ?? issue.message };
  else if (value === undefined) yield { path, message: "is missing" };
  else if (issue.code === "invalid_type" && issue.message.startsWith("Invalid input")) {
    const found = typeof value === "object" ? "" : `${JSON.stringify(value)} is given, and `;
    yield { path, message: `${found}${KINDS[issue.expected] ?? issue.expected} is wanted` };
  } else yield { path, message: issue.message };
}

/**
 * What is wrong with data that is to be `what` ("a scenario"), for people; none when nothing is.
 */
export function dataFaults(
  schema: z.ZodType,
  issues: readonly Issue[],
  { data, what }: { readonly data: unknown; readonly what: string },
): DataFault[] {
  if (data === null || data === undefined) {
    return [{ path: [], message: `the file is empty; ${what} is a group of fields` }];
  }
  return issues.flatMap((issue) => [...faultsIn(issue, [], { data, schema })]);
}
