import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keyedDraw } from "../../src/core/index.ts";
import { createStubs, stubSchema } from "../../src/emulator/stub/index.ts";

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 2, 31, 12, 30, 45, 500);
const draw = keyedDraw("matcher");

/** Whether a body is what the matcher asks for, of a call that comes at `NOW_MS`. */
function matcherOf(body: unknown): (text: string) => boolean {
  const spec = stubSchema.parse({ request: { body } });
  const stubs = createStubs([spec], { wallMsAt: () => NOW_MS });
  const context = {
    headers: {},
    requestBytes: 0,
    client: "",
    nowNs: 0,
    inFlight: 1,
    ratePerSec: 1,
  };
  return (text) =>
    stubs.match({ ...context, method: "POST", path: "/" }, Buffer.from(text), draw) !== null;
}

const iso = (atMs: number): string => new Date(atMs).toISOString();

describe("dates", () => {
  const someMs = fc.integer({ min: Date.UTC(1970, 0, 1), max: Date.UTC(2100, 0, 1) });

  it("of two dates exactly one of before, equal and after holds, whatever zone they name", () => {
    const aheadMin = fc.integer({ min: -12 * 60, max: 14 * 60 });
    fc.assert(
      fc.property(someMs, fc.constantFrom(-1, 0, 1), aheadMin, (atMs, differMs, ahead) => {
        const hours = `0${Math.floor(Math.abs(ahead) / 60)}`.slice(-2);
        const minutes = `0${Math.abs(ahead) % 60}`.slice(-2);
        const wall = iso(atMs + differMs + ahead * 60_000).slice(0, -1);
        const actual = `${wall}${ahead < 0 ? "-" : "+"}${hours}:${minutes}`;
        const holds = ["before", "equalToDateTime", "after"].map((operator) =>
          matcherOf({ [operator]: iso(atMs) })(actual),
        );
        expect(holds).toEqual([differMs < 0, differMs === 0, differMs > 0]);
      }),
      { numRuns: 100 },
    );
  });

  it("a date reads the same in each form that it can be written in", () => {
    const forms: readonly [text: (atMs: number) => string, actualFormat?: string][] = [
      [(atMs) => new Date(atMs).toUTCString()],
      [(atMs) => String(atMs / 1000), "unix"],
      [(atMs) => String(atMs), "epoch"],
      [(atMs) => iso(atMs).replace("T", " ").slice(0, 19), "yyyy-MM-dd HH:mm:ss"],
    ];
    fc.assert(
      fc.property(someMs, fc.constantFrom(...forms), (ms, [text, actualFormat]) => {
        const atMs = Math.floor(ms / 1000) * 1000;
        const matcher = { equalToDateTime: iso(atMs), ...(actualFormat && { actualFormat }) };
        expect(matcherOf(matcher)(text(atMs))).toBe(true);
        expect(matcherOf(matcher)(text(atMs + 1000))).toBe(false);
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    ["now", {}, NOW_MS],
    ["now -3 days", {}, NOW_MS - 3 * DAY_MS],
    ["now +1 months", {}, Date.UTC(2026, 3, 30, 12, 30, 45, 500)],
    ["now -1 months", {}, Date.UTC(2026, 1, 28, 12, 30, 45, 500)],
    ["now +2 years", {}, Date.UTC(2028, 2, 31, 12, 30, 45, 500)],
    ["now +1 months", { truncateExpected: "first day of month" }, Date.UTC(2026, 3, 1)],
    ["now", { truncateExpected: "first minute of hour" }, Date.UTC(2026, 2, 31, 12)],
    [
      "now +1 months",
      { truncateExpected: "last day of month", applyTruncationLast: true },
      Date.UTC(2026, 3, 30),
    ],
  ])("%s %j is counted from when the call came, in UTC", (expected, options, atMs) => {
    const matches = matcherOf({ equalToDateTime: expected, ...options });
    expect([atMs - 1, atMs, atMs + 1].map((ms) => matches(iso(ms)))).toEqual([false, true, false]);
  });
});

it("of two numbers, the operators hold as the signs do; what is no number matches none", () => {
  const operators =
    "lessThanNumber lessThanEqualNumber equalToNumber greaterThanEqualNumber greaterThanNumber";
  const holding = (expected: number, text: string): string[] =>
    operators.split(" ").filter((operator) => matcherOf({ [operator]: expected })(text));
  const signs: Readonly<Record<number, string[]>> = {
    [-1]: ["lessThanNumber", "lessThanEqualNumber"],
    0: ["lessThanEqualNumber", "equalToNumber", "greaterThanEqualNumber"],
    1: ["greaterThanEqualNumber", "greaterThanNumber"],
  };
  const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
  fc.assert(
    fc.property(finite, finite, (expected, actual) => {
      const sign = Number(actual > expected) - Number(actual < expected);
      expect(holding(expected, String(actual))).toEqual(signs[sign]);
      expect(holding(expected, String(expected))).toEqual(signs[0]);
    }),
    { numRuns: 60 },
  );
  for (const text of ["x", "1x", "0x10", "Infinity", "NaN", "1,5"]) {
    expect(holding(1, text)).toEqual([]);
  }
  expect(holding(7, "007.0")).toEqual(signs[0]);
});

it("XML is equal whatever the prefixes, the comments, and the order of attributes", () => {
  const matches = matcherOf({ equalToXml: '<a xmlns="urn:x" p="1" q="2"><b>t</b><c/></a>' });
  const same = [
    '<z:a xmlns:z="urn:x" q="2" p="1"><z:c/><!-- x --><z:b> t </z:b></z:a>',
    '<a xmlns="urn:x" p="1" q="2"><b>t</b><c></c></a>',
  ];
  const other = [
    '<a p="1" q="2"><b>t</b><c/></a>',
    '<a xmlns="urn:x" p="1" q="3"><b>t</b><c/></a>',
    '<a xmlns="urn:x" p="1" q="2"><b>t</b><c/><c/></a>',
    "<a",
  ];
  expect([...same, ...other].map(matches)).toEqual([true, true, false, false, false, false]);
});

it("XML that multiplies itself, or is nested without end, matches nothing and harms nobody", () => {
  const bomb = `<!DOCTYPE a [<!ENTITY x "${"y".repeat(100)}"><!ENTITY z "&x;&x;">]><a>&z;</a>`;
  const outside = `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>`;
  const deep = `${"<a>".repeat(20_000)}${"</a>".repeat(20_000)}`;
  for (const matcher of [{ equalToXml: "<a><b/></a>" }, { matchesXPath: "//b" }]) {
    expect([bomb, outside, deep].map(matcherOf(matcher))).toEqual([false, false, false]);
  }
});

it("XPath: without a value, what is found has to be nodes, or true, or not empty", () => {
  const text = "<a><b>1</b></a>";
  const found = ["//b", "count(//b) = 1", "string(//b)", "//c", "count(//c)", "string(//c)"];
  expect(found.map((matchesXPath) => matcherOf({ matchesXPath })(text))).toEqual([
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
});

it("operators can be asked of what a path finds, and be negated", () => {
  const path = (matchesJsonPath: string, value: object) => ({ matchesJsonPath, value });
  const matches = matcherOf([
    path("$.id", { greaterThanNumber: 5 }),
    path("$.xml", { matchesXPath: "//b/text()", value: { lessThanNumber: 2 } }),
    { not: { matchesJsonSchema: { required: ["gone"] } } },
  ]);
  expect(matches('{"id":6,"xml":"<b>1</b>"}')).toBe(true);
  expect(matches('{"id":5,"xml":"<b>1</b>"}')).toBe(false);
  expect(matches('{"id":6,"xml":"<b>2</b>"}')).toBe(false);
  expect(matches('{"id":6,"xml":"<b>1</b>","gone":1}')).toBe(false);
});

it("a schema of draft 04 has exclusive bounds that are switches, and an id, at any depth", () => {
  const size = { type: "number", minimum: 1, exclusiveMinimum: true, maximum: 3 };
  const matchesJsonSchema = {
    $schema: "http://json-schema.org/draft-04/schema#",
    id: "http://shop.test/root.json",
    definitions: { size },
    properties: {
      a: { $ref: "#/definitions/size" },
      id: { type: "array", items: [{ ...size, exclusiveMaximum: true }] },
      free: { enum: [{ minimum: 1, exclusiveMinimum: true }] },
    },
  };
  const matches = matcherOf([{ matchesJsonSchema, schemaVersion: "V4" }]);
  const allowed = [
    '{"a":2}',
    '{"a":3}',
    '{"id":[2]}',
    '{"free":{"minimum":1,"exclusiveMinimum":true}}',
  ];
  const refused = ['{"a":1}', '{"a":4}', '{"id":[3]}', '{"id":[1]}', '{"id":"x"}', '{"free":1}'];
  expect([allowed.map(matches), refused.map(matches)]).toEqual([
    allowed.map(() => true),
    refused.map(() => false),
  ]);
});
