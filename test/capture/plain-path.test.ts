import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Redactor } from "../../src/capture/index.ts";
import { isPlainPath } from "../../src/capture/record-text.ts";

const PLAIN = [
  "",
  "a",
  "a.b",
  "7",
  "red-blue-17",
  "_x~",
  "203.0",
  ".113.9",
  "4111",
  "111111111111",
];
const ODD = [
  ["eyJhbGciOiJI", ".eyJzdWIiOiIx.abc", "%3D", "%40", "@", ":", "{", "[", "/", "?", ";", "#"],
  ["'", '"', "+", "(", "é", "ann@example.org", "http://a/", "4111111111111111"],
].flat();
const NAMES = ["q", "page", "a-b", "token", "apikey", "access-key", "sid", "x=1", "code", "%71"];
const text = fc
  .array(fc.oneof({ weight: 2, arbitrary: fc.constantFrom(...PLAIN) }, fc.constantFrom(...ODD)), {
    maxLength: 3,
  })
  .map((parts) => parts.join(""));
const pair = fc.tuple(fc.constantFrom(...NAMES), text).map(([name, value]) => `${name}=${value}`);
const path = fc
  .tuple(fc.array(text, { maxLength: 3 }), fc.array(pair, { maxLength: 3 }))
  .map(
    ([segments, pairs]) =>
      `/${segments.join("/")}${pairs.length === 0 ? "" : "?"}${pairs.join("&")}`,
  );

describe("plain paths, which are not looked at any further", () => {
  it("are what redaction leaves as they are and JSON writes without escapes", () => {
    const redactor = new Redactor(Buffer.alloc(32, 1));
    let [plain, queries] = [0, 0];
    fc.assert(
      fc.property(path.filter(isPlainPath), (one) => {
        plain++;
        queries += Number(one.includes("?"));
        expect(redactor.path(one)).toBe(one);
        expect(JSON.stringify(one)).toBe(`"${one}"`);
      }),
      { numRuns: 1_000 },
    );
    expect(Math.min(plain, queries)).toBeGreaterThan(20);
    expect(redactor.counts).toEqual([]);
  });

  it("are most of what logs have", () => {
    const usual = ["/", "/a/b-c.html", "/search?q=red-blue-17&page=3", "/x?a=", "/a?b=1.5&c=d_e"];
    expect(usual.filter(isPlainPath)).toEqual(usual);
    const odd = ["/a?token=x", "/a?b", "/a;sid=1", "/a?b=%41", "/a?x=203.0.113.9", "/a b", "x"];
    expect(odd.filter(isPlainPath)).toEqual([]);
  });
});
