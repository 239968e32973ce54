import { jwtDocument } from "../jwt.ts";
import { PATTERN_INPUT_MAX } from "../matcher.ts";
import { durationMs, formatTime } from "./go-time.ts";
import { Texts, textsOf, written } from "./go-values.ts";
import { helper, type HoverflyHelpers, type Rendering } from "./helper.ts";
import { NUMBER_HELPERS } from "./number-helpers.ts";
import type { Query } from "./query.ts";
import { RANDOM_HELPERS } from "./random-helpers.ts";

const DEFAULT_TIME = "2006-01-02T15:04:05Z07:00";

function now(offset: string, format: string, wallMs: number): string {
  const atMs = wallMs + (durationMs(offset) ?? 0);
  if (format === "unix") return String(Math.floor(atMs / 1000));
  return format === "epoch" ? String(Math.floor(atMs)) : formatTime(atMs, format || DEFAULT_TIME);
}

const bytes = (text: string): Buffer => Buffer.from(text);

/** Go's `Atoi`; null: it is no whole number. */
const integerOf = (text: string): number | null => (/^[+-]?\d+$/.test(text) ? Number(text) : null);

/** Bytes from here to there, where there are such. */
function slice(text: string, start: number | null, end: number | null): string {
  const whole = bytes(text);
  if (start === null || end === null) return "";
  if (start < 0 || end > whole.length || start > end) return "";
  return whole.toString("utf8", start, end);
}

function jsonFromJwt(find: Query, token: string): unknown {
  const document = jwtDocument(
    token
      .trim()
      .replace(/^bearer /i, "")
      .trim(),
  );
  return document === null ? "" : find(document);
}

/** Says, or does not, what it keeps. */
function keep(
  rendering: Rendering,
  [key, value, says]: readonly [string, unknown, boolean],
  said: string,
): string {
  rendering.kept.set(key, value);
  return says ? said : "";
}

function keptList({ kept }: Rendering, key: string): Texts {
  const list = kept.get(key) ?? new Texts();
  if (!(list instanceof Texts)) throw new Error(`${key} is no array`);
  return list;
}

/** Those of Hoverfly that can be done truly. */
export const HOVERFLY_HELPERS: HoverflyHelpers = {
  ...RANDOM_HELPERS,
  ...NUMBER_HELPERS,
  now: helper("text text", ([offset, format]: [string, string], { wallMs }) =>
    now(offset, format, wallMs),
  ),
  requestBody: helper("text text", ([type, query]: [string, string], { body, queryOf }) =>
    queryOf(type, query)(body),
  ),
  jsonFromJWT: helper("text text", ([path, token]: [string, string], { queryOf }) =>
    jsonFromJwt(queryOf("jsonpath", path), token),
  ),
  replace: helper("text text text", ([text, from, to]: [string, string, string]) =>
    text.replaceAll(from, () => to),
  ),
  split: helper("text text", ([text, by]: [string, string]) =>
    textsOf(by === "" ? Array.from(text) : text.split(by)),
  ),
  // A list of texts is written as Go writes one.
  concat: helper("any", (values: unknown[]) =>
    values
      .map((value) => (value instanceof Texts ? `[${value.join(" ")}]` : written(value)))
      .join(""),
  ),
  length: helper("text", ([text]: [string]) => String(bytes(text).length)),
  substring: helper("text text text", ([text, from, to]: [string, string, string]) =>
    slice(text, integerOf(from), integerOf(to)),
  ),
  rightmostCharacters: helper("text text", ([text, count]: [string, string]) => {
    const [{ length }, wanted] = [bytes(text), integerOf(count)];
    return wanted === null ? "" : slice(text, length - wanted, length);
  }),
  isAlphanumeric: helper("text", ([text]: [string]) => /^[a-zA-Z0-9]+$/.test(text)),
  isBool: helper("text", ([text]: [string]) =>
    /^(?:1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/.test(text),
  ),
  matchesRegex: helper("text text", ([text, pattern]: [string, string]) => {
    try {
      return text.length <= PATTERN_INPUT_MAX && new RegExp(pattern).test(text);
    } catch {
      return false;
    }
  }),
  initArray: helper("text", ([key]: [string], rendering) =>
    keep(rendering, [key, new Texts(), false], ""),
  ),
  addToArray: helper("text text boolean", ([key, value, says]: [string, string, boolean], all) => {
    const list = keptList(all, key);
    list.push(value);
    return keep(all, [key, list, says], value);
  }),
  getArray: helper("text", ([key]: [string], rendering) => keptList(rendering, key)),
  putValue: helper("text text boolean", ([key, value, says]: [string, string, boolean], all) =>
    keep(all, [key, value, says], value),
  ),
  getValue: helper("text", ([key]: [string], { kept }) => {
    const value = kept.get(key) ?? "";
    if (typeof value !== "string") throw new Error(`${key} is no text`);
    return value;
  }),
};
