import { type ProfileRecord, profileRecordSchema } from "../profile/index.ts";
import type { CapturedRoutes } from "./captured-routes.ts";
import { headerOf, hopByHop, keptName, sendableValue } from "./http-fields.ts";
import { Memo, MemoBudget } from "./memo.ts";
import { isHarmless, isSecretName, type Redacted, type Redactor } from "./redact/index.ts";

const {
  headers: headersSchema,
  method: methodSchema,
  path: pathSchema,
} = profileRecordSchema.shape;

const MEMO_CHARS = 2 ** 21;

/** A path that the schema takes, that JSON writes as it is, and that has segments only. */
const PLAIN_PATH = /^\/[\w/.~!$&()*+,=-]*$/;

/** A query of plain names and values, none of which is encoded or could be anything but text. */
const PLAIN_QUERY = /^\/[\w/.~!$()*,-]*\?[\w.~-]+=[\w.~-]*(?:&[\w.~-]+=[\w.~-]*)*$/;

/** Whether a path is written as it is, whatever is redacted; not all of these are found. */
export function isPlainPath(path: string): boolean {
  if (!isHarmless(path)) return false;
  if (PLAIN_PATH.test(path)) return true;
  if (!PLAIN_QUERY.test(path)) return false;
  const pairs = path.slice(path.indexOf("?") + 1).split("&");
  return pairs.every((pair) => !isSecretName(pair.slice(0, pair.indexOf("="))));
}

/** A value that was redacted, checked and written as JSON once, for all the times that it comes. */
type Written = Redacted;

/** The same of a path, and the number of its template. */
interface WrittenPath extends Written {
  readonly template: number;
  /** Whether it was told to be plain: see `isPlainPath`. */
  readonly isPlain: boolean;
}

/** Members `method` and `path`, and the number of their route: see `CapturedRoutes`. */
export interface WrittenKey extends Written {
  readonly route: number;
  /** Whether all plain request lines of its shape have the route, and are written as they are. */
  readonly isPlain: boolean;
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
  readonly #routes: CapturedRoutes;
  readonly #paths: Memo<WrittenPath>;
  /** By the header's name, what was made of its values. */
  readonly #names = new Memo<Memo<Written> | "dropped">(this.#budget, (rawName) => {
    const name = keptName(rawName);
    if (name === undefined) return "dropped";
    return new Memo(this.#budget, (value) => this.#header(name, value));
  });

  /** @param routes learns the paths */
  constructor(redactor: Redactor | undefined, routes: CapturedRoutes) {
    this.#redactor = redactor;
    this.#routes = routes;
    this.#paths = new Memo(this.#budget, (raw) => {
      let template = 0;
      const written = this.#redacted(
        () => redactor?.path(raw) ?? raw,
        (path) => {
          template = routes.templates.add(path);
          return JSON.stringify(pathSchema.parse(path));
        },
      );
      return { ...written, template, isPlain: false };
    });
  }

  /** `"method":…,"path":…`, all in ASCII. */
  key(method: string, path: string): WrittenKey {
    const key = this.keyApart(method, path);
    this.#redactor?.count(key);
    return key;
  }

  /** The same, not counted yet: for who remembers it, and counts it each time. */
  keyApart(method: string, path: string): WrittenKey {
    const { isPlain, replaced, template, text } = this.#path(path);
    const route = this.#routes.numberOf(method, template);
    return {
      text: `"method":${this.#methods.of(method)},"path":${text}`,
      replaced,
      route,
      // A template that was given may be of one number, and not of others.
      isPlain: isPlain && !this.#routes.templates.hasGiven,
    };
  }

  /** Looking at a plain path costs less than remembering it. */
  #path(path: string): WrittenPath {
    if (!isPlainPath(path)) return this.#paths.of(path);
    const template = this.#routes.templates.add(path);
    return { text: `"${path}"`, replaced: undefined, template, isPlain: true };
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
