import { goJson, goNumber, plainNumber } from "./go-values.ts";

/* JSONPath as Kubernetes knows it, which is Hoverfly's: another language than RFC 9535. */

type Step = { readonly name: string } | { readonly index: number } | "each";

const STEP = /\.([\w-]+)|\['([^']*)'\]|\[(-?\d+)\]|(\[\*\]|\.\*)/y;

/**
 * The steps of a path of names, places and `*`, in braces or not.
 * @throws Error for what of the language there is not here
 */
function stepsOf(query: string): readonly Step[] {
  const path = query.replace(/^\{(.*)\}$/s, "$1").replace(/^\$/, "");
  const steps: Step[] = [];
  STEP.lastIndex = 0;
  for (let at = 0; at < path.length; at = STEP.lastIndex) {
    const [step, name, quoted, index, each] = STEP.exec(path) ?? [];
    if (step === undefined) throw new Error(`the JSONPath ${query} is not supported`);
    if (each !== undefined) steps.push("each");
    else if (index !== undefined) steps.push({ index: Number(index) });
    else steps.push({ name: name ?? quoted! });
  }
  return steps;
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

/** What a step finds; null: nothing, and that is an error. */
function found(values: readonly unknown[], step: Step): readonly unknown[] | null {
  if (step === "each") return values.filter(isObject).flatMap((value) => Object.values(value));
  if ("name" in step) {
    const next = values
      .filter(
        (value) => isObject(value) && !Array.isArray(value) && Object.hasOwn(value, step.name),
      )
      .map((value) => (value as Readonly<Record<string, unknown>>)[step.name]);
    return next.length === 0 ? null : next;
  }
  const next: unknown[] = [];
  for (const value of values) {
    if (value === null) continue;
    if (!Array.isArray(value)) return null;
    const place = step.index < 0 ? step.index + value.length : step.index;
    if (place < 0 || place >= value.length) return null;
    next.push(value[place]);
  }
  return next;
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  return typeof value === "number" ? goNumber(value) : goJson(value);
}

/**
 * A path made ready: what it finds in a text of JSON, as one text, or as a list where that text is
 * one; nothing, for what is no JSON or has not all that the path names.
 * @throws Error for what of the language there is not here
 */
export function compileJsonPath(query: string): (text: string) => string | readonly unknown[] {
  const steps = stepsOf(query);
  return (text) => {
    let values: readonly unknown[] = [];
    try {
      values = [JSON.parse(text)];
    } catch {
      return "";
    }
    for (const step of steps) {
      const next = found(values, step);
      if (next === null) return "";
      values = next;
    }
    const [only] = values;
    if (values.length === 1 && typeof only === "number") return plainNumber(only);
    const joined = values.map(textOf).join(" ");
    try {
      const list: unknown = JSON.parse(joined);
      if (Array.isArray(list)) return list as unknown[];
    } catch {
      // Then it is a text.
    }
    return joined;
  };
}
