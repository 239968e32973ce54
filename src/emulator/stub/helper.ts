import type { Draw } from "../../core/index.ts";

/** What a helper may know beside its arguments. */
export interface HelperContext {
  draw: Draw | null;
  wallMs: number;
  /** How many numbers this rendering has drawn. */
  calls: number;
  /** Gives a value a name for the rest of the rendering. */
  assign: (name: string, value: unknown) => void;
  /** What a block holds, rendered; null: it is no block. */
  block: (() => string) | null;
}

export type Hash = Readonly<Record<string, unknown>>;
/** A helper's arguments, as Handlebars hands them over, and its named ones. */
export type Helper = (
  positional: readonly unknown[],
  hash: Hash,
  context: HelperContext,
) => unknown;
export type Helpers = Readonly<Record<string, Helper>>;

/** What a helper gives that only assigns: nothing is written, in a block neither. */
export const ASSIGNED = Symbol("assigned");

/** Several values under one name: written alone it is the first, `[1]` is the second. */
export class Values {
  [place: string]: unknown;
  readonly #text: string;
  constructor(text: string, parts: Iterable<readonly [string | number, string]>) {
    this.#text = text;
    for (const [place, value] of parts) this[String(place)] = value;
  }
  toString = (): string => this.#text;
}

export const several = (values: readonly string[]): Values =>
  new Values(values[0] ?? "", values.entries());

/** Nothing for null; several values under one name are an object that knows its text. */
export const text = (value: unknown): string => [value].join("");

/** The elements of a list; null: it is none. */
export function elementsOf(value: unknown): readonly unknown[] | null {
  if (Array.isArray(value)) return value as readonly unknown[];
  if (!(value instanceof Values)) return null;
  return Object.values(value).filter((each) => typeof each === "string");
}

/** JSON as Jackson lays it out, which is how WireMock writes it. */
export function spacious(value: unknown, indent = ""): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) {
    return value.length === 0
      ? "[ ]"
      : `[ ${value.map((each) => spacious(each, indent)).join(", ")} ]`;
  }
  const inner = `${indent}  `;
  const fields = Object.entries(value).map(
    ([name, each]) => `\n${inner}${JSON.stringify(name)} : ${spacious(each, inner)}`,
  );
  return fields.length === 0 ? "{ }" : `{${fields.join(",")}\n${indent}}`;
}
