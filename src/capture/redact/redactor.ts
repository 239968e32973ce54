import { detect, isHarmless } from "./detect.ts";
import { throughEscapes, unescaped } from "./escapes.ts";
import { rewriteJson } from "./json.ts";
import { createPseudonyms, type Pseudonyms } from "./pseudonym.ts";

/**
 * Names whose values are secret: of headers, of keys in queries, forms and JSON, of path
 * parameters. `author` and `authority` are not meant by `auth`.
 */
const SECRET_NAME =
  /token|secret|passw(?:or)?d|passphrase|passcode|session|sessid|(?:api|access|private|secret)[-_]?key|auth(?!or(?!i[sz]))|credential|csrf|xsrf|signature|^(?:key|code|sig|sid|pass|pwd|pin|otp|cvv|cvc|ssn)$/i;
const AUTH_SCHEME = /^(Basic|Bearer|Digest|Negotiate|NTLM|Token|ApiKey|AWS4-HMAC-SHA256) +/i;
const COOKIE_ATTRIBUTE = /^(?:path|domain|expires|max-age|samesite|secure|httponly|partitioned)$/i;
const URL_LIKE = /^[a-z][a-z0-9+.-]{1,20}:\/\//i;
/** In GraphQL, XML attributes and the like: `password: "x"`, `token='x'`. */
const ASSIGNMENT = /(?<![\w.-])([\w.-]{1,64})(["']?\s{0,3}[:=]\s{0,3})(["'])([^"'\\]+)\3/g;
const XML_ELEMENT = /<([\w:.-]{1,64})((?:\s[^<>]*)?)>([^<>]+)<\/\1>/g;
/** What makes more of a path than segments to be looked at: queries, parameters, escapes, quotes. */
const PATH_PARTS = /[?#;%"']/;
/** A value in a value in a value: deeper than this, only detectors look. */
const NESTING_MAX = 4;

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** One JSON text, or one a line. */
const isJson = (text: string): boolean =>
  parses(text) || text.split("\n").every((line) => line.trim() === "" || parses(line));

export const isSecretName = (name: string): boolean => SECRET_NAME.test(name);

/** A text without what must not reach the disk, and how much was replaced in it, by rule. */
export interface Redacted {
  readonly text: string;
  /** Undefined: nothing. */
  readonly replaced: ReadonlyMap<string, number> | undefined;
}

/**
 * Replaces what must not reach the disk by pseudonyms, and counts what it replaced, by rule. All
 * replacements keep the length, so what was well-formed stays so.
 */
export class Redactor {
  readonly #pseudonyms: Pseudonyms;
  #counts = new Map<string, number>();

  constructor(key: Buffer) {
    this.#pseudonyms = createPseudonyms(key);
  }

  /** How many values were replaced, by rule, in the rules' alphabetical order. */
  get counts(): { rule: string; count: number }[] {
    return [...this.#counts]
      .map(([rule, count]) => ({ rule, count }))
      .toSorted((a, b) => (a.rule < b.rule ? -1 : 1));
  }

  /** What `make` redacts, with what it replaced, which is not counted: `count` does that. */
  apart(make: () => string): Redacted {
    const counted = this.#counts;
    this.#counts = new Map();
    try {
      const text = make();
      return { text, replaced: this.#counts.size === 0 ? undefined : this.#counts };
    } finally {
      this.#counts = counted;
    }
  }

  /** Counts what was replaced in a text, once more for each time that it comes. */
  count({ replaced }: Redacted): void {
    if (replaced === undefined) return;
    for (const [rule, count] of replaced) this.#count(rule, count);
  }

  /** A header's value; the name in lower case. */
  header(name: string, value: string): string {
    if (name === "authorization" || name === "proxy-authorization") {
      const scheme = AUTH_SCHEME.exec(value)?.[0] ?? "";
      return scheme + this.secret("authorization", value.slice(scheme.length));
    }
    if (name === "cookie" || name === "set-cookie") return this.#cookie(name, value);
    if (isSecretName(name)) return this.#escapedSecret("header", value);
    if (name === "user-agent" || name.startsWith("sec-ch-ua")) return this.text(value, true);
    return this.nested(value, 0);
  }

  /** A path with its query. */
  path(path: string): string {
    if (!PATH_PARTS.test(path) && isHarmless(path)) return path;
    return this.#pathAndQuery(path, 0);
  }

  /** `a=b&c=d`: a query or a form, by `rule`. */
  pairs(text: string, rule: "query" | "form", depth = 0): string {
    return text
      .split("&")
      .map((pair) => {
        const [, key = "", equals = "", value = ""] = /^([^=]*)(=?)([^]*)$/.exec(pair) ?? [];
        const name = throughEscapes(key, (plain) => this.text(plain), true);
        if (equals === "") return name;
        const made = isSecretName(unescaped(key, true))
          ? this.#escapedSecret(rule, value, true)
          : throughEscapes(value, (plain) => this.nested(plain, depth + 1), true);
        return `${name}=${made}`;
      })
      .join("&");
  }

  /** JSON, NDJSON, or what begins like it: then it is also looked at as text. */
  json(text: string, depth = 0): string {
    const made = rewriteJson(text, {
      isSecret: isSecretName,
      secret: (value) => this.secret("json", value),
      plain: (value) => this.nested(value, depth + 1),
    });
    return isJson(text) ? made : this.text(made);
  }

  /** A value that may itself be JSON, a URL, or text. */
  nested(value: string, depth: number): string {
    if (depth < NESTING_MAX) {
      if (/^\s*[{[]\s*["{[]/.test(value)) return this.json(value, depth);
      if (URL_LIKE.test(value)) return this.#url(value, depth);
      if (value.startsWith("/") && value.includes("?")) return this.#pathAndQuery(value, depth);
    }
    return this.text(value);
  }

  /** Any text: what is recognised by its form, and quoted assignments to secret names. */
  text(text: string, agent = false): string {
    const named = /["']/.test(text) ? this.#assignments(text) : text;
    const spans = detect(named, agent);
    if (spans.length === 0) return named;
    let [made, at] = ["", 0];
    for (const { rule, from, to } of spans) {
      made += named.slice(at, from) + this.#detected(rule, named.slice(from, to));
      at = to;
    }
    return made + named.slice(at);
  }

  /** XML elements with secret names, and all that `text` sees. */
  xml(text: string): string {
    const named = text.replace(
      XML_ELEMENT,
      (whole: string, tag: string, attributes: string, value: string) =>
        isSecretName(tag) ? `<${tag}${attributes}>${this.secret("xml", value)}</${tag}>` : whole,
    );
    return this.text(named);
  }

  /** A value that is secret by its place. */
  secret(rule: string, value: string): string {
    const made = this.#pseudonyms.text(value);
    if (made !== value) this.#count(rule);
    return made;
  }

  #detected(rule: "jwt" | "email" | "card" | "ip", value: string): string {
    this.#count(rule);
    if (rule === "ip" || rule === "card") return this.#pseudonyms[rule](value);
    return this.#pseudonyms.text(value);
  }

  #escapedSecret(rule: string, value: string, plusIsSpace = false): string {
    return throughEscapes(value, (plain) => this.secret(rule, plain), plusIsSpace);
  }

  #assignments(text: string): string {
    return text.replace(
      ASSIGNMENT,
      (whole: string, name: string, between: string, quote: string, value: string) =>
        isSecretName(name)
          ? `${name}${between}${quote}${this.secret("text", value)}${quote}`
          : whole,
    );
  }

  /** Names stay, and the attributes of `set-cookie`; every value goes, secret by name or not. */
  #cookie(rule: "cookie" | "set-cookie", text: string): string {
    return text
      .split(";")
      .map((pair, index) => {
        const [, name = "", value = ""] = /^(\s*[^=]*=)([^]*)$/.exec(pair) ?? [];
        const attribute = rule === "set-cookie" && index > 0;
        if (attribute && COOKIE_ATTRIBUTE.test((name || pair).replace("=", "").trim())) return pair;
        // A cookie without a name is all value.
        return name + this.#escapedSecret(rule, name === "" ? pair : value);
      })
      .join(";");
  }

  #url(url: string, depth: number): string {
    const [, scheme = "", user = "", host = "", rest = ""] =
      /^([^:]*:\/\/)([^/?#@]*@)?([^/?#]*)([^]*)$/.exec(url) ?? [];
    const login = user === "" ? "" : `${this.#escapedSecret("userinfo", user.slice(0, -1))}@`;
    return scheme + login + this.text(host) + this.#pathAndQuery(rest, depth);
  }

  #pathAndQuery(text: string, depth: number): string {
    const [, path = "", query = "", fragment = ""] =
      /^([^?#]*)(\?[^#]*)?(#[^]*)?$/.exec(text) ?? [];
    const segments = path.split("/").map((segment) => this.#segment(segment));
    const pairs = query === "" ? "" : `?${this.pairs(query.slice(1), "query", depth)}`;
    const after = fragment === "" ? "" : `#${this.pairs(fragment.slice(1), "query", depth)}`;
    return segments.join("/") + pairs + after;
  }

  /** One path segment, with its parameters: `cart;jsessionid=1A2B`. */
  #segment(segment: string): string {
    const [name = "", ...parameters] = segment.split(";");
    const made = parameters.map((parameter) => this.pairs(parameter, "query", NESTING_MAX));
    return [throughEscapes(name, (plain) => this.text(plain)), ...made].join(";");
  }

  #count(rule: string, count = 1): void {
    this.#counts.set(rule, (this.#counts.get(rule) ?? 0) + count);
  }
}
