import { redactBody, Redactor } from "../../capture/index.ts";
import type { HeaderPairs } from "../../core/index.ts";
import type { ReadHead, RecordedExchange } from "../../emulator/record/index.ts";

/** Between records of a GoReplay file. */
export const GOR_SEPARATOR = "\n🐵🙈🙉\n";
const SEPARATOR_BYTES = Buffer.from(GOR_SEPARATOR);
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

/** Replaces secrets before anything is written; without a redactor all stays as it came. */
export class Door {
  readonly #redactor: Redactor | undefined;

  /** `key`: of the pseudonyms; null keeps secrets as they are. */
  constructor(key: Buffer | null) {
    this.#redactor = key === null ? undefined : new Redactor(key);
  }

  /** How many values were replaced, by rule. */
  get counts(): { rule: string; count: number }[] {
    return this.#redactor?.counts ?? [];
  }

  target(target: string): string {
    if (this.#redactor === undefined) return target;
    return target.startsWith("/") ? this.#redactor.path(target) : this.#redactor.nested(target, 0);
  }

  /**
   * The exchange as GoReplay keeps it: the request, and the status where the answer came whole.
   * `atNs`: start and end since 1970. `bodyLost`: there was a body, and it is not in the text.
   */
  gorText(
    exchange: ReadExchange,
    atNs: { readonly start: bigint; readonly end: bigint },
  ): { readonly bytes: Buffer; readonly bodyLost: boolean } {
    const { connection, method, outcome, responseBytes, startNs, status } = exchange;
    // GoReplay's form: the first 16 digits are the connection.
    const id = hex(connection, 16) + hex(startNs % 2 ** 32, 8);
    const body = this.#body(exchange);
    const lines = exchange.headers
      .filter(([name]) => !LEFT_OUT.has(name))
      .map(([name, value]) => `${name}: ${this.#redactor?.header(name, value) ?? value}`);
    if (body !== null) lines.push(`content-length: ${body.length}`);
    const head = `${method} ${this.target(exchange.target)} HTTP/1.1\r\n${lines.join("\r\n")}`;
    const parts = [
      Buffer.from(`1 ${id} ${atNs.start} 0\n`),
      Buffer.from(lines.length > 0 ? `${head}\r\n\r\n` : `${head}\r\n`, "latin1"),
      body ?? Buffer.alloc(0),
      SEPARATOR_BYTES,
    ];
    if (outcome === "answered") {
      const answer = `HTTP/1.1 ${status}\r\ncontent-length: ${responseBytes}\r\n\r\n`;
      parts.push(Buffer.from(`2 ${id} ${atNs.end} 0\n${answer}`), SEPARATOR_BYTES);
    }
    return {
      bytes: Buffer.concat(parts),
      bodyLost: exchange.requestBytes > 0 && body === null,
    };
  }

  #body({ body, headers }: ReadExchange): Buffer | null {
    if (body === null) return null;
    const of = (wanted: string): string => headers.find(([name]) => name === wanted)?.[1] ?? "";
    const kept =
      this.#redactor === undefined
        ? body
        : redactBody(
            body,
            { type: of("content-type"), coding: of("content-encoding") },
            this.#redactor,
          );
    // Nothing in the format escapes its separator.
    return kept.includes(SEPARATOR_BYTES) ? null : kept;
  }
}

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");
