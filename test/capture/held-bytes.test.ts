import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { LineBytes } from "../../src/capture/line-bytes.ts";
import { SharedTexts } from "../../src/capture/spill/texts.ts";
import { areEqual, copyBytes, ViewedBytes } from "../../src/capture/viewed-bytes.ts";
import { NamelessFile } from "../../src/core/index.ts";

const folder = mkdtempSync(join(tmpdir(), "shakedown-texts-"));
afterAll(() => rmSync(folder, { recursive: true }));

const LONG = 20_000;
/** Short ones, as most are, and such as fill a third of a page; of one to three bytes a character. */
const text = fc
  .tuple(fc.constantFrom("", "a", "é", "水", '"x/'), fc.oneof(fc.nat(40), fc.nat(LONG)), fc.nat())
  .map(([of, length, index]) => `${index}${of.repeat(Math.floor(length / (of.length || 1)))}`)
  .map((made) => made.slice(0, LONG));

describe("texts that records share", () => {
  it("come back by their numbers, in any order, however few pages of the file are held", () => {
    fc.assert(
      fc.property(
        fc.array(text, { minLength: 1, maxLength: 120 }),
        fc.infiniteStream(fc.nat()),
        fc.integer({ min: 1, max: 4 }),
        fc.boolean(),
        (texts, order, pagesHeldMax, inFile) => {
          const files: NamelessFile[] = [];
          const open = (): NamelessFile => {
            files.push(new NamelessFile(join(folder, "x-")));
            return files.at(-1)!;
          };
          const shared = new SharedTexts(inFile ? open : undefined, pagesHeldMax);
          const numbers = texts.map((one) => shared.add(one));
          expect(new Set(numbers).size).toBe(texts.length);
          for (const pick of order.take(300)) {
            const index = pick % texts.length;
            shared.find(numbers[index]!);
            expect(shared.page.bytes.toString("utf8", shared.from, shared.to)).toBe(texts[index]);
          }
          // One file at most, and none for what one page holds.
          expect(files.length).toBeLessThanOrEqual(inFile ? 1 : 0);
          for (const file of files) file[Symbol.dispose]();
        },
      ),
      { numRuns: 60 },
    );
  });

  it("one fills a page to the last byte, and what no page holds is refused", () => {
    const shared = new SharedTexts(undefined);
    shared.add("b");
    const whole = "a".repeat(2 ** 16 - 4);
    shared.find(shared.add(whole));
    expect(shared.page.bytes.toString("utf8", shared.from, shared.to)).toBe(whole);
    expect(() => shared.add(`${whole}a`)).toThrow(RangeError);
  });
});

describe("bytes by words", () => {
  it("are copied where they should, and nowhere else; and compared", () => {
    const source = new ViewedBytes(Buffer.from(Array.from({ length: 64 }, (_, i) => i + 1)));
    fc.assert(
      fc.property(fc.nat(60), fc.nat(60), fc.nat(20), (a, b, at) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        const target = new ViewedBytes(Buffer.alloc(96));
        expect(copyBytes(source, from, to, target, at)).toBe(at + to - from);
        const expected = Buffer.alloc(96);
        source.bytes.copy(expected, at, from, to);
        expect(target.bytes).toEqual(expected);
        expect(areEqual(target, at, source, from, to)).toBe(true);
        if (from === to) return;
        target.bytes[at + ((a * 7 + b) % (to - from))]! ^= 1;
        expect(areEqual(target, at, source, from, to)).toBe(false);
      }),
    );
  });
});

describe("numbers in lines", () => {
  it("are what JSON writes, in chunks that stay good until three more were taken", () => {
    const number = fc.oneof(
      fc.maxSafeNat(),
      fc.nat(1_000),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.constantFrom(99_999_999, 100_000_000, 1e16 - 2, 100_000_007, -1, 0.5),
    );
    fc.assert(
      fc.property(fc.array(fc.array(number, { minLength: 1 }), { minLength: 1 }), (lines) => {
        const line = new LineBytes(64);
        const taken: [Buffer, string][] = [];
        for (const numbers of lines) {
          for (const one of numbers) line.number(one);
          taken.push([line.take()!, numbers.map((one) => JSON.stringify(one)).join("")]);
          for (const [bytes, wanted] of taken.slice(-4)) {
            expect(bytes.toString("latin1")).toBe(wanted);
          }
        }
      }),
    );
  });
});
