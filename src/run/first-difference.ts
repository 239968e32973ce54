/** Where two values of JSON first differ, in the order of the second's fields, and how. */
export interface Difference {
  /** `comparisons[0].effect.low`; empty when all of it differs. */
  readonly field: string;
  readonly summary: string;
}

const SHOWN_CHARS = 80;

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length <= SHOWN_CHARS ? text : `${text.slice(0, SHOWN_CHARS - 1)}…`;
}

const isBranch = (value: unknown): value is object => typeof value === "object" && value !== null;

function placeOf(parent: object, key: string, path: string): string {
  if (Array.isArray(parent)) return `${path}[${key}]`;
  const plain = /^[A-Za-z_]\w*$/.test(key);
  if (!plain) return `${path}[${JSON.stringify(key)}]`;
  return path === "" ? key : `${path}.${key}`;
}

function differing(kept: unknown, made: unknown, path: string): Difference | null {
  if (Object.is(kept, made)) return null;
  const alike = isBranch(kept) && isBranch(made) && Array.isArray(kept) === Array.isArray(made);
  if (!alike)
    return { field: path, summary: `it says ${shown(kept)}, the files give ${shown(made)}` };
  for (const key of new Set([...Object.keys(made), ...Object.keys(kept)])) {
    const [left, right] = [kept, made].map((of) =>
      Object.hasOwn(of, key) ? Reflect.get(of, key) : undefined,
    );
    const found = differing(left, right, placeOf(made, key, path));
    if (found !== null) return found;
  }
  return null;
}

/** The first difference between what was kept and what was made again; they must not be equal bytes. */
export function firstDifference(kept: unknown, made: unknown): Difference {
  return differing(kept, made, "") ?? { field: "", summary: "it says the same in other bytes" };
}
