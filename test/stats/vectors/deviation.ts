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
 * Where `ours` differs from `expected`, as `path: ours is not expected`: a number by more than the
 * tolerance, anything else at all. Fields that nobody expects are not looked at; arrays have to have
 * the same length.
 */
export function deviations(
  ours: unknown,
  expected: unknown,
  tolerance: number,
  path = "",
): string[] {
  const differs = `${path || "it"}: ${JSON.stringify(ours)} is not ${JSON.stringify(expected)}`;
  if (isNumber(expected)) return near(ours, expected, tolerance) ? [] : [differs];
  if (Array.isArray(expected)) {
    if (!Array.isArray(ours) || ours.length !== expected.length) return [differs];
    return expected.flatMap((part, i) => deviations(ours[i], part, tolerance, `${path}[${i}]`));
  }
  if (isRecord(expected)) {
    if (!isRecord(ours)) return [differs];
    return Object.entries(expected).flatMap(([key, part]) =>
      deviations(ours[key], part, tolerance, path === "" ? key : `${path}.${key}`),
    );
  }
  return ours === expected ? [] : [differs];
}
