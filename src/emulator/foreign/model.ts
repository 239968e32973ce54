import { type StubInput, stubSchema, type StubSpec } from "../stub/index.ts";

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
