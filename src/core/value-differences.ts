import { canonicalJson } from "./canonical.ts";

/** One place in which two values of JSON differ; `undefined` where one has nothing there. */
export interface ValueDifference {
  readonly path: readonly (string | number)[];
  readonly before: unknown;
  readonly after: unknown;
}

const isGroup = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Every place in which two values of JSON differ, as deep as both go; keys in their order. */
export function valueDifferences(
  before: unknown,
  after: unknown,
  path: readonly (string | number)[] = [],
): ValueDifference[] {
  if (canonicalJson({ it: before }) === canonicalJson({ it: after })) return [];
  if (Array.isArray(before) && Array.isArray(after)) {
    const length = Math.max(before.length, after.length);
    return Array.from({ length }, (_, i) =>
      valueDifferences(before[i], after[i], [...path, i]),
    ).flat();
  }
  if (!isGroup(before) || !isGroup(after)) return [{ path, before, after }];
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted();
  return keys.flatMap((key) => valueDifferences(before[key], after[key], [...path, key]));
}
