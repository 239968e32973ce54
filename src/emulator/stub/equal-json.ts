export interface EqualJsonOptions {
  readonly ignoreArrayOrder: boolean;
  /** Of objects and of arrays: what is there beside what is expected does not matter. */
  readonly ignoreExtraElements: boolean;
  /** Whether an expected text such as `${json-unit.any-string}` stands for what it says. */
  readonly placeholders: boolean;
}

/** JsonUnit's: what an expected text stands for, and its argument. */
const PLACEHOLDER = /^[$#]\{json-unit\.(ignore|any-string|any-number|any-boolean|regex)\}(.*)$/s;
const IGNORED_ELEMENT = /^[$#]\{json-unit\.ignore-element\}$/;

/** Whether a value is what a placeholder stands for; null: the text is none. */
function isWhatIsMeant(expected: string, actual: unknown): boolean | null {
  const [, kind, pattern = ""] = PLACEHOLDER.exec(expected) ?? [];
  if (kind === undefined) return null;
  if (kind === "regex") return typeof actual === "string" && fits(pattern, actual);
  if (pattern !== "") return null;
  return kind === "ignore" || typeof actual === kind.slice("any-".length);
}

function fits(pattern: string, text: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`, "s").test(text);
  } catch {
    return false;
  }
}

const isIgnored = (expected: unknown): boolean =>
  typeof expected === "string" && IGNORED_ELEMENT.test(expected);

type Equal = (expected: unknown, actual: unknown) => boolean;

/**
 * Whether each expected element can have an actual one of its own (augmenting paths: an element
 * that several could take is given to the one that has no other).
 */
function canPair(expected: readonly unknown[], actual: readonly unknown[], equal: Equal): boolean {
  const takenBy = new Map<number, number>();
  const place = (wanted: number, tried: Set<number>): boolean =>
    actual.some((value, index) => {
      if (tried.has(index) || !equal(expected[wanted], value)) return false;
      tried.add(index);
      const holder = takenBy.get(index);
      if (holder !== undefined && !place(holder, tried)) return false;
      takenBy.set(index, wanted);
      return true;
    });
  return expected.every((_, wanted) => place(wanted, new Set()));
}

/** Whether two parsed JSON texts say the same. Numbers are compared as doubles. */
export function equalJson(expected: unknown, actual: unknown, options: EqualJsonOptions): boolean {
  const equal: Equal = (left, right) => equalJson(left, right, options);
  if (options.placeholders && typeof expected === "string") {
    return isWhatIsMeant(expected, actual) ?? expected === actual;
  }
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual)) return false;
    const longer = options.ignoreExtraElements && actual.length > expected.length;
    if (!longer && actual.length !== expected.length) return false;
    if (options.ignoreArrayOrder) return canPair(expected, actual, equal);
    return expected.every((value, index) => equal(value, actual[index]));
  }
  if (typeof expected !== "object" || expected === null) return expected === actual;
  if (typeof actual !== "object" || actual === null || Array.isArray(actual)) return false;
  const there = new Map<string, unknown>(Object.entries(actual));
  const all = Object.entries(expected);
  const wanted = options.placeholders ? all.filter(([, value]) => !isIgnored(value)) : all;
  for (const [name] of wanted.length < all.length ? all : []) {
    if (isIgnored((expected as Record<string, unknown>)[name])) there.delete(name);
  }
  if (!options.ignoreExtraElements && wanted.length !== there.size) return false;
  return wanted.every(([name, value]) => there.has(name) && equal(value, there.get(name)));
}
