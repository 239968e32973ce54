import * as fc from "fast-check";

/** A valid response as bytes, and what it says. */
export interface GeneratedResponse {
  readonly bytes: Buffer;
  readonly head: boolean;
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: string;
  /** Its end is known without the connection's. */
  readonly reusable: boolean;
}

const TOKEN = "abcxyzABCXYZ0189!#$%&'*+-.^_`|~";
const FRAMING = new Set(["content-length", "transfer-encoding", "connection", "keep-alive"]);
const UPGRADES = new Set(["upgrade", "trailer", "expect"]);

const name = fc
  .string({ unit: fc.constantFrom(...TOKEN.split("")), minLength: 1, maxLength: 20 })
  .filter((text) => !FRAMING.has(text.toLowerCase()) && !UPGRADES.has(text.toLowerCase()));
const value = fc
  .string({
    unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
    maxLength: 40,
  })
  .map((text) =>
    text
      .replaceAll("\u007f", "\t")
      .trim()
      .replaceAll(/^[\s\u00a0]+|[\s\u00a0]+$/g, ""),
  );
const fields = fc.array(fc.tuple(name, value), { maxLength: 5 });
const blank = fc.constantFrom("", " ", "\t", "  \t");
const binary = fc
  .uint8Array({ maxLength: 60 })
  .map((bytes) => Buffer.from(bytes).toString("latin1"));
const reason = fc.constantFrom("", " ", " OK", " Not Found", " caf\u00e9 \t!");
const final = fc.constantFrom(200, 201, 204, 206, 301, 304, 404, 418, 503, 599);
const interim = fc.constantFrom(
  "",
  "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n",
  "HTTP/1.1 102\r\n\r\nHTTP/1.1 103 x\r\ncontent-length: 3\r\n\r\n",
);

type Framing =
  | { readonly kind: "length" | "close"; readonly body: string }
  | {
      readonly kind: "chunked";
      readonly chunks: readonly string[];
      readonly extension: string;
      readonly trailers: readonly (readonly [string, string])[];
    };

const framing: fc.Arbitrary<Framing> = fc.oneof(
  fc.record({ kind: fc.constant("length" as const), body: binary }),
  fc.record({ kind: fc.constant("close" as const), body: binary }),
  fc.record({
    kind: fc.constant("chunked" as const),
    chunks: fc.array(
      binary.filter((text) => text !== ""),
      { maxLength: 4 },
    ),
    extension: fc.constantFrom("", ";a", ";a=b", ';name="quoted"'),
    trailers: fields,
  }),
);

const cased = (text: string, upper: boolean): string => (upper ? text.toUpperCase() : text);
const lines = (pairs: readonly (readonly [string, string])[], ows: string): string =>
  // A tab after `chunked` is the one thing here that llhttp does not read as the RFC has it.
  pairs.map(([key, text]) => `${key}:${ows}${text}${ows.replace("\t", "")}\r\n`).join("");

/** Any valid response: every framing, interim answers before it, trailers after it. */
export const response: fc.Arbitrary<GeneratedResponse> = fc
  .record({
    before: interim,
    status: final,
    phrase: reason,
    ows: blank,
    own: fields,
    how: framing,
    head: fc.boolean(),
    upper: fc.boolean(),
    connection: fc.constantFrom(null, "close", "keep-alive", "Keep-Alive, x", "x , CLOSE"),
    http11: fc.boolean(),
  })
  .map((parts) => {
    const { before, connection, head, how, http11, ows, own, phrase, status, upper } = parts;
    const bodiless = head || status === 204 || status === 304;
    const pairs: (readonly [string, string])[] = [...own];
    if (connection !== null) pairs.push([cased("connection", upper), connection]);
    if (how.kind === "length") {
      pairs.push([cased("content-length", upper), String(how.body.length)]);
    } else if (how.kind === "chunked") {
      pairs.push([cased("transfer-encoding", upper), cased("chunked", upper)]);
    }
    const text =
      `${before}HTTP/1.${http11 ? 1 : 0} ${status}${phrase}\r\n` +
      `${lines(pairs, ows)}\r\n${bodiless ? "" : onWire(how, upper)}`;
    const kept = http11
      ? !/close/i.test(connection ?? "")
      : /keep-alive/i.test(connection ?? "") && how.kind !== "chunked";
    return {
      bytes: Buffer.from(text, "latin1"),
      head,
      status,
      headers: pairs.flat(),
      body: bodiless ? "" : bodyOf(how),
      reusable: kept && (bodiless || how.kind !== "close"),
    };
  });

const bodyOf = (how: Framing): string => (how.kind === "chunked" ? how.chunks.join("") : how.body);

function onWire(how: Framing, upper: boolean): string {
  if (how.kind !== "chunked") return how.body;
  const size = (length: number): string => cased(length.toString(16), upper);
  const chunks = how.chunks.map((chunk) => `${size(chunk.length)}${how.extension}\r\n${chunk}\r\n`);
  return `${chunks.join("")}0${how.extension}\r\n${lines(how.trailers, " ")}\r\n`;
}

/** Some of the bytes changed, dropped, doubled, or put where they do not belong. */
export const mutated: fc.Arbitrary<{ readonly bytes: Buffer; readonly head: boolean }> = fc
  .tuple(
    response,
    fc.array(
      fc.record({
        at: fc.nat(1_000),
        how: fc.constantFrom("set", "drop", "insert", "cut"),
        byte: fc.oneof(
          fc.constantFrom(0, 9, 10, 13, 32, 44, 58, 59, 0x30, 0x66, 0x7f, 0x80, 0xff),
          fc.nat(255),
        ),
      }),
      { minLength: 1, maxLength: 3 },
    ),
  )
  .map(([{ bytes, head }, changes]) => {
    let text = bytes.toString("latin1");
    for (const { at, byte, how } of changes) {
      const place = at % (text.length + 1);
      const put = how === "set" || how === "insert" ? String.fromCharCode(byte) : "";
      const after = text.slice(how === "insert" ? place : place + 1);
      text = text.slice(0, place) + put + (how === "cut" ? "" : after);
    }
    return { bytes: Buffer.from(text, "latin1"), head };
  });
