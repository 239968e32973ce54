import { STATUS_CODES } from "node:http";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { keyedDraw } from "../../src/core/index.ts";
import { importStubs } from "../../src/emulator/foreign/index.ts";
import { createStubs, type Stubs, type StubSpec } from "../../src/emulator/stub/index.ts";
import {
  type DependencySpec,
  type EmulatorOptions,
  startEmulator,
} from "../../src/emulator/index.ts";
import { Scratch } from "../e2e/cli.ts";
import { bed } from "./emulator-fixture.ts";
import {
  type Answered,
  ask,
  type Asking,
  type Mirrored,
  missingWireMock,
  startMirror,
  startWireMock,
} from "./foreign-wiremock-fixture.ts";

const FOLDER = join(import.meta.dirname, "../fixtures/stubs/wiremock");
const missing = missingWireMock();

const paths =
  "/plain /plain?x=1&y=2 /plain?y=2&x=1 /path /users/12 /users/ann /users/ann/orders /search?q=a%20b /search " +
  "/shops/berlin/items/9 /shops/berlin/stock /shops/paris/stock /any /put /auth /prio /same " +
  "/state /bin /file /t/one /t/one/two /t/ /t/a%20b%2Fc/%C3%A9 /nothing";
const plain = fc.constantFrom(...paths.split(" "));
const withQuery = fc
  .tuple(
    fc.constantFrom("/q", "/q2", "/t/x", "/multi", "/prio", "/path", "/th"),
    fc.array(fc.constantFrom("a=1", "a=2", "a=abc", "a=ab%20c", "b=zed", "b=yes", "a=", "a=x+y"), {
      maxLength: 3,
    }),
  )
  .map(([path, pairs]) => (pairs.length === 0 ? path : `${path}?${pairs.join("&")}`));
const headerPath = fc.constantFrom("/h", "/h2", "/c", "/auth", "/t/h");
const headers = fc.record(
  {
    "x-kind": fc.constantFrom("One", "one", "TWO", "Three", "four", "total"),
    accept: fc.constantFrom("application/json", "text/html"),
    cookie: fc.constantFrom("session=abc", "other=1; session=cab", "session=zzz", "other=1"),
    authorization: fc.constantFrom(
      `Basic ${Buffer.from("ann:secret").toString("base64")}`,
      "Basic eDp5",
    ),
  },
  { requiredKeys: [] },
);
const bodies = [
  "hello",
  "hello world",
  "a\nb",
  "x",
  "",
  " Two  Words ",
  '{"a":1,"b":[1,2]}',
  '{"a":1,"b":[2,1]}',
  '{"b":[1,2],"a":1.0}',
  '{"a":1,"c":2}',
  "[2,1]",
  "[1,2,3]",
  "[3,2,1]",
  '{"name":"ann"}',
  '{"name":"bob"}',
  '{"name":null}',
  '{"name":""}',
  '{"name":[]}',
  '{"name":{"x":1},"items":[1,"two"]}',
  "{broken",
];
const withItems = [
  '{"items":[{"n":2}]}',
  '{"items":[{"n":8,"sku":"A1"}]}',
  '{"items":[{"sku":"B"},{"sku":"A"}]}',
];
const body = fc.constantFrom(...bodies, ...withItems);
const asking: fc.Arbitrary<Asking> = fc.oneof(
  fc.record({
    method: fc.constantFrom("GET", "GET", "GET", "POST", "PUT", "DELETE"),
    path: fc.oneof(plain, withQuery),
    headers,
    body: fc.constant(""),
  }),
  fc.record({ method: fc.constant("GET"), path: headerPath, headers, body: fc.constant("") }),
  fc.record({
    method: fc.constant("POST"),
    path: fc.constantFrom("/b", "/j", "/jp", "/tb", "/th", "/tb?a=1", "/th?a=1"),
    headers,
    body,
  }),
  fc.record({
    method: fc.constant("POST"),
    path: fc.constant("/te"),
    headers,
    body: fc.constantFrom(...withItems),
  }),
);

const RELEVANT = ["content-type", "x-from", "x-seg", "x-q", "x-multi", "set-cookie"];

/** A header as Node's client gives it. */
const received = (name: string, value: string | string[]): string | string[] =>
  name === "set-cookie" ? [value].flat() : [value].flat().join(", ");

const shown = (
  {
    status,
    statusText = STATUS_CODES[status],
  }: { status: number; statusText?: string | undefined },
  all: Readonly<Record<string, unknown>>,
  bytes: Buffer,
) => ({
  status,
  statusText,
  headers: RELEVANT.map((name) => [name, all[name]]),
  body: bytes.toString("latin1"),
});

/** What our stubs answer, as `shown`. */
function answerOf(stubs: Stubs, call: Asking, port: number): unknown {
  const hit = stubs.match(
    {
      method: call.method,
      path: call.path,
      headers: { host: `127.0.0.1:${port}`, ...call.headers },
      requestBytes: Buffer.byteLength(call.body),
      client: "127.0.0.1",
      nowNs: 0,
      inFlight: 1,
      ratePerSec: 1,
    },
    Buffer.from(call.body),
    keyedDraw("wiremock"),
  );
  if (hit === null) return { status: 404 };
  const named = Object.entries(hit.headers).map(([written, value]) => {
    const name = written.toLowerCase();
    return [name, received(name, value)];
  });
  return shown(hit, Object.fromEntries(named), hit.body);
}

const daysFromNow = (days: number): string =>
  new Date(Date.now() + days * 86_400_000).toISOString();

const part = (head: string, text: string): string => `--xyz\r\n${head}\r\n\r\n${text}\r\n`;
const field = (name: string, more = ""): string =>
  `Content-Disposition: form-data; name=${name}${more}`;
const INFO = part(`${field('"info"')}\r\nContent-Type: application/json`, '{"a":1}');
const TWICE = part(`${field('"b"').toLowerCase()}\r\nX-B: 1\r\nx-b: 2`, "ab");
const OTHER = part("Content-Disposition: attachment; filename=info", "ab");

/** Bodies in parts, without their last delimiter. */
const MULTIPART = [
  INFO,
  TWICE,
  INFO + TWICE,
  TWICE + OTHER + INFO,
  OTHER,
  part(field("e"), ""),
  part(field("é", '; filename="é.txt"'), "né"),
  part(field("é"), "néx"),
  part(field('"f"', '; filename="a.txt"'), "file"),
  part(field('""'), '{"a":2}'),
  part('Content-Disposition: form-data; filename="a; name=b"', '{"a":2}'),
  part("Content-Disposition: FORM-DATA ; NAME = b ", '{"a":2}'),
  part("Content-Disposition: form-data; name*=UTF-8''b", '{"a":2}'),
  part(`Content-Disposition: form-data;\r\n\tname="info"\r\nX-B:1`, '{"a":1}'),
  part(`Content-Disposition: attachment\r\n${field('"info"')}`, '{"a":1}'),
  part(`${field('"info"')}\r\nrubbish`, '{"a":1}'),
  part("Content-Type: application/json", '{"a":1}'),
  part(field('"two"'), "a\r\nb\r\n"),
  `before\r\n${INFO}`,
  `before${INFO}`,
  `${INFO}--xyz--\r\nafter`,
  `${INFO}--xyzq\r\nrest\r\n`,
  `${INFO}--xyz\n${field("x")}\r\n\r\nb\r\n`,
  INFO.replace("--xyz", "--xyz "),
  "",
];
const BROKEN = [INFO, INFO + TWICE.slice(0, 20), "hello", "", INFO.replaceAll("\r\n", "\n")];

const BOUNDARIES = [
  'multipart/form-data;boundary="xyz"',
  "Multipart/Mixed; boundary=xyz",
  "multipart/related; charset=utf-8; Boundary = xyz",
  "multipart/form-data, boundary=xyz",
  "multipart/form-data; boundary=xyz; charset=utf-8",
  "multipart/form-data; boundary=xyz, text/plain",
  "multipart/form-data; boundary=other",
  "multipart/form-data; boundary=",
  "multipart/form-data",
  "application/json; boundary=xyz",
  "multipart",
];

/** What each kind of operator is put to, in every mapping of its kind. */
const OPERANDS: Readonly<Record<string, readonly string[]>> = {
  date: [
    "2026-03-05T10:00:00Z",
    "2026-03-05T12:00:00+02:00",
    "2026-03-05T10:00:30.25Z",
    "2026-03-05T09:59:59.999Z",
    "2026-03-05T10:00Z",
    "2026-03-05T00:30:00+01:00",
    "2026-03-31T23:30:00-05:00",
    "2026-12-31T23:59:59Z",
    "2026-03-05T10:00:00",
    "2026-03-05T10:00:00.5",
    "2026-03-05",
    "2026-02-30",
    "Thu, 05 Mar 2026 10:00:00 GMT",
    "Thu, 5 Mar 2026 12:00:00 +0200",
    "Fri, 05 Mar 2026 10:00:00 GMT",
    "Thursday, 05-Mar-26 10:00:00 GMT",
    "Thu Mar 05 10:00:00 2026",
    "Thu Mar  5 10:00:00 2026",
    "05/03/2026 10:00:00",
    "05/03/2026",
    "Thu, 5 Mar 2026 10:00 +0000",
    daysFromNow(-1),
    daysFromNow(-10),
    daysFromNow(-500),
    daysFromNow(1),
    daysFromNow(40),
    daysFromNow(100).slice(0, 10),
    "soon",
    "",
  ],
  placeholder: [
    '{"id":"a","n":1}',
    '{"id":"","n":1.5}',
    '{"id":7,"n":"x"}',
    '{"n":1}',
    '{"n":1,"id":null}',
    '{"n":1,"id":[1],"m":2}',
    '{"ok":true,"id":"ABC"}',
    '{"ok":"true","id":"ABc"}',
    '{"id":"xy"}',
    '{"items":["b","a"]}',
    '{"items":["b",1]}',
    "[1,2]",
    "[1,null]",
    "[1]",
    '"x"',
    "12",
    "{}",
  ],
  form: [
    "a=1",
    "a=1&a=2",
    "a=2&a=1",
    "a=abc",
    "a=abc&c=1",
    "x+y=one%20two",
    "x%20y=one+two",
    "b=1",
    "",
  ],
  template: ["ab-12", "1,2", '{"name":"bob"}', "a=1&b=x%20y&a=2", "abc", ""],
  multipart: MULTIPART.map((parts) => `${parts}--xyz--\r\n`).concat(BROKEN),
  unix: ["1772704800", "1772704801", "1772704800000", "0", "-5"],
  json: [
    ...bodies,
    ...withItems,
    '{"items":[1]}',
    '{"name":"ann@example.com"}',
    "12",
    '"x"',
    "null",
  ],
  xml: [
    "<order><id>7</id><name>Ann</name></order>",
    "<order>\n  <name> Ann </name>\n  <id>7</id>\n</order>",
    "<?xml version='1.0'?><!-- c --><order><id><!-- d -->7</id><name>A<![CDATA[nn]]></name></order>",
    "<?xml version='1.0'?><!-- c --><order><id><!-- d -->7</id><name>A<!-- e -->nn</name></order>",
    "<order><id>7</id><name><![CDATA[Ann]]></name></order>",
    "<order><id>7</id><name>Ann<?pi a?></name></order>",
    "<order><id>7</id>text<name>Ann</name></order>",
    "<order><id x:y='1' xmlns:x='urn:x'>7</id><name>Ann</name></order>",
    "<order xmlns:x='urn:x'><id>7</id><name>Ann</name></order>",
    "<order><id>7</id><name>Ann&#32;</name></order>",
    "<!DOCTYPE order><order><id>7</id><name>Ann</name></order>",
    "<order><id>7</id><name>Ann</name><more/></order>",
    "<order><id>8</id><name>Bob</name></order>",
    "<order xmlns='urn:o'><id>7</id></order>",
    "<o:order xmlns:o='urn:o'><o:id>7</o:id></o:order>",
    "<p:order xmlns:p='urn:p'><p:id>7</p:id></p:order>",
    "<order><id>7</id></order>",
    "<order b='2' a='1'/>",
    "<order a=' 1 ' b='2'/>",
    "<order a='1' b='3'/>",
    "<order a='1'/>",
    "<order><item>1</item><item>2</item></order>",
    "<order><item>2</item><item>1</item></order>",
    "<order><item>1</item><item>2</item><item>3</item></order>",
    "<order><item>1</item></order>",
    "<order><id>7</id>",
    "<order/>",
    "no xml",
    "",
  ],
};

const HEADERS_OF: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  form: { "content-type": "application/x-www-form-urlencoded" },
  multipart: { "content-type": "multipart/form-data; boundary=xyz" },
};
const NO_LATENCY = { kind: "constant", value: "0ms" };

/** Starts an emulator whose dependency has these stubs. */
const playing = (stubs: readonly StubSpec[]) => (options: EmulatorOptions) => {
  const stock = { ...options.dependencies["stock"], stubs } as DependencySpec;
  return startEmulator({ ...options, dependencies: { stock } });
};

const proxyMappings = (proxyBaseUrl: string): unknown[] => [
  {
    request: { urlPathPattern: "/px/plain/.*" },
    response: { proxyBaseUrl, status: 404, body: "unused", fault: "EMPTY_RESPONSE" },
  },
  {
    request: { urlPathPattern: "/px/more/.*" },
    response: {
      proxyBaseUrl: `${proxyBaseUrl}/base`,
      proxyUrlPrefixToRemove: "/px/more",
      headers: { "x-own": "1", "x-up": "three" },
      additionalProxyRequestHeaders: { "x-added": "2" },
      removeProxyRequestHeaders: ["x-kind", "cookie"],
    },
  },
  {
    request: { urlPathPattern: "/px/other/.*", headers: { "x-kind": { equalTo: "One" } } },
    response: { proxyBaseUrl, proxyUrlPrefixToRemove: "/px/none", fixedDelayMilliseconds: 3 },
  },
  {
    request: { urlPathPattern: "/px/made/.*" },
    response: {
      proxyBaseUrl: "{{parameters.up}}/{{request.query.y}}/{{request.method}}",
      proxyUrlPrefixToRemove: "/px/made",
      headers: { "x-own": ["{{request.path}}", "z"] },
      additionalProxyRequestHeaders: { "x-added": ["{{request.pathSegments.[1]}}", "not sent"] },
      removeProxyRequestHeaders: ["x-kind"],
      statusMessage: "unused",
      transformers: ["response-template"],
      transformerParameters: { up: proxyBaseUrl },
    },
  },
  {
    request: { urlPathPattern: "/px/query/.*" },
    response: {
      proxyBaseUrl: `${proxyBaseUrl}/?kind={{request.headers.x-kind}}&rest=`,
      transformers: ["response-template"],
    },
  },
  {
    request: { urlPathPattern: "/px/plain-template/.*" },
    response: {
      proxyBaseUrl,
      proxyUrlPrefixToRemove: "/px",
      headers: { "x-own": "{{request.path}}" },
      transformers: ["response-template"],
    },
  },
];

const proxied: fc.Arbitrary<Asking> = fc
  .record({
    method: fc.constantFrom("GET", "POST", "PUT", "DELETE", "HEAD"),
    path: fc
      .tuple(
        fc.constantFrom("plain", "more", "other", "made", "query", "plain-template"),
        fc.constantFrom("a", "a%20b/c", "204", "418", "x?y=1&y=%26", "?q=a+b"),
      )
      .map(([kind, rest]) => `/px/${kind}/${rest}`),
    headers: fc.record(
      {
        "x-kind": fc.constantFrom("One", "two"),
        cookie: fc.constant("a=b; c=d"),
        "accept-encoding": fc.constant("identity"),
        "content-type": fc.constant("text/plain"),
      },
      { requiredKeys: ["content-type"] },
    ),
    body,
  })
  .map((call) => (/GET|HEAD|DELETE/.test(call.method) ? { ...call, body: "" } : call));

/** What the upstream saw, and what became of its answer. Clients differ in what else they say. */
function shownProxied({ body: bytes, headers: given, status, statusText }: Answered): object {
  if (status === 404) return { status };
  const own = ["x-up", "x-own", "set-cookie", "content-type"].map((name) => given[name]);
  if (bytes.length === 0) return { status, statusText, own };
  const seen = JSON.parse(bytes.toString()) as Mirrored;
  const relevant = /^(?:x-|cookie|host|accept-encoding|content-)/;
  const fields = Object.entries(seen.headers).filter(([name]) => relevant.test(name));
  return { status, statusText, own, seen: { ...seen, headers: Object.fromEntries(fields) } };
}

describe.skipIf(missing !== null && process.env["CI"] !== "true")(
  `a WireMock folder${missing === null ? "" : ` (${missing})`}`,
  () => {
    let wireMock: Awaited<ReturnType<typeof startWireMock>> | null = null;
    beforeAll(async () => {
      if (missing !== null) throw new Error(missing);
      wireMock = await startWireMock(FOLDER);
    }, 60_000);
    afterAll(() => wireMock?.end());

    /** Where the answers differ; it is told when hardly a call was answered at all. */
    const differencesOf = async (calls: readonly Asking[]): Promise<unknown[]> => {
      const ours = createStubs(importStubs(FOLDER).stubs, { wallMsAt: () => Date.now() });
      const differences: unknown[] = [];
      let answered = 0;
      for (const call of calls) {
        const real = await ask(wireMock!.port, call);
        const matched = real.headers["matched-stub-id"] !== undefined;
        answered += matched ? 1 : 0;
        const theirs = matched ? shown(real, real.headers, real.body) : { status: 404 };
        const mine = answerOf(ours, call, wireMock!.port);
        if (JSON.stringify(mine) !== JSON.stringify(theirs)) {
          differences.push({ call, mine, theirs });
        }
      }
      expect(answered).toBeGreaterThan(calls.length / 10);
      return differences;
    };

    it("is imported whole", () => {
      const { stubs, unsupported } = importStubs(FOLDER);
      expect(unsupported).toEqual([]);
      expect(stubs.length).toBeGreaterThan(100);
    });

    it("answers each of a few hundred calls as the real WireMock does", async () => {
      expect(await differencesOf(fc.sample(asking, { numRuns: 600, seed: 42 }))).toEqual([]);
    }, 60_000);

    it.each(Object.keys(OPERANDS))(
      "matches %s as the real WireMock does",
      async (kind) => {
        const mappings = importStubs(FOLDER).stubs.filter(({ request }) =>
          request.path?.startsWith(`/op/${kind}/`),
        );
        const calls = mappings.flatMap(({ request }) =>
          OPERANDS[kind]!.map((operand): Asking => {
            const { path = "" } = request;
            const told = HEADERS_OF[kind];
            if (told !== undefined) {
              return { method: "POST", path, headers: told, body: operand };
            }
            return request.body.length > 0
              ? { method: "POST", path, headers: {}, body: operand }
              : {
                  method: "GET",
                  path: `${path}?d=${encodeURIComponent(operand)}`,
                  headers: {},
                  body: "",
                };
          }),
        );
        expect(calls.length).toBeGreaterThan(5);
        expect(await differencesOf(calls)).toEqual([]);
      },
      60_000,
    );

    it("reads parts by the boundaries that the real WireMock sees", async () => {
      const calls = BOUNDARIES.flatMap((type) =>
        [0, 1, 3, 6].map((number): Asking => {
          const path = `/op/multipart/${number}`;
          const sent = { headers: { "content-type": type }, body: `${INFO}--xyz--\r\n` };
          return { method: "POST", path, ...sent };
        }),
      );
      expect(await differencesOf(calls)).toEqual([]);
    }, 60_000);

    it("says the reason phrases that the real WireMock says", async () => {
      const { stubs } = importStubs(FOLDER);
      const phrases = stubs.filter(({ request }) => request.path?.startsWith("/reason/"));
      expect(phrases.length).toBeGreaterThan(8);
      await using ours = await bed(playing(stubs), { latency: NO_LATENCY });
      const port = Number(new URL(ours.urlOf("control")).port);
      for (const { request } of phrases) {
        const call = { method: "GET", path: request.path!, headers: {}, body: "" };
        const [mine, theirs] = [await ask(port, call), await ask(wireMock!.port, call)];
        expect({ call, ...shown(mine, {}, mine.body) }).toEqual({
          call,
          ...shown(theirs, {}, theirs.body),
        });
      }
    }, 60_000);

    it("passes calls on to an upstream as the real WireMock does", async () => {
      using upstream = await startMirror();
      const mappings = { mappings: proxyMappings(upstream.url) };
      using folder = new Scratch();
      const file = folder.file("proxies.json", JSON.stringify(mappings));
      const added = await ask(wireMock!.port, {
        method: "POST",
        path: "/__admin/mappings/import",
        headers: {},
        body: JSON.stringify(mappings),
      });
      expect(added.status).toBe(200);
      const { stubs, unsupported } = importStubs(file);
      expect(unsupported).toEqual([]);
      await using ours = await bed(playing(stubs), { latency: NO_LATENCY });
      const port = Number(new URL(ours.urlOf("control")).port);
      for (const call of fc.sample(proxied, { numRuns: 120, seed: 7 })) {
        const [mine, theirs] = [await ask(port, call), await ask(wireMock!.port, call)];
        expect({ call, ...shownProxied(mine) }).toEqual({ call, ...shownProxied(theirs) });
      }
    }, 60_000);
  },
);
