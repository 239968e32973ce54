const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** JSON has no NaN: a vector writes its name. */
const isNumber = (value: unknown): boolean => typeof value === "number" || value === "NaN";

function near(ours: unknown, expected: unknown, tolerance: number): boolean {
  if (typeof ours !== "number") return false;
  const wanted = Number(expected);
  return Object.is(ours, wanted) || Math.abs(ours - wanted) <= tolerance;
}

/**
 * Where `ours` first differs from `expected`: a number by more than the tolerance, anything else at
 * all. Fields that nobody expects are not looked at; arrays have to have the same length.
 */
export function deviation(
  ours: unknown,
  expected: unknown,
  tolerance: number,
  path = "",
): string | null {
  const differs = `${path || "it"}: ${JSON.stringify(ours)} is not ${JSON.stringify(expected)}`;
  if (isNumber(expected)) return near(ours, expected, tolerance) ? null : differs;
  if (Array.isArray(expected)) {
    if (!Array.isArray(ours) || ours.length !== expected.length) return differs;
    return firstOf(expected.keys(), (i) =>
      deviation(ours[i], expected[i], tolerance, `${path}[${i}]`),
    );
  }
  if (isRecord(expected)) {
    if (!isRecord(ours)) return differs;
    return firstOf(Object.keys(expected), (key) =>
      deviation(ours[key], expected[key], tolerance, path === "" ? key : `${path}.${key}`),
    );
  }
  return ours === expected ? null : differs;
}

function firstOf<T>(keys: Iterable<T>, find: (key: T) => string | null): string | null {
  for (const key of keys) {
    const found = find(key);
    if (found !== null) return found;
  }
  return null;
}
