import { type ProfileRecord, profileRecordSchema, type RouteTemplates } from "../profile/index.ts";
import { hopByHop, keptName, sendableValue } from "./http-fields.ts";
import { Memo, MemoBudget } from "./memo.ts";
import type { Redacted, Redactor } from "./redact/index.ts";

const {
  headers: headersSchema,
  method: methodSchema,
  path: pathSchema,
} = profileRecordSchema.shape;

const MEMO_CHARS = 6 * 2 ** 20;

/** A value that was redacted, checked and written as JSON once, for all the times that it comes. */
type Written = Redacted;

interface Header {
  /** In lower case. */
  readonly name: string;
  /** What was made of its values; undefined when a profile does not keep it. */
  readonly values: Memo<Written> | undefined;
}

/**
 * Writes the members of a profile's record, redacted, as JSON. Each value is held against the
 * schema's own field when it is first seen, so that records need no check as a whole.
 */
export class RecordText {
  readonly #redactor: Redactor | undefined;
  readonly #budget = new MemoBudget(MEMO_CHARS);
  readonly #methods = new Memo(this.#budget, (method) =>
    JSON.stringify(methodSchema.parse(method)),
  );
  readonly #paths: Memo<Written>;
  readonly #names = new Memo<Header>(this.#budget, (rawName) => {
    const name = rawName.trim().toLowerCase();
    const kept = keptName(rawName);
    if (kept === undefined) return { name, values: undefined };
    return { name, values: new Memo(this.#budget, (value) => this.#header(kept, value)) };
  });

  /** @param routes learns the paths */
  constructor(redactor: Redactor | undefined, routes: RouteTemplates) {
    this.#redactor = redactor;
    this.#paths = new Memo(this.#budget, (raw) =>
      this.#redacted(
        () => redactor?.path(raw) ?? raw,
        (path) => {
          routes.add(path);
          return JSON.stringify(pathSchema.parse(path));
        },
      ),
    );
  }

  /** `"method":…,"path":…`, all in ASCII. */
  key(method: string, path: string): string {
    return `"method":${this.#methods.of(method)},"path":${this.#counted(this.#paths.of(path))}`;
  }

  /** `,"headers":[…]`, of those that a profile keeps. */
  headers(headers: readonly (readonly [string, string])[]): string {
    let text = "";
    for (const [rawName, value] of headers) {
      const { name, values } = this.#names.of(rawName);
      if (name === "connection") return this.#withoutHopByHop(headers);
      if (values === undefined) continue;
      const written = this.#counted(values.of(value));
      text += text === "" ? written : `,${written}`;
    }
    return `,"headers":[${text}]`;
  }

  #withoutHopByHop(headers: readonly (readonly [string, string])[]): string {
    const named = hopByHop(headers).add("connection");
    return this.headers(headers.filter(([name]) => !named.has(name.trim().toLowerCase())));
  }

  /** `,"body":{…}`. */
  body(body: NonNullable<ProfileRecord["body"]>): string {
    return `,"body":{"encoding":"${body.encoding}","data":${JSON.stringify(body.data)}}`;
  }

  #counted(written: Written): string {
    this.#redactor?.count(written);
    return written.text;
  }

  #header(name: string, rawValue: string): Written {
    const value = sendableValue(rawValue);
    return this.#redacted(
      () => this.#redactor?.header(name, value) ?? value,
      (redacted) => JSON.stringify(headersSchema.parse([[name, redacted]])[0]),
    );
  }

  #redacted(redact: () => string, write: (text: string) => string): Written {
    const { text, replaced } = this.#redactor?.apart(redact) ?? {
      text: redact(),
      replaced: undefined,
    };
    return { text: write(text), replaced };
  }
}
