import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { canonicalJson, sha256Hex } from "../../src/core/index.ts";

/** The same value, every object's keys inserted the other way round. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).toReversed();
  return Object.fromEntries(entries.map(([key, inner]) => [key, reversed(inner)]));
}

it("canonical JSON has the same bytes whatever the order of keys, and loses nothing", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(canonicalJson(reversed(value))).toBe(canonicalJson(value));
      expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

it("canonical JSON sorts keys at every depth, keeps lists in order and leaves undefined out", () => {
  expect(canonicalJson({ b: [{ d: 1, c: [3, 1, 2] }], a: undefined, A: null })).toBe(
    '{"A":null,"b":[{"c":[3,1,2],"d":1}]}',
  );
});

it("SHA-256 is of the UTF-8 bytes", () => {
  // NIST's vector for "abc".
  expect(sha256Hex("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const bytes = Buffer.from([0xc3, 0xa9]);
  expect(sha256Hex("\u00e9")).toBe(createHash("sha256").update(bytes).digest("hex"));
});
