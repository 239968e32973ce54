import { READ } from "../../../src/http1/index.ts";
import { ResponseParser } from "../../../src/replay/transports/wire/response-parser.ts";

export interface ParseOptions {
  /** For each response that is expected, whether it answers a HEAD. */
  readonly heads: readonly boolean[];
  readonly headerBytesMax?: number;
  readonly bodyBytesMax?: number;
}

/** What a parser told of one response. */
export interface Parsed {
  status: number | null;
  headers: readonly string[] | null;
  bytesIn: number | null;
  body: string | null;
  reusable: boolean | null;
  outcome: "whole" | "protocol" | "too-large" | "unfinished";
}

/**
 * Feeds the pieces to one parser, as the reads of one connection that is then closed by the other
 * side. Returns what it told of each response, and how many bytes came after the last of them.
 */
export function parse(
  pieces: readonly Buffer[],
  options: ParseOptions,
): { readonly responses: readonly Parsed[]; readonly leftover: number } {
  const { bodyBytesMax = 1e9, headerBytesMax = 65_536, heads } = options;
  const parser = new ResponseParser(headerBytesMax, bodyBytesMax);
  const responses: Parsed[] = [];
  let current: Parsed | undefined;
  const next = (): void => {
    const head = heads[responses.length];
    if (head === undefined) return void (current = undefined);
    parser.expect(head, true);
    current = {
      status: null,
      headers: null,
      bytesIn: null,
      body: null,
      reusable: null,
      outcome: "unfinished",
    };
    responses.push(current);
  };
  const whole = (): void => {
    const { bytesIn, reusable } = parser;
    const body = parser.takeBody()?.toString("latin1") ?? null;
    Object.assign(current!, { bytesIn, body, reusable, outcome: "whole" });
    next();
  };
  let leftover = 0;
  next();
  for (const piece of pieces) {
    // As in the buffer that all reads share: behind what was read is something else.
    const shared = Buffer.concat([piece, Buffer.from("\n\r\n0\r\n\r\nx")]);
    let at = 0;
    for (let reading = true; reading;) {
      if (current === undefined) {
        leftover += piece.length - at;
        break;
      }
      const result = parser.read(shared, at, piece.length);
      ({ at } = parser);
      switch (result) {
        case READ.more:
          reading = false;
          break;
        case READ.head:
          current.status = parser.status;
          current.headers = parser.headers;
          break;
        case READ.done:
          whole();
          break;
        case READ.protocol:
        case READ.tooLarge:
          current.outcome = result === READ.protocol ? "protocol" : "too-large";
          return { responses, leftover };
      }
    }
  }
  if (current !== undefined && parser.end()) whole();
  return { responses, leftover };
}

/** The bytes, cut at these places. */
export function cutAt(bytes: Buffer, places: readonly number[]): readonly Buffer[] {
  const cuts = [0, ...places.filter((at) => at <= bytes.length).toSorted((a, b) => a - b)];
  return cuts.map((from, i) => bytes.subarray(from, cuts[i + 1] ?? bytes.length));
}

/** One byte at a time. */
export const singly = (bytes: Buffer): readonly Buffer[] =>
  Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
