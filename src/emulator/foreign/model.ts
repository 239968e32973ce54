import { type AnswerHeaders, isFraming, isSingleValue } from "../headers.ts";
import { type StubInput, stubSchema, type StubSpec } from "../stub/schema.ts";

/** A feature of a foreign file that is left out, so that its answers may differ there. */
export interface Unsupported {
  readonly file: string;
  /** Where in the file, e.g. `mappings[3].response.proxyBaseUrl`. */
  readonly where: string;
  readonly what: string;
}

export interface Imported {
  /** In the order in which they are tried, among equals of priority. */
  readonly stubs: StubSpec[];
  readonly unsupported: Unsupported[];
}

export type Fields = Readonly<Record<string, unknown>>;

export const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const fieldsOf = (value: unknown): Fields => (isFields(value) ? value : {});

/** A text as it is, anything else as JSON. */
export const asText = (value: unknown): string =>
  typeof value === "string" ? value : JSON.stringify(value);

/** A field as a text; undefined: it is not there. */
export const textField = (fields: Fields, name: string): string | undefined => {
  const value = fields[name];
  return value === undefined || value === null ? undefined : asText(value);
};

type Given<T> = { [Name in keyof T]?: Exclude<T[Name], undefined> };
/** Without what is undefined. */
export function given<T extends object>(fields: T): Given<T> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as Given<T>;
}

/** Notes what of one file is left out. */
export class Notes {
  readonly unsupported: Unsupported[] = [];
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  add(where: string, what: string): void {
    this.unsupported.push({ file: this.#file, where, what });
  }

  /** Names every field but the known ones. */
  unknown(fields: Fields, known: readonly string[], where: string): void {
    for (const name of Object.keys(fields)) {
      if (!known.includes(name))
        this.add(where === "" ? name : `${where}.${name}`, "not supported");
    }
  }

  /** The stub, checked; null, and noted, when it cannot be one. */
  stub(input: StubInput, where: string): StubSpec | null {
    const result = stubSchema.safeParse(input);
    if (result.success) return result.data;
    for (const { message, path } of result.error.issues) {
      this.add(where, `left out: ${path.join(".")} ${message}`);
    }
    return null;
  }
}

/**
 * An answer's headers, each with its value or a list of them. What cannot be sent is named: the
 * headers that the emulator sets, and a second value of a header that has one only.
 */
export function answerHeaders(written: Fields, where: string, notes: Notes): AnswerHeaders {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(written)) {
    const values = [value].flat().map(asText);
    const [first] = values;
    if (isFraming(name)) notes.add(`${where}.${name}`, "is set by the emulator");
    else if (first === undefined) notes.add(`${where}.${name}`, "has no value: it is not sent");
    else if (values.length === 1) headers[name] = first;
    else if (isSingleValue(name)) {
      notes.add(`${where}.${name}`, "several values: the first is sent");
      headers[name] = first;
    } else headers[name] = values;
  }
  return headers;
}
