import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CaptureFilter } from "../../src/capture/index.ts";
import { ByteMemo } from "../../src/capture/byte-memo.ts";
import { ViewedBytes } from "../../src/capture/viewed-bytes.ts";
import { captureTexts } from "./reading.ts";

const WHO = ["203.0.113.9 - -", "::1 - bob", "shop.example:80 10.1.2.3 - x", "h - a [b", "-"];
const TIMES = [
  "10/Oct/2000:13:55:36 -0700",
  "10/Oct/2000:13:55:37 -0700",
  "10/Foo/2000:13:55:36 -0700",
  "\0".repeat(26),
];
const REQUESTS = [
  "GET /a?token=s3cret&x=a@b.example HTTP/1.1",
  "POST /products/é#x HTTP/1.0",
  "GET http://shop.example/b HTTP/1.1",
  String.raw`GET /q\"x HTTP/1.1`,
  "get /a HTTP/1.1",
  "-",
];
const NUMBERS = [
  "200 12",
  "404 -",
  "304 0",
  "20 1",
  "200 12a",
  "200 1234567890123456",
  "200  7",
  "200",
];
const TEXTS = ["", ' "-" "-"', ' "http://a/?sid=9" "curl/8 (x@y.example)"', ' "http://a/" "-"'];
const MORE = [' "" "a\u0001b"', ' "-" "caf\xe9"', ' "-" "x" 0.5', ' "-" "x" "y', ' "-" "x'];
const one = <T>(...of: readonly T[]) => fc.constantFrom(...of);

/** A line of parts that are usual or odd, of which a byte may have been changed. */
const lineText = fc
  .tuple(
    one(...WHO),
    one(...TIMES),
    one(...REQUESTS),
    one(...NUMBERS),
    one(...TEXTS, ...MORE),
    fc.option(fc.tuple(fc.nat(), one(...' "[]\\-:\r\x00z9'.split(""))), { freq: 3 }),
  )
  .map(([who, time, request, numbers, texts, change]) => {
    const line = `${who} [${time}] "${request}" ${numbers}${texts}`;
    if (change === null) return line;
    const at = change[0] % line.length;
    return line.slice(0, at) + change[1] + line.slice(at + 1);
  });

/** The profile, or why there is none: a changed year may lie too far away. */
const outcomeOf = (log: Buffer, filter: CaptureFilter) =>
  captureTexts({ "a.log": log }, { logFormat: "combined", filter }).catch(
    (refused: unknown) => (refused as Error).message,
  );

describe("usual lines, which are read as bytes", () => {
  it("make what they make as text, with all that is odd between them", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(lineText, { minLength: 1, maxLength: 40 }), async (lines) => {
        const sure = '9.9.9.9 - - [10/Oct/2000:13:55:36 -0700] "GET /sure HTTP/1.1" 200 1';
        const log = Buffer.from([...lines, ...lines, sure].join("\n"), "latin1");
        const asBytes = await outcomeOf(log, {});
        // A filter wants to see requests, and this one lets all pass.
        const asText = await outcomeOf(log, { path: /^/ });
        expect(asBytes).toEqual(asText);
      }),
      { numRuns: 30 },
    );
  });
});

/** Each bit of a number flips bits of two words of one hash: it ends as it would without. */
function withOneHash(number: number): ViewedBytes {
  const bytes = Buffer.alloc(10 * 16, "a");
  for (let bit = 0; bit < 10; bit++) {
    if (((number >> bit) & 1) === 0) continue;
    bytes[bit * 16 + 3]! ^= 0x80;
    bytes[bit * 16 + 10]! ^= 0x01;
    bytes[bit * 16 + 11]! ^= 0x80;
  }
  return new ViewedBytes(bytes);
}

describe("a memo of bytes", () => {
  it("gives for each text and salt what was put last, or nothing; never another's", () => {
    const step = fc.record({ text: fc.string({ maxLength: 9 }), salt: fc.nat(2) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const memo = new ByteMemo<string>({ entriesMax: 16, bytesMax: 256 });
        const known = new Map<string, string>();
        for (const [index, { salt, text }] of steps.entries()) {
          const bytes = Buffer.from(`<${text}>`);
          const [from, to] = [1, bytes.length - 1];
          const name = `${salt} ${text}`;
          const found = memo.find(new ViewedBytes(bytes), from, to, salt);
          if (found === -1) known.set(name, String(index));
          const made = {
            made: `${index}!`,
            text: 2 ** 32 - 1 - index,
            note: name,
            tag: index,
            salt,
          };
          const put = (): number => memo.put(new ViewedBytes(bytes), from, to, made);
          const entry = found === -1 ? put() : found;
          const copied = new ViewedBytes(Buffer.alloc(16));
          expect(copied.bytes.toString("latin1", 0, memo.copyMade(entry, copied, 0))).toBe(
            `${known.get(name)!}!`,
          );
          expect(memo.textOf(entry)).toBe(2 ** 32 - 1 - Number(known.get(name)));
          expect(memo.tagOf(entry)).toBe(Number(known.get(name)));
          expect(memo.noteOf(entry)).toBe(name);
        }
      }),
    );
  });

  it("tells apart texts that were made to fall on one place, and never looks far for one", () => {
    const memo = new ByteMemo({ entriesMax: 2 ** 14, bytesMax: 2 ** 20 });
    const texts = Array.from({ length: 2 ** 10 }, (_, index) => withOneHash(index));
    const find = (text: ViewedBytes): number => memo.find(text, 0, text.bytes.length);
    const made = new ViewedBytes(Buffer.alloc(8));
    let known = 0;
    for (const [index, text] of texts.entries()) {
      expect(find(text)).toBe(-1);
      memo.put(text, 0, text.bytes.length, { made: String(index) });
      expect(find(text)).not.toBe(-1);
    }
    for (const [index, text] of texts.entries()) {
      const entry = find(text);
      if (entry === -1) continue;
      known++;
      expect(made.bytes.toString("latin1", 0, memo.copyMade(entry, made, 0))).toBe(String(index));
    }
    expect(known).toBeGreaterThan(1);
    expect(known).toBeLessThan(100);
  });
});
