import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cutAt, parse, singly } from "./parse.ts";
import { mutated, response } from "./generated.ts";

const places = fc.array(fc.nat(400), { maxLength: 12 });
const text = (...parts: readonly string[]): Buffer => Buffer.from(parts.join("\r\n"), "latin1");
const one = (bytes: Buffer, head = false) => parse([bytes], { heads: [head] }).responses[0]!;

describe("response parser: valid responses", () => {
  it("reads what was written: status, headers, body, whether the connection can go on", () => {
    fc.assert(
      fc.property(response, ({ body, bytes, head, headers, reusable, status }) => {
        const { leftover, responses } = parse([bytes], { heads: [head] });
        const outcome = "whole";
        expect(responses).toEqual([
          { status, headers, bytesIn: body.length, body, reusable, outcome },
        ]);
        expect(leftover).toBe(0);
      }),
      { numRuns: 500 },
    );
  });

  it("tells the same however the bytes are cut, and of several in a row", () => {
    const endsItself = response.filter(({ reusable }) => reusable);
    fc.assert(
      fc.property(
        fc.array(endsItself, { maxLength: 3 }),
        response,
        places,
        (before, last, cuts) => {
          const all = [...before, last];
          const bytes = Buffer.concat(all.map((each) => each.bytes));
          const options = { heads: all.map(({ head }) => head) };
          const whole = parse([bytes], options);
          expect(whole.responses.map(({ body }) => body)).toEqual(all.map(({ body }) => body));
          expect(parse(cutAt(bytes, cuts), options)).toEqual(whole);
          expect(parse(singly(bytes), options)).toEqual(whole);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("tells the same when it is cut in two, at every place", () => {
    for (const { bytes, head } of fc.sample(response, { numRuns: 40, seed: 7 })) {
      const whole = parse([bytes], { heads: [head] });
      for (let at = 0; at <= bytes.length; at++) {
        expect(parse(cutAt(bytes, [at]), { heads: [head] })).toEqual(whole);
      }
    }
  });

  it("says how many bytes are left after the response", () => {
    const bytes = text("HTTP/1.1 200 OK", "content-length: 2", "", "okHTTP/1.1 200");
    expect(parse([bytes], { heads: [false] }).leftover).toBe(12);
    expect(parse(singly(bytes), { heads: [false] }).leftover).toBe(12);
  });

  it("lets chunks win over a length, and does not keep such a connection", () => {
    const bytes = text(
      "HTTP/1.1 200 OK",
      "content-length: 50",
      "transfer-encoding: gzip, chunked",
      "",
      "2",
      "ok",
      "0",
      "",
      "",
    );
    expect(one(bytes)).toMatchObject({ body: "ok", reusable: false, outcome: "whole" });
  });

  it("reads until the end when chunked is not the last coding", () => {
    const bytes = text("HTTP/1.1 200 OK", "transfer-encoding: chunked, gzip", "", "2\r\nok");
    expect(one(bytes)).toMatchObject({ body: "2\r\nok", reusable: false, outcome: "whole" });
  });

  it("counts a body that is too large to be kept", () => {
    const body = "x".repeat(1_048_577);
    const bytes = text("HTTP/1.1 200 OK", `content-length: ${body.length}`, "", body);
    expect(one(bytes)).toMatchObject({ body: null, bytesIn: body.length, outcome: "whole" });
  });
});

describe("response parser: what is not valid", () => {
  const fails = {
    "not HTTP": "SSH-2.0-nothing",
    "HTTP/2 in plain text": "HTTP/2.0 200 OK\r\n\r\n",
    "a version of two digits": "HTTP/1.10 200 OK\r\n\r\n",
    "an empty line first": "\r\nHTTP/1.1 200 OK\r\n\r\n",
    "a status of two digits": "HTTP/1.1 20 OK\r\n\r\n\r\n",
    "a status of four digits": "HTTP/1.1 2000 OK\r\n\r\n",
    "a status below 100": "HTTP/1.1 099 OK\r\n\r\n",
    "no blank before the status": "HTTP/1.1200 OK\r\n\r\n",
    "a bare LF after the status line": "HTTP/1.1 200 OK\ncontent-length: 0\r\n\r\n",
    "a bare CR in the reason": "HTTP/1.1 200 O\rK\r\n\r\n",
    "NUL in the reason": "HTTP/1.1 200 O\0K\r\n\r\n",
    "a bare LF after a header": "HTTP/1.1 200 OK\r\na: b\nc: d\r\n\r\n",
    "a bare LF as the empty line": "HTTP/1.1 200 OK\r\na: b\r\n\n",
    "a folded header": "HTTP/1.1 200 OK\r\na: b\r\n c\r\n\r\n",
    "a blank before the colon": "HTTP/1.1 200 OK\r\na : b\r\n\r\n",
    "a header without a colon": "HTTP/1.1 200 OK\r\nbad header\r\n\r\n",
    "a header without a name": "HTTP/1.1 200 OK\r\n: b\r\n\r\n",
    "NUL in a header's value": "HTTP/1.1 200 OK\r\na: b\0c\r\n\r\n",
    "NUL in a header's name": "HTTP/1.1 200 OK\r\na\0: b\r\n\r\n",
    "DEL in a header's value": "HTTP/1.1 200 OK\r\na: \x7f\r\n\r\n",
    "an empty length": "HTTP/1.1 200 OK\r\ncontent-length:\r\n\r\n",
    "a signed length": "HTTP/1.1 200 OK\r\ncontent-length: +2\r\n\r\nok",
    "a hexadecimal length": "HTTP/1.1 200 OK\r\ncontent-length: 0x2\r\n\r\nok",
    "a length with a blank in it": "HTTP/1.1 200 OK\r\ncontent-length: 1 0\r\n\r\nok",
    "a list of lengths": "HTTP/1.1 200 OK\r\ncontent-length: 2, 2\r\n\r\nok",
    "a length beyond exact numbers": `HTTP/1.1 200 OK\r\ncontent-length: ${"9".repeat(20)}\r\n\r\n`,
    "two lengths that differ":
      "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nContent-Length: 3\r\n\r\nok",
    "an upgrade not asked for": "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n",
  };
  const chunked = (rest: string): string =>
    `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${rest}`;
  const failsLater = {
    "a chunk size that is no number": chunked("x\r\n"),
    "an empty chunk size": chunked("\r\nok\r\n"),
    "a chunk size with a sign": chunked("-1\r\n"),
    "a blank after a chunk size": chunked("2 \r\nok\r\n0\r\n\r\n"),
    "a chunk size beyond exact numbers": chunked(`${"f".repeat(14)}\r\n`),
    "a bare LF after a chunk size": chunked("2\nok\r\n0\r\n\r\n"),
    "a chunk longer than its size": chunked("2\r\noka\r\n0\r\n\r\n"),
    "a bare LF after a chunk": chunked("2\r\nok\n0\r\n\r\n"),
    "NUL in a chunk's extension": chunked("2;a\0\r\nok\r\n0\r\n\r\n"),
    "a trailer without a colon": chunked("0\r\nbad\r\n\r\n"),
    "a folded trailer": chunked("0\r\na: b\r\n c\r\n\r\n"),
  };
  for (const [what, bytes] of Object.entries({ ...fails, ...failsLater })) {
    it(`refuses ${what}`, () => {
      const given = Buffer.from(bytes, "latin1");
      const status = Object.hasOwn(fails, what) ? null : 200;
      expect(one(given)).toMatchObject({ outcome: "protocol", status });
      expect(parse(singly(given), { heads: [false] }).responses[0]?.outcome).toBe("protocol");
    });
  }

  it("takes a length that is said twice", () => {
    const bytes = text("HTTP/1.1 200 OK", "content-length: 2", "content-length: 02", "", "ok");
    expect(one(bytes)).toMatchObject({ body: "ok", reusable: true, outcome: "whole" });
  });

  it("takes a head up to its limits of bytes and of headers, and no more", () => {
    const field = (at: number): string => `a${at}: b\r\n`;
    const head = (count: number): Buffer =>
      Buffer.from(
        `HTTP/1.1 204 x\r\n${Array.from({ length: count }, (_, i) => field(i)).join("")}\r\n`,
      );
    expect(one(head(256)).outcome).toBe("whole");
    expect(one(head(257)).outcome).toBe("protocol");
    const bytes = head(10);
    for (const pieces of [[bytes], singly(bytes)]) {
      const parsed = (headerBytesMax: number) =>
        parse(pieces, { heads: [false], headerBytesMax }).responses[0]?.outcome;
      expect(parsed(bytes.length)).toBe("whole");
      expect(parsed(bytes.length - 1)).toBe("protocol");
    }
  });

  it("says `too-large` for a body beyond its limit, in every framing, after the head", () => {
    fc.assert(
      fc.property(response, places, ({ body, bytes, head, status }, cuts) => {
        fc.pre(body !== "");
        const limits = { heads: [head], bodyBytesMax: body.length - 1 };
        const [parsed] = parse(cutAt(bytes, cuts), limits).responses;
        expect(parsed).toMatchObject({ outcome: "too-large", status });
        const enough = { heads: [head], bodyBytesMax: body.length };
        expect(parse(cutAt(bytes, cuts), enough).responses[0]?.outcome).toBe("whole");
      }),
    );
  });

  it("comes to the same verdict on damaged responses however they are cut, and never throws", () => {
    fc.assert(
      fc.property(mutated, places, ({ bytes, head }, cuts) => {
        const whole = parse([bytes], { heads: [head] });
        expect(parse(cutAt(bytes, cuts), { heads: [head] })).toEqual(whole);
        expect(parse(singly(bytes), { heads: [head] })).toEqual(whole);
      }),
      { numRuns: 2_000 },
    );
  });

  it("comes to a verdict on any bytes, also behind a valid beginning", () => {
    const beginning = fc.constantFrom(
      "",
      "HTTP/1.1 200 OK\r\n",
      "HTTP/1.1 200 OK\r\na: ",
      chunked(""),
      chunked("0\r\n"),
    );
    fc.assert(
      fc.property(beginning, fc.uint8Array({ maxLength: 200 }), places, (start, rest, cuts) => {
        const bytes = Buffer.concat([Buffer.from(start), rest]);
        const whole = parse([bytes], { heads: [false, false] });
        expect(parse(cutAt(bytes, cuts), { heads: [false, false] })).toEqual(whole);
      }),
      { numRuns: 1_000 },
    );
  });
});
