import { type ProfileRecord, profileRecordSchema, type RouteTemplates } from "../profile/index.ts";
import { headerOf, hopByHop, keptName, sendableValue } from "./http-fields.ts";
import { Memo, MemoBudget } from "./memo.ts";
import { isHarmless, type Redacted, type Redactor } from "./redact/index.ts";

const {
  headers: headersSchema,
  method: methodSchema,
  path: pathSchema,
} = profileRecordSchema.shape;

const MEMO_CHARS = 2 ** 21;

/** A path that the schema takes, that JSON writes as it is, and that has segments only. */
const PLAIN_PATH = /^\/[\w/.~!$&()*+,=-]*$/;

/** A value that was redacted, checked and written as JSON once, for all the times that it comes. */
type Written = Redacted;

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
  readonly #routes: RouteTemplates;
  readonly #paths: Memo<Written>;
  /** By the header's name, what was made of its values. */
  readonly #names = new Memo<Memo<Written> | "dropped">(this.#budget, (rawName) => {
    const name = keptName(rawName);
    if (name === undefined) return "dropped";
    return new Memo(this.#budget, (value) => this.#header(name, value));
  });

  /** @param routes learns the paths */
  constructor(redactor: Redactor | undefined, routes: RouteTemplates) {
    this.#redactor = redactor;
    this.#routes = routes;
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
    return this.#counted(this.keyApart(method, path));
  }

  /** The same, not counted yet: for who remembers it, and counts it each time. */
  keyApart(method: string, path: string): Written {
    const { replaced, text } = this.#path(path);
    return { text: `"method":${this.#methods.of(method)},"path":${text}`, replaced };
  }

  /** Looking at a plain path costs less than remembering it. */
  #path(path: string): Written {
    if (!PLAIN_PATH.test(path) || !isHarmless(path)) return this.#paths.of(path);
    this.#routes.add(path);
    return { text: `"${path}"`, replaced: undefined };
  }

  /** `["name","value"]` of a header that a profile keeps, not counted yet. */
  headerApart(name: string, value: string): Written {
    return this.#header(name, value);
  }

  /** `,"headers":[…]`, of those that a profile keeps. */
  headers(headers: readonly (readonly [string, string])[]): string {
    if (headerOf(headers, "connection") !== undefined) return this.#withoutHopByHop(headers);
    let text = "";
    for (const [rawName, value] of headers) {
      const values = this.#names.of(rawName);
      if (values === "dropped") continue;
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
