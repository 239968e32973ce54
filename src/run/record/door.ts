import { Memo, MemoBudget, redactBody, type Redacted, Redactor } from "../../capture/index.ts";
import type { HeaderPairs } from "../../core/index.ts";
import type { ReadHead, RecordedExchange } from "../../emulator/record/index.ts";

/** Between records of a GoReplay file. */
export const GOR_SEPARATOR = "\n🐵🙈🙉\n";
const SEPARATOR_BYTES = Buffer.from(GOR_SEPARATOR);
const SEPARATOR_LATIN1 = SEPARATOR_BYTES.toString("latin1");
/** What is remembered of header lines and targets, together: at most twice that. */
const MEMO_CHARS = 2 ** 21;
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:$|-)/;
/** A replay has a host of its own, and the kept body is written with a length of its own. */
const LEFT_OUT = new Set(["host", "content-length", "transfer-encoding"]);

/** An exchange whose head was read. */
export interface ReadExchange extends RecordedExchange, ReadHead {}

/** The trace that a request belongs to; null when its `traceparent` is absent or malformed. */
export function traceIdOf(headers: HeaderPairs): string | null {
  const value = headers.find(([name]) => name === "traceparent")?.[1] ?? "";
  const traceId = TRACEPARENT.exec(value)?.[1];
  return traceId === undefined || /^0+$/.test(traceId) ? null : traceId;
}

/** Why a profile cannot hold such a request, or null. */
export function unusableBecause({ method, target }: ReadHead): string | null {
  if (!/^[A-Z]+$/.test(method)) return "the method is not a word in capitals";
  return /^(?:\/|https?:\/\/)/i.test(target) ? null : "the request target is not a path";
}

/**
 * What is made of header lines and of targets: what came before, with the same client or to the same
 * place, comes again, and to redact it takes ten times as long as to look it up.
 */
class Remembered {
  readonly redactor: Redactor;
  readonly #lines: Memo<Redacted>;
  readonly #targets: Memo<Redacted>;

  constructor(redactor: Redactor) {
    this.redactor = redactor;
    const budget = new MemoBudget(MEMO_CHARS);
    this.#lines = new Memo(budget, (line) => {
      const at = line.indexOf(": ");
      const [name, value] = [line.slice(0, at), line.slice(at + 2)];
      return redactor.apart(() => `${name}: ${redactor.header(name, value)}`);
    });
    this.#targets = new Memo(budget, (target) =>
      redactor.apart(() =>
        target.startsWith("/") ? redactor.path(target) : redactor.nested(target, 0),
      ),
    );
  }

  line(line: string): string {
    return this.#counted(this.#lines.of(line));
  }

  target(target: string): string {
    return this.#counted(this.#targets.of(target));
  }

  #counted(redacted: Redacted): string {
    this.redactor.count(redacted);
    return redacted.text;
  }
}

/** Replaces secrets before anything is written; without a redactor all stays as it came. */
export class Door {
  readonly #redacted: Remembered | undefined;

  /** `key`: of the pseudonyms; null keeps secrets as they are. */
  constructor(key: Buffer | null) {
    this.#redacted = key === null ? undefined : new Remembered(new Redactor(key));
  }

  /** How many values were replaced, by rule. */
  get counts(): { rule: string; count: number }[] {
    return this.#redacted?.redactor.counts ?? [];
  }

  target(target: string): string {
    return this.#redacted?.target(target) ?? target;
  }

  /**
   * The exchange as GoReplay keeps it, its bytes as characters (Latin-1): the request, and the status
   * where the answer came whole. `atNs`: start and end since 1970. `bodyLost`: there was a body, and it
   * is not in the text.
   */
  gorText(
    exchange: ReadExchange,
    atNs: { readonly start: bigint; readonly end: bigint },
  ): { readonly text: string; readonly bodyLost: boolean } {
    const { connection, method, outcome, responseBytes, startNs, status } = exchange;
    // GoReplay's form: the first 16 digits are the connection.
    const id = hex(connection, 16) + hex(startNs % 2 ** 32, 8);
    const body = this.#body(exchange);
    let text = `1 ${id} ${atNs.start} 0\n${method} ${this.target(exchange.target)} HTTP/1.1\r\n`;
    for (const [name, value] of exchange.headers) {
      if (LEFT_OUT.has(name)) continue;
      const line = `${name}: ${value}`;
      text += `${this.#redacted?.line(line) ?? line}\r\n`;
    }
    if (body !== null) text += `content-length: ${body.length}\r\n`;
    text += `\r\n${body?.toString("latin1") ?? ""}${SEPARATOR_LATIN1}`;
    if (outcome === "answered") {
      text += `2 ${id} ${atNs.end} 0\nHTTP/1.1 ${status}\r\n`;
      text += `content-length: ${responseBytes}\r\n\r\n${SEPARATOR_LATIN1}`;
    }
    return { text, bodyLost: exchange.requestBytes > 0 && body === null };
  }

  #body({ body, headers }: ReadExchange): Buffer | null {
    if (body === null) return null;
    const of = (wanted: string): string => headers.find(([name]) => name === wanted)?.[1] ?? "";
    const head = { type: of("content-type"), coding: of("content-encoding") };
    const redactor = this.#redacted?.redactor;
    const kept = redactor === undefined ? body : redactBody(body, head, redactor);
    // Nothing in the format escapes its separator.
    return kept.includes(SEPARATOR_BYTES) ? null : kept;
  }
}

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");
