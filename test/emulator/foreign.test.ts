import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { importStubs } from "../../src/emulator/foreign/index.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "shakedown-foreign-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const imported = (content: unknown) => {
  const file = join(folder, "stubs.json");
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
  const { stubs, unsupported } = importStubs(file);
  return { stubs, named: unsupported.map(({ what, where }) => `${where}: ${what}`) };
};

it("a syntax error is told with file, line and column", () => {
  expect(() => imported('{\n  "mappings": [\n    { "request": { ]\n')).toThrow(
    /stubs\.json:3:\d+: /,
  );
});

it("a file of no known kind is refused, and the message says what is read", () => {
  expect(() => imported({ hello: 1 })).toThrow("holds no stubs that we can read");
});

it("WireMock: what is not supported is named with its place", () => {
  const response = {
    status: 200,
    browserProxyUrl: "http://x",
    headers: { "Content-Type": ["a/b", "c/d"] },
  };
  const mappings = [
    { request: { url: "/a" }, response },
    {
      request: {
        url: "/b",
        bodyPatterns: [{ equalToXml: "<a/>", exemptedComparisons: ["ATTR_VALUE"] }],
      },
      response: {},
    },
    { request: { urlPathPattern: "(?<!" }, response: {} },
  ];
  const { named, stubs } = imported({ mappings });
  expect(stubs.length).toBe(1);
  expect(named.slice(0, 3)).toEqual([
    "mappings[0].response.browserProxyUrl: not supported",
    "mappings[0].response.headers.Content-Type: several values: the first is sent",
    "mappings[1]: left out: mappings[1].request.bodyPatterns[0]: exemptedComparisons is not supported",
  ]);
  expect(named[3]).toMatch(/^mappings\[2\]: left out: request.pathPattern is not a regular/);
});

it("WireMock: one of several methods is asked for; any but some is not", () => {
  const mappingOf = (method: unknown) => ({ request: { method, url: "/a" }, response: {} });
  const mappings = [{ oneOf: ["GET", "put"] }, { noneOf: ["GET"] }].map(mappingOf);
  const { named, stubs } = imported({ mappings });
  expect(stubs.map(({ request }) => request.method)).toEqual([["GET", "PUT"]]);
  expect(named).toEqual([
    "mappings[1]: left out: mappings[1].request.method: only one method, or oneOf, is supported",
  ]);
});

it("WireMock: a template that is none leaves its mapping out, and is named", () => {
  const templated = (body: string) => ({
    request: { url: "/a" },
    response: { body, transformers: ["response-template"] },
  });
  const mappings = ["{{request.url}}", "{{nosuch request.url}}", "{{#if"].map(templated);
  const { named, stubs } = imported({ mappings });
  expect(stubs.map(({ response }) => response?.body)).toEqual(["{{request.url}}"]);
  expect(named).toEqual([
    expect.stringMatching(
      /^mappings\[1\]: left out: response\.body .* nosuch \(line 1, column 3\)$/,
    ),
    expect.stringMatching(
      /^mappings\[2\]: left out: response\.body the template does not parse: [^\n]+$/,
    ),
  ]);
});

it("WireMock: of an upstream's address, and of parts, what cannot be told is named", () => {
  const mapping = (request: object, proxyBaseUrl: string, response: object = {}) => ({
    request: { url: "/a", ...request },
    response: { proxyBaseUrl, ...response },
  });
  const part = (more: object) => ({ multipartPatterns: [{ matchingType: "ANY", ...more }] });
  const transformers = ["response-template", "own"];
  const { named, stubs } = imported({
    mappings: [
      mapping({}, "http://a/{{request.method}}"),
      mapping({}, "http://a/{{nosuch 1}}", { transformers }),
      mapping({}, "http://a/b/"),
      mapping(part({ matchingType: "SOME" }), "http://a"),
      mapping(part({ bodyPatterns: [{ binaryEqualTo: "AQID" }] }), "http://a"),
      mapping(part({ fileName: "a" }), "http://a"),
      mapping(part({ name: "a" }), "{{request.query.up}}", { transformers }),
    ],
  });
  expect(stubs.map(({ response }) => response?.proxy?.to)).toEqual([
    "{{request.query.up}}",
    "http://a/b/",
  ]);
  const at = (index: number) => `mappings[${index}]: left out: mappings[${index}].`;
  expect(named).toEqual([
    `${at(0)}response.proxyBaseUrl: is a template, and no transformer reads it`,
    "mappings[1].response.transformers: own is not supported",
    expect.stringMatching(/^mappings\[1\]: left out: response\.proxy\.to .* nosuch /),
    "mappings[2].response.proxyBaseUrl: the slash at its end is left out",
    `${at(3)}request.multipartPatterns[0].matchingType: is ANY or ALL`,
    `${at(4)}request.multipartPatterns[0].bodyPatterns[0]: binaryEqualTo is not supported`,
    `${at(5)}request.multipartPatterns[0]: fileName is not supported`,
    "mappings[6].response.transformers: own is not supported",
  ]);
});

it("WireMock: an option that its operator does not have leaves the mapping out, and is named", () => {
  const header = { contains: "a", caseInsensitive: true };
  const { named, stubs } = imported({ request: { headers: { A: header } }, response: {} });
  expect(stubs).toEqual([]);
  expect(named).toEqual([": left out: request.headers.A: caseInsensitive is not supported"]);
});

it("headers with several values keep them all, in WireMock as in Hoverfly", () => {
  const headers = { "Set-Cookie": ["a=1", "b=2"], "X-One": ["1"] };
  const response = { status: 200, headers };
  const pairs = [{ request: {}, response }];
  for (const content of [
    { request: {}, response },
    { data: { pairs }, meta: { schemaVersion: "v5" } },
  ]) {
    const { named, stubs } = imported(content);
    expect(named).toEqual([]);
    expect(stubs[0]?.response?.headers).toEqual({ "Set-Cookie": ["a=1", "b=2"], "X-One": "1" });
  }
});

it("WireMock: a condition that cannot be asked leaves the mapping out, and says why", () => {
  const conditions: readonly [condition: object, why: RegExp][] = [
    [{ before: "yesterday" }, /body\.0.*before.* is not a date and time/],
    [
      { after: "now", actualFormat: "QQQ" },
      /actualFormat is not a date's pattern: QQQ is not known/,
    ],
    [{ equalToDateTime: "now", truncateActual: "week" }, /truncateActual is no truncation/],
    [{ lessThanNumber: "many" }, /lessThanNumber holds no number/],
    [{ matchesJsonSchema: {}, schemaVersion: "V3" }, /schemaVersion is no draft/],
    [{ matchesJsonSchema: { type: "strnig" } }, /matchesJsonSchema is no JSON Schema/],
    [
      { matchesJsonSchema: { $ref: "http://example.com/a.json" } },
      /is no JSON Schema: can't resolve/,
    ],
    [{ matchesJsonSchema: { type: "strnig" }, schemaVersion: "V4" }, /is no JSON Schema/],
    [{ matchesJsonSchema: "{" }, /matchesJsonSchema holds no JSON/],
    [{ equalToXml: "<a>" }, /equalToXml is not well-formed XML/],
    [{ equalToXml: "<a/>", enablePlaceholders: true }, /enablePlaceholders is not supported/],
    [{ matchesXPath: "//" }, /matchesXPath is not an XPath/],
    [{ matchesXPath: "//n:a" }, /matchesXPath is not an XPath: Cannot resolve QName n/],
  ];
  for (const [condition, why] of conditions) {
    const { named, stubs } = imported({ request: { bodyPatterns: [condition] }, response: {} });
    expect(stubs).toEqual([]);
    expect(named.join("\n")).toMatch(why);
  }
});

it("WireMock: a fault comes in an answer that says nothing else", () => {
  const fault = "MALFORMED_RESPONSE_CHUNK";
  const response = { status: 500, statusMessage: "Oh", headers: { "x-a": "b" }, fault };
  const { named, stubs } = imported({ request: {}, response });
  expect(named).toEqual([]);
  expect(stubs[0]).toMatchObject({
    fault: { kind: "malformed-chunk" },
    response: { status: 200, headers: {} },
  });
  expect(stubs[0]?.response).not.toHaveProperty("statusText");
});

it("WireMock: a delay beside a dribble is told", () => {
  const chunkedDribbleDelay = { numberOfChunks: 2, totalDuration: 10 };
  const response = { fixedDelayMilliseconds: 5, chunkedDribbleDelay };
  const { named, stubs } = imported({ request: {}, response });
  expect(stubs.length).toBe(1);
  expect(named).toEqual([
    expect.stringMatching(/^response\.chunkedDribbleDelay: beside fixedDelay/),
  ]);
});

it("WireMock: a condition of another type than it has is not passed over, a file that cannot be read neither", () => {
  const part = (more: object) => ({ multipartPatterns: [more] });
  const requests = [
    { multipartPatterns: { matchingType: "ANY" } },
    { multipartPatterns: ["x"] },
    { multipartPatterns: [null] },
    part({ bodyPatterns: { equalTo: "a" } }),
    part({ headers: ["a"] }),
    { bodyPatterns: { equalTo: "a" } },
    { headers: "a" },
    { headers: { a: { hasExactly: { equalTo: "a" } } } },
    { multipartPatterns: null, bodyPatterns: null, headers: null },
    part({ headers: null, bodyPatterns: null }),
  ];
  const mappings = requests.map((request) => ({
    request: { url: "/a", ...request },
    response: {},
  }));
  const { named, stubs } = imported({
    mappings: [...mappings, { request: { url: "/b" }, response: { bodyFileName: ".." } }],
  });
  expect(stubs.length).toBe(2);
  const at = (index: number) => `mappings[${index}]: left out: mappings[${index}].request.`;
  expect(named).toEqual([
    `${at(0)}multipartPatterns: is no list`,
    `${at(1)}multipartPatterns[0]: is no object`,
    `${at(2)}multipartPatterns[0]: is no object`,
    `${at(3)}multipartPatterns[0].bodyPatterns: is no list`,
    `${at(4)}multipartPatterns[0].headers: is no object`,
    `${at(5)}bodyPatterns: is no list`,
    `${at(6)}headers: is no object`,
    `${at(7)}headers.a.hasExactly: is no list`,
    expect.stringMatching(/^mappings\[10\]: left out: response\.bodyFileName: \/.*: EISDIR/),
  ]);
});

it("Hoverfly: a condition of another type than it has is not passed over", () => {
  const exact = { matcher: "exact", value: "/a" };
  const partial = (value: string) => ({ body: [{ matcher: "jsonPartial", value }] });
  const requests = [
    { path: exact },
    { headers: [exact] },
    { query: { a: exact } },
    { body: exact },
    partial("5"),
    partial('"x"'),
    { path: null, query: null, headers: null, body: null },
    partial("[5]"),
  ];
  const pairs = requests.map((request) => ({ request, response: {} }));
  const { named, stubs } = imported({ data: { pairs }, meta: { schemaVersion: "v5" } });
  expect(stubs.length).toBe(2);
  const at = (index: number) => `data.pairs[${index}]: left out: `;
  expect(named).toEqual([
    `${at(0)}data.pairs[0].request.path: is no list`,
    `${at(1)}data.pairs[1].request.headers: is no object`,
    `${at(2)}data.pairs[2].request.query.a: is no list`,
    `${at(3)}data.pairs[3].request.body: is no list`,
    `${at(4)}request.body.0.containsJson is an object or a list`,
    `${at(5)}request.body.0.containsJson is an object or a list`,
  ]);
});
