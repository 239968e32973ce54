import type { NotCompared } from "../../measure/index.ts";
import { decodedBody, headerValues } from "../content-coding.ts";
import type { Ignored } from "./ignore.ts";
import { ABSENT, jsonDifferences } from "./json-difference.ts";
import { shownValue } from "./shown.ts";

/** What came back, as far as it is compared. */
export interface Answer {
  readonly status: number;
  /** Name, value, name, value, … */
  readonly headers: readonly string[];
  /** As it came; null where it was too large to be kept. */
  readonly body: Buffer | null;
}

/** Why there is no answer: the error, for those who read examples. */
export interface NoAnswer {
  readonly error: string;
}

export interface Difference {
  readonly field: string;
  /** As they may be shown. */
  readonly control: string;
  readonly other: string;
}

export interface Compared {
  readonly skipped?: NotCompared;
  readonly differences: readonly Difference[];
}

/** Larger bodies, or what comes out of them, are told as not compared. */
const BODY_MAX_BYTES = 1_024 * 1_024;
const utf8 = new TextDecoder("utf-8", { fatal: true });

const isNoAnswer = (answer: Answer | NoAnswer): answer is NoAnswer => "error" in answer;

function headersOf(headers: readonly string[]): Map<string, string> {
  const values = new Map<string, string>();
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i]!.toLowerCase();
    const before = values.get(name);
    values.set(name, before === undefined ? headers[i + 1]! : `${before}, ${headers[i + 1]!}`);
  }
  return values;
}

function headerDifferences(control: Answer, other: Answer, ignored: Ignored): Difference[] {
  const [one, two] = [headersOf(control.headers), headersOf(other.headers)];
  return [...new Set([...one.keys(), ...two.keys()])].flatMap((name) => {
    if (one.get(name) === two.get(name) || ignored.header(name)) return [];
    const field = `header ${name}`;
    const shown = (value: string | undefined) => shownValue(field, value ?? ABSENT);
    return [{ field, control: shown(one.get(name)), other: shown(two.get(name)) }];
  });
}

/** Undefined for what is no JSON text in UTF-8. */
function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(utf8.decode(body));
  } catch {
    return undefined;
  }
}

const bytesWords = ({ length }: Buffer): string => `(${length} bytes)`;

function bodyDifferences(control: Buffer, other: Buffer, ignored: Ignored): Difference[] {
  if (control.equals(other)) return [];
  const [one, two] = [parsed(control), parsed(other)];
  if (one === undefined || two === undefined) {
    return [{ field: "body", control: bytesWords(control), other: bytesWords(other) }];
  }
  return jsonDifferences(one, two).flatMap(({ control: value, other: otherValue, path }) =>
    ignored.path(path)
      ? []
      : { field: path, control: shownValue(path, value), other: shownValue(path, otherValue) },
  );
}

/**
 * Where two answers to the same request differ: status, headers, body. With different statuses the
 * rest differs by that alone and is not looked at. An answer that never came differs in status from
 * one that did. Bodies are compared with their content coding undone; where one cannot be, the pair
 * is not compared, unless something else differs already.
 */
export function compareAnswers(
  control: Answer | NoAnswer,
  other: Answer | NoAnswer,
  ignored: Ignored,
): Compared {
  if (isNoAnswer(control) || isNoAnswer(other)) {
    if (isNoAnswer(control) && isNoAnswer(other)) return { skipped: "unanswered", differences: [] };
    const word = (each: Answer | NoAnswer): string =>
      isNoAnswer(each) ? each.error : String(each.status);
    return { differences: [{ field: "status", control: word(control), other: word(other) }] };
  }
  if (control.status !== other.status) {
    const [one, two] = [String(control.status), String(other.status)];
    return { differences: [{ field: "status", control: one, other: two }] };
  }
  const inHeaders = headerDifferences(control, other, ignored);
  const bodies = bodiesOf(control, other);
  if (typeof bodies === "string") {
    return { ...(inHeaders.length > 0 ? {} : { skipped: bodies }), differences: inHeaders };
  }
  return { differences: [...inHeaders, ...bodyDifferences(...bodies, ignored)] };
}

function bodiesOf(control: Answer, other: Answer): readonly [Buffer, Buffer] | NotCompared {
  if (control.body === null || other.body === null) return "too-large";
  const codingOf = ({ headers }: Answer): string =>
    headerValues(headers, "content-encoding").join();
  if (control.body.equals(other.body) && codingOf(control) === codingOf(other)) {
    return [control.body, other.body];
  }
  const one = decodedBody(control.headers, control.body, BODY_MAX_BYTES);
  const two = decodedBody(other.headers, other.body, BODY_MAX_BYTES);
  return one === null || two === null ? "undecodable" : [one, two];
}
