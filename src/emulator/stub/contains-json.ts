import { z } from "zod";

/** JSON somewhere in which is what was asked for, beside whatever else there is. */
export interface ContainsJson {
  readonly containsJson: unknown;
}

export const containsJsonMatcherSchema = z.strictObject({ containsJson: z.json() });

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A document's objects and lists, itself first. */
function* nodesOf(value: unknown): Generator {
  if (typeof value !== "object" || value === null) return;
  yield value;
  for (const each of Object.values(value)) yield* nodesOf(each);
}

/** Whether an object is among the elements, or among those of lists there. */
const holdsFields = (elements: readonly unknown[], wanted: Fields): boolean =>
  elements.some((each) =>
    Array.isArray(each) ? holdsFields(each as unknown[], wanted) : containsAll(wanted, each),
  );

/** Each element is wanted in any place; a list in the list is put to the whole list. */
function containsEach(wanted: readonly unknown[], actual: unknown): boolean {
  if (!Array.isArray(actual)) return false;
  const elements = actual as unknown[];
  return wanted.every((each) => {
    if (Array.isArray(each)) return containsEach(each as unknown[], elements);
    return isFields(each) ? holdsFields(elements, each) : elements.includes(each);
  });
}

function containsAll(wanted: Fields, actual: unknown): boolean {
  if (!isFields(actual)) return false;
  return Object.entries(wanted).every(([name, each]) => {
    const value = Object.hasOwn(actual, name) ? actual[name] : undefined;
    if (Array.isArray(each)) return containsEach(each as unknown[], value);
    return isFields(each) ? containsAll(each, value) : value === each;
  });
}

/** As Hoverfly compares JSON partially. */
export function compileContainsJson({ containsJson }: ContainsJson): (text: string) => boolean {
  const fits = (node: unknown): boolean => {
    if (Array.isArray(containsJson)) return containsEach(containsJson as unknown[], node);
    return isFields(containsJson) && containsAll(containsJson, node);
  };
  return (text) => {
    try {
      return nodesOf(JSON.parse(text)).some(fits);
    } catch {
      // No JSON, or nested so deep that it cannot be walked.
      return false;
    }
  };
}
