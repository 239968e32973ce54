import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { keyedDraw } from "../../src/core/index.ts";
import { importStubs } from "../../src/emulator/foreign/index.ts";
import { createStubs } from "../../src/emulator/stub/index.ts";
import { ask, type Asking, missingWireMock, startWireMock } from "./foreign-wiremock-fixture.ts";

const FOLDER = join(import.meta.dirname, "../fixtures/stubs/wiremock");
const missing = missingWireMock();

const paths =
  "/plain /plain?x=1&y=2 /plain?y=2&x=1 /path /users/12 /users/ann /users/ann/orders /search?q=a%20b /search " +
  "/shops/berlin/items/9 /shops/berlin/stock /shops/paris/stock /any /put /auth /prio /same " +
  "/state /bin /file /t/one /t/one/two /t/ /nothing";
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

describe.skipIf(missing !== null && process.env["CI"] !== "true")(
  `a WireMock folder${missing === null ? "" : ` (${missing})`}`,
  () => {
    let wireMock: Awaited<ReturnType<typeof startWireMock>> | null = null;
    beforeAll(async () => {
      if (missing !== null) throw new Error(missing);
      wireMock = await startWireMock(FOLDER);
    }, 60_000);
    afterAll(() => wireMock?.end());

    it("answers each of a few hundred calls as the real WireMock does", async () => {
      const { stubs: specs, unsupported } = importStubs(FOLDER);
      expect(unsupported).toEqual([]);
      expect(specs.length).toBeGreaterThan(40);
      const stubs = createStubs(specs, { wallMsAt: () => 0 });
      const ours = (call: Asking): unknown => {
        const hit = stubs.match(
          {
            method: call.method,
            path: call.path,
            headers: { host: `127.0.0.1:${wireMock!.port}`, ...call.headers },
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
        return shown(hit.status, Object.fromEntries(named), hit.body);
      };
      const shown = (status: number, all: Readonly<Record<string, unknown>>, bytes: Buffer) => ({
        status,
        headers: RELEVANT.map((name) => [name, all[name]]),
        body: bytes.toString("latin1"),
      });
      const differences: unknown[] = [];
      for (const call of fc.sample(asking, { numRuns: 600, seed: 42 })) {
        const real = await ask(wireMock!.port, call);
        const matched = real.headers["matched-stub-id"] !== undefined;
        const theirs = matched ? shown(real.status, real.headers, real.body) : { status: 404 };
        const mine = ours(call);
        if (JSON.stringify(mine) !== JSON.stringify(theirs))
          differences.push({ call, mine, theirs });
      }
      expect(differences).toEqual([]);
    }, 60_000);
  },
);
