import { METHODS } from "node:http";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { among, nodeWitness, ourWitness } from "./http1-fixture.ts";

const RUNS = 150;

const method = fc.oneof(
  fc.constantFrom("GET", "POST", "PUT", "HEAD", "DELETE"),
  fc.constantFrom(...METHODS.filter((name) => name !== "CONNECT")),
);
const target = fc.oneof(
  fc.constantFrom(
    "/",
    "*",
    "/a?b=c&d#e",
    "http://example.com",
    "HTTP://a:80/b?c",
    "x://u@[::1]:8/",
  ),
  fc.string({ unit: among('/?#%&=.~|^{}"<>aZ09'), maxLength: 20 }).map((s) => `/${s}`),
);
/** Names that are joined, that come once, and that mean something to their like. */
const NAMES =
  "x-a X-A accept cookie Cookie set-cookie age content-type User-Agent referer via te constructor " +
  "__proto__ upgrade traceparent";
const name = fc.oneof(
  fc.constantFrom(...NAMES.split(" ")),
  fc.string({ unit: among("abXY019-_!#$%&'*+.^`|~"), minLength: 1, maxLength: 12 }),
);
const value = fc.string({ unit: among('aZ09 \t,;="é\u00ff'), maxLength: 20 });
const header = fc
  .tuple(name, fc.constantFrom("", " ", "\t "), value, fc.constantFrom("", "  "))
  .map(([key, before, text, after]) => `${key}:${before}${text}${after}\r\n`);

const bytes = fc.string({ unit: "binary-ascii", maxLength: 40 });
const CHUNK_ENDS = ["", ";a", ";a=b", ';a="b \\" c";d'];
const chunked = fc
  .tuple(
    fc.array(fc.tuple(bytes, fc.constantFrom(...CHUNK_ENDS)), { maxLength: 3 }),
    header,
    fc.boolean(),
  )
  .map(([chunks, trailer, trails]) => {
    const whole = chunks.filter(([text]) => text !== "");
    const texts = whole.map(([text, end]) => `${text.length.toString(16)}${end}\r\n${text}\r\n`);
    return `Transfer-Encoding: chunked\r\n\r\n${texts.join("")}0\r\n${trails ? trailer : ""}\r\n`;
  });
const rest = fc.oneof(
  fc.constant("\r\n"),
  bytes.map((text) => `Content-Length: ${text.length}\r\n\r\n${text}`),
  chunked,
);
const message = fc
  .tuple(fc.constantFrom("", "", "\r\n"), method, target, fc.array(header, { maxLength: 6 }), rest)
  .map(([blank, verb, to, headers, end]) =>
    [`${blank}${verb} ${to} HTTP/1.1\r\nHost: a\r\n`, ...headers, end].join(""),
  );
const old = fc
  .tuple(method, target, bytes)
  .map(
    ([verb, to, body]) =>
      `${verb} ${to} HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
const messages = fc.array(fc.oneof({ weight: 4, arbitrary: message }, old), {
  minLength: 1,
  maxLength: 4,
});

/** What an attacker, or a bad client, changes. */
const CHANGES: readonly (readonly [from: RegExp, to: string])[] = [
  [/\r\n/, "\n"],
  [/\r\n/, "\r"],
  [/: /, " : "],
  [/\r\n(?=[\w-]+:)/, "\r\n "],
  [/Host: a\r\n/, ""],
  [/Host: a/, "Host: a\r\nHost: b"],
  [/Host: a/, "Content-Length: 3\r\nHost: a"],
  [/Host: a/, "Transfer-Encoding: chunked\r\nHost: a"],
  [/Host: a/, "Transfer-Encoding: gzip\r\nHost: a"],
  [/Host: a/, "Expect: 100-continue\r\nHost: a"],
  [/Host: a/, "Expect: more\r\nHost: a"],
  [/chunked/, "chunked, gzip"],
  [/chunked/, "gzip, chunked"],
  [/chunked/, "xchunked"],
  [/chunked/, "chunked, chunked"],
  [/Content-Length: \d+/, "Content-Length: +1"],
  [/Content-Length: \d+/, "Content-Length: 1, 1"],
  [/Content-Length: \d+/, "Content-Length:"],
  [/Content-Length: \d+/, "Content-Length: 99999999999999999999"],
  [/\r\n0\r\n/, "\r\n0x\r\n"],
  [/\r\n(?=[\da-f]+\r\n)/, "\r\n-"],
  [/\r\n(?=[\da-f]+\r\n)/, "\r\nfffffffffffffffff"],
  [/\r\n(?=[\da-f]+\r\n)/, "\r\n "],
  [/;a/, "; a"],
  [/;a/, ";"],
  [/;a=/, ";=\u0001"],
  [/ HTTP/, "  HTTP"],
  [/HTTP\/1.1/, "HTTP/1.2"],
  [/HTTP\/1.1/, "HTTP/2.0"],
  [/HTTP\/1.1/, "http/1.1"],
  [/ HTTP\/1.1/, ""],
  [/HTTP\/1.1\r\n/, "HTTP/1.1 \r\n"],
  [/^/, " "],
  [/^/, "\n"],
  [/^\w+/, "BREW"],
  [/^\w+/, "get"],
];

const mutation = fc.oneof(
  fc.constantFrom(...CHANGES).map(
    ([from, to]) =>
      (text: string) =>
        text.replace(from, () => to),
  ),
  fc.tuple(fc.nat(), fc.nat(255), fc.nat(2)).map(([at, byte, how]) => (text: string) => {
    const i = at % (text.length + 1);
    const put = how === 0 ? "" : String.fromCharCode(byte);
    return text.slice(0, i) + put + text.slice(how === 1 ? i : i + 1);
  }),
);

/** A line is judged when it has ended: the last one does. */
const spoilt = fc
  .tuple(messages, mutation)
  .map(([texts, mutate]) => `${mutate(texts.join(""))}\r\n\r\n`);

const cuts = fc.array(fc.nat(), { maxLength: 6 });

function cut(text: string, at: readonly number[]): Buffer[] {
  const ends = at.map((each) => each % (text.length + 1)).toSorted((a, b) => a - b);
  const whole = Buffer.from(text, "latin1");
  return [...ends, text.length].map((end, i) => whole.subarray(ends[i - 1] ?? 0, end));
}

describe("requests over HTTP/1.1, beside Node's own server", () => {
  it("what is valid is seen the same, however it is cut, and several in a row", async () => {
    await using ours = await ourWitness();
    await using node = await nodeWitness();
    await fc.assert(
      fc.asyncProperty(messages, cuts, async (texts, at) => {
        const pieces = cut(texts.join(""), at);
        const [own, reference] = [await ours.outcome(pieces), await node.outcome(pieces)];
        expect(reference).toMatchObject({ refused: false });
        expect(reference.seen).toHaveLength(texts.length);
        expect(own).toEqual(reference);
      }),
      { numRuns: RUNS },
    );
  });

  it("what is spoilt is refused where Node refuses it, and else seen the same or refused", async () => {
    await using ours = await ourWitness();
    await using node = await nodeWitness();
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(spoilt, cuts, async (text, at) => {
        const pieces = cut(text, at);
        const [own, reference] = [await ours.outcome(pieces), await node.outcome(pieces)];
        if (own.refused) refused++;
        const sooner = { seen: reference.seen.slice(0, own.seen.length), refused: true };
        expect(own).toEqual(own.refused ? sooner : reference);
      }),
      { numRuns: 3 * RUNS },
    );
    expect(refused).toBeGreaterThan(RUNS / 2);
  });
});
