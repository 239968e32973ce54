import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { keyedDraw } from "../../src/core/index.ts";
import { importStubs } from "../../src/emulator/foreign/index.ts";
import { createStubs } from "../../src/emulator/stub/index.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "shakedown-hoverfly-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const imported = (pairs: readonly unknown[], globalActions: object = {}) => {
  const file = join(folder, "stubs.json");
  const simulation = { data: { pairs, globalActions }, meta: { schemaVersion: "v5.2" } };
  writeFileSync(file, JSON.stringify(simulation));
  const { stubs, unsupported } = importStubs(file);
  return { stubs, named: unsupported.map(({ what, where }) => `${where}: ${what}`) };
};

const exact = (value: string) => [{ matcher: "exact", value }];
const glob = (value: string) => [{ matcher: "glob", value }];

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What a simulation's stubs answer, call by call; null: nothing. */
const player = (pairs: readonly unknown[]) => {
  const { stubs } = imported(pairs);
  const played = createStubs(stubs, { wallMsAt: () => 0 });
  return (path: string, { body = "", headers = {}, method = "GET" }: Asked = {}) => {
    const call = { method, path, headers, client: "", nowNs: 0, inFlight: 1, ratePerSec: 1 };
    const bytes = Buffer.from(body);
    const asked = { ...call, requestBytes: bytes.length };
    return played.match(asked, bytes, keyedDraw("seed", "x", -1, 0, 1))?.body.toString() ?? null;
  };
};

describe("a Hoverfly simulation", () => {
  it("becomes stubs, and what is not supported is named with its place", () => {
    const path = glob("/users/*");
    const { named, stubs } = imported([
      {
        request: { path, method: exact("GET"), query: {}, destination: exact("a.test") },
        response: { status: 201, body: "aGk=", encodedBody: true, fixedDelay: 20 },
      },
      { request: { path, requiresState: { a: "Started" } }, response: { status: 200 } },
    ]);
    expect(stubs).toMatchObject([
      {
        request: { method: ["GET"], pathPattern: "/users/.*" },
        response: { status: 201, base64: "aGk=" },
        latency: { kind: "constant", valueUs: 20_000 },
      },
    ]);
    expect(named).toEqual([
      "data.pairs[].request.destination: not looked at, of 1: one dependency",
      "data.pairs[1]: left out: data.pairs[1].request.requiresState.a: a state called Started is not supported",
    ]);
  });

  it("answers with its strongest match, and of equals with the last", () => {
    const answer = (body: string, request: object) => ({
      request,
      response: { status: 200, body },
    });
    const play = player([
      answer("exact", { path: exact("/a/b") }),
      answer("glob", { path: glob("/a/*") }),
      answer("glob with a header", { path: glob("/a/*"), headers: { X: exact("1") } }),
      answer("first of two", { path: exact("/c") }),
      answer("last of two", { path: exact("/c") }),
    ]);
    expect([play("/a/b"), play("/a/c")]).toEqual(["exact", "glob"]);
    expect(play("/a/b", { headers: { x: "1" } })).toBe("glob with a header");
    expect(play("/c")).toBe("last of two");
  });

  it("keeps several states, which have no value at first and lose it again", () => {
    const states = (path: string, body: string, requiresState: object, response: object = {}) => ({
      request: { path: exact(path), requiresState },
      response: { status: 200, body, ...response },
    });
    const play = player([
      states("/basket", "empty", { eggs: "no", milk: "no" }),
      states("/basket", "full", { eggs: "yes", milk: "yes" }),
      states("/fill", "filled", {}, { transitionsState: { eggs: "yes", milk: "yes" } }),
      states("/drink", "drunk", { milk: "yes" }, { removesState: ["milk"] }),
    ]);
    expect([play("/basket"), play("/drink")]).toEqual([null, null]);
    expect([play("/fill"), play("/basket")]).toEqual(["filled", "full"]);
    expect([play("/drink"), play("/basket"), play("/drink")]).toEqual(["drunk", null, null]);
  });

  it("plays a captured sequence from 1, up to its last", () => {
    const step = (state: string, next: string | null) => ({
      request: { path: exact("/job"), requiresState: { "sequence:1": state } },
      response: {
        status: 200,
        body: `step ${state}`,
        ...(next === null ? {} : { transitionsState: { "sequence:1": next } }),
      },
    });
    const play = player([step("1", "2"), step("2", "3"), step("3", null)]);
    const seen = [1, 2, 3, 4].map(() => play("/job"));
    expect(seen).toEqual(["step 1", "step 2", "step 3", "step 3"]);
  });

  it.each([
    ["negate", { matcher: "negate", value: "a" }, "b", "a"],
    ["xml", { matcher: "xml", value: "<a><b/></a>" }, "<a> <b></b> </a>", "<a/>"],
    ["xpath", { matcher: "xpath", value: "/a/b" }, "<a><b/></a>", "<a/>"],
    ["jsonPartial", { matcher: "jsonPartial", value: '{"a":1}' }, '{"a":1,"b":2}', '{"a":2}'],
    [
      "jsonPath and what it finds",
      { matcher: "jsonPath", value: "$.a", doMatch: { matcher: "glob", value: "x*" } },
      '{"a":"xy"}',
      '{"a":"yx"}',
    ],
    [
      "regex, and beside it another",
      { matcher: "regex", value: "^a", doMatch: { matcher: "regex", value: "z$" } },
      "abz",
      "abc",
    ],
  ])("matches a body by %s", (_what, matcher, right, wrong) => {
    const request = { path: exact("/"), body: [matcher] };
    const play = player([{ request, response: { status: 200, body: "yes" } }]);
    const asked = [right, wrong].map((body) => play("/", { method: "POST", body }));
    expect(asked).toEqual(["yes", null]);
  });

  // As in Hoverfly's documentation of its matchers.
  const TOKEN =
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ" +
    ".SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c";
  const says = (header: object, payload: object) => JSON.stringify({ header, payload });
  const subject = { sub: "1234567890", name: "John Doe" };
  const nameIn = { matcher: "jsonPath", value: "$.payload.name" };

  it.each([
    ["a part of what it says", { value: says({ alg: "HS256" }, subject) }, TOKEN, true],
    ["the payload alone", { value: '{"payload":{"iat":1516239022}}' }, TOKEN, true],
    ["a node of it", { value: '{"iat":1516239022}' }, TOKEN, true],
    ["another name", { value: says({}, { ...subject, name: "JohnDoe" }) }, TOKEN, false],
    ["no token", { value: "{}" }, "apple", false],
    ["a token whose head cannot be read", { value: says({}, {}) }, `Bearer ${TOKEN}`, false],
    ["its payload all the same", { value: '{"name":"John Doe"}' }, `Bearer ${TOKEN}`, true],
    [
      "and what a path finds in it",
      { value: "{}", doMatch: { ...nameIn, doMatch: { matcher: "glob", value: "J* Doe" } } },
      TOKEN,
      true,
    ],
    [
      "and what a path does not find in it",
      { value: "{}", doMatch: { ...nameIn, doMatch: { matcher: "exact", value: "Ann" } } },
      TOKEN,
      false,
    ],
  ])("matches a jwt by %s", (_what, asked, token, fits) => {
    const headers = { Authorization: [{ matcher: "jwt", ...asked }] };
    const request = { path: exact("/"), headers };
    const play = player([{ request, response: { status: 200, body: "yes" } }]);
    expect(play("/", { headers: { authorization: token } })).toBe(fits ? "yes" : null);
  });

  it.each([
    ['{"b":1}', '{"a":{"b":1,"c":2}}', true],
    ['{"a":[2,{"c":1}]}', '{"a":[1,{"b":1,"c":1},2]}', true],
    ['[{"a":null}]', '{"x":[3,{"a":null}]}', true],
    ['{"a":null}', '{"b":null}', false],
    ['{"a":[1]}', '{"a":1}', false],
    ['{"a":1}', '{"a":"1"}', false],
    ['{"a":1}', "[no json", false],
  ])("jsonPartial: %s in %s: %j", (value, body, fits) => {
    const request = { path: exact("/"), body: [{ matcher: "jsonPartial", value }] };
    const play = player([{ request, response: { status: 200, body: "yes" } }]);
    expect(play("/", { method: "POST", body })).toBe(fits ? "yes" : null);
  });

  it("matches forms field by field, and lists in any order where it is told to", () => {
    const form = { matcher: "form", value: { to: exact("me") } };
    const array = { matcher: "array", value: ["1", "2"], config: { ignoreOrder: true } };
    const play = player([
      { request: { path: exact("/form"), body: [form] }, response: { status: 200, body: "form" } },
      {
        request: { path: exact("/list"), query: { id: [array] } },
        response: { status: 200, body: "list" },
      },
    ]);
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    expect(play("/form", { method: "POST", headers, body: "a=1&to=me" })).toBe("form");
    expect(play("/form", { method: "POST", headers, body: "to=you" })).toBeNull();
    expect(["id=2&id=1", "id=1", "id=1&id=3"].map((query) => play(`/list?${query}`))).toEqual([
      "list",
      null,
      null,
    ]);
  });

  it("has its delays for all, by host, path and method; those that cannot be told are named", () => {
    const pair = (path: unknown, method: string, response: object = {}) => ({
      request: { path, method: exact(method), destination: exact("a.test") },
      response: { status: 200, ...response },
    });
    const delays = [
      { urlPattern: "a\\.test/slow", httpMethod: "POST", delay: 100 },
      { urlPattern: "b\\.test", delay: 200 },
    ];
    const delaysLogNormal = [{ urlPattern: ".", min: 0, max: 0, mean: 20, median: 20 }];
    const { named, stubs } = imported(
      [
        pair(exact("/slow"), "POST"),
        pair(exact("/slow"), "GET"),
        pair(exact("/own"), "GET", { fixedDelay: 5 }),
        pair(glob("/*"), "POST"),
      ],
      { delays, delaysLogNormal },
    );
    const law = { kind: "lognormal", medianUs: 20_000, sigma: 0 };
    const [own, get, post, some] = stubs.map(({ latency }) => latency);
    expect(post).toEqual({ ...law, shiftUs: 100_000 });
    expect([get, some]).toEqual([
      { ...law, shiftUs: 0 },
      { ...law, shiftUs: 0 },
    ]);
    expect(own).toEqual({ kind: "constant", valueUs: 5_000 });
    expect(named.slice(1)).toEqual([
      "data.pairs[3]: data.globalActions.delays[0] is left out: not of all its calls",
      "data.pairs[3]: data.globalActions.delays[1] is left out: not of all its calls",
    ]);
  });
});
