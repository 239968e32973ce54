import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  parseSubstitution,
  preparedRequest,
  type PreparedRequest,
  Substitutions,
  unknownRoutes,
} from "../../src/replay/index.ts";

const ROUTES = ["POST /login", "GET /cart"];
const [LOGIN, CART] = [0, 1];

function request(more: Partial<PreparedRequest> = {}): PreparedRequest {
  return preparedRequest({
    method: "GET",
    path: "/cart",
    headers: ["host", "shop"],
    body: null,
    route: CART,
    ...more,
  });
}

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

function rules(...texts: readonly string[]): Substitutions {
  return new Substitutions(texts.map(parseSubstitution), ROUTES, { sessionsMax: 8 });
}

/** What a rule makes of a request once the session has been answered with this JSON. */
function applied(rule: string, answer: unknown, to: PreparedRequest): PreparedRequest {
  const substitutions = rules(rule);
  substitutions.learn("s", LOGIN, [], json(answer));
  return substitutions.apply("s", to);
}

/** The request's head and body as a server would read them, with its length checked. */
function onTheWire({ wireBody, wireHead }: PreparedRequest) {
  const [line = "", ...lines] = wireHead.split("\r\n").slice(0, -1);
  const headers = lines.map((text) => text.split(/: (.*)/s) as [string, string]);
  const length = headers.find(([name]) => name === "content-length")?.[1];
  expect(length ?? "0").toBe(String(Buffer.byteLength(wireBody, "latin1")));
  return { line, headers, body: Buffer.from(wireBody, "latin1").toString("utf8") };
}

const TOKEN = "response.json(token)";

describe("a value that was learned", () => {
  it.each([
    ["header(x-token)", { headers: ["host", "shop", "X-Token", "old"] }, "X-Token new"],
    ["header(authorization)", { headers: ["authorization", "Bearer old"] }, "Bearer new"],
    ["cookie(sid)", { headers: ["cookie", "a=1; sid=old; b=2"] }, "a=1; sid=new; b=2"],
    ["cookie(sid)", {}, "cookie sid=new"],
    ["query(token)", { path: "/x?a=1&token=old&b" }, "/x?a=1&token=new&b"],
    ["path(1)", { path: "/carts/old?x=/1" }, "/carts/new?x=/1"],
    ["json(a[1].t)", { body: Buffer.from('{"a": [0, {"t":"old"}]}') }, '{"a": [0, {"t":"new"}]}'],
  ] as const)("goes to its place, and all else stays: %s", (place, shape, expected) => {
    const before = request(shape);
    const after = applied(`${TOKEN} -> request.${place}`, { token: "new" }, before);
    const all = `${after.path} ${after.headers.join(" ")} ${after.body?.toString() ?? ""}`;
    expect(all).toContain(expected);
    expect(all).not.toContain("old");
    expect(after.route).toBe(CART);
    onTheWire(after);
  });

  it("is written with `as`, which adds a header where none was; without it none is added", () => {
    const put = (rule: string) => applied(`${TOKEN} -> ${rule}`, { token: "$&" }, request());
    expect(put('request.header(authorization) as "Bearer {}"').headers.slice(2)).toEqual([
      "authorization",
      "Bearer $&",
    ]);
    const before = request();
    for (const place of ["header(x)", "query(x)", "json(x)", "path(7)"]) {
      expect(applied(`${TOKEN} -> request.${place}`, { token: "t" }, before)).toBe(before);
    }
  });

  it("keeps a captured number a number, where it is one", () => {
    const body = Buffer.from('{"id":7,"big":12345678901234567890}');
    const put = (id: unknown) =>
      applied("response.json(id) -> request.json(id)", { id }, request({ body })).body!.toString();
    expect(put(19)).toBe('{"id":19,"big":12345678901234567890}');
    expect(put("0x1")).toBe('{"id":"0x1","big":12345678901234567890}');
  });

  it("is of its session alone, and of the routes that the rule learns on", () => {
    const substitutions = rules(`${TOKEN} -> request.header(x) as "{}" on "POST /login"`);
    expect([LOGIN, CART].map((route) => substitutions.wantsContent(route))).toEqual([true, false]);
    substitutions.learn("a", CART, [], json({ token: "of the cart" }));
    substitutions.learn("b", LOGIN, [], json({ token: "b" }));
    const before = request();
    expect(substitutions.apply("a", before)).toBe(before);
    expect(substitutions.apply("b", before).headers).toContain("b");
    expect(
      unknownRoutes([parseSubstitution(`${TOKEN} -> request.query(x) on "GET /x"`)], ROUTES),
    ).toEqual(["GET /x"]);
  });

  it("is read through a content coding; what is no JSON, or not there, is no error", () => {
    const substitutions = rules(`${TOKEN} -> request.cookie(t)`);
    const before = request();
    const bodies = ["{", "", '{"token":{}}', '{"token":null}', '{"__proto__":1}', "[]", '"x"'];
    for (const body of bodies) substitutions.learn("s", LOGIN, [], Buffer.from(body));
    substitutions.learn("s", LOGIN, ["content-encoding", "gzip"], json({ token: "not gzip" }));
    substitutions.learn("s", LOGIN, null, null);
    expect(substitutions.apply("s", before)).toBe(before);
    const gzipped = gzipSync(json({ token: "t1" }));
    substitutions.learn("s", LOGIN, ["Content-Encoding", "gzip"], gzipped);
    expect(substitutions.apply("s", before).headers).toContain("t=t1");
  });

  it("counts: learned, applied, sent with the captured value, refused, forgotten", () => {
    const parsed = [parseSubstitution("response.header(x-token) -> request.header(x-token)")];
    const substitutions = new Substitutions(parsed, ROUTES, { sessionsMax: 2 });
    const carrying = request({ headers: ["x-token", "old"] });
    expect(substitutions.apply("a", carrying)).toBe(carrying);
    substitutions.apply("a", request());
    for (const session of ["a", "b", "c"]) {
      substitutions.learn(session, LOGIN, ["X-Token", session], null);
    }
    substitutions.learn("c", LOGIN, ["x-token", "y".repeat(8_193)], null);
    expect(substitutions.apply("c", carrying).headers).toEqual(["x-token", "c"]);
    substitutions.apply("a", carrying);
    expect(substitutions.counts).toEqual({
      learned: 3,
      applied: 1,
      missed: 2,
      refused: 1,
      forgotten: 1,
    });
  });
});

describe("a jar of cookies", () => {
  it("keeps what is set, drops what is deleted, and leaves other captured cookies", () => {
    const substitutions = rules("response.cookie(*) -> request.cookie(*)");
    const learn = (...cookies: readonly string[]) =>
      substitutions.learn(
        "s",
        CART,
        ["date", "Tue, 10 Sep 2019 18:22:26 GMT", ...cookies.flatMap((c) => ["Set-Cookie", c])],
        null,
      );
    const before = request({ headers: ["cookie", "theme=dark; sid=old", "accept", "*/*"] });
    const sent = () => substitutions.apply("s", before).headers;
    expect(sent()).toBe(before.headers);
    learn(
      "sid=s1; Path=/; HttpOnly",
      "cart=c1; Expires=Wed, 11 Sep 2019 18:22:26 GMT",
      "bad",
      "=x",
    );
    expect(sent()).toEqual(["cookie", "theme=dark; sid=s1; cart=c1", "accept", "*/*"]);
    learn("cart=gone; Expires=Mon, 09 Sep 2019 18:22:26 GMT", "theme=; Max-Age=0");
    expect(sent()).toEqual(["cookie", "sid=s1", "accept", "*/*"]);
    learn("sid=; Max-Age=-1");
    expect(sent()).toEqual(["accept", "*/*"]);
    learn("sid=s2; Max-Age=9; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
    expect(sent()).toEqual(["cookie", "sid=s2", "accept", "*/*"]);
  });

  it("holds fifty cookies, and lets the oldest go", () => {
    const substitutions = rules("response.cookie(*) -> request.cookie(*)");
    for (let i = 0; i < 60; i++) substitutions.learn("s", CART, ["set-cookie", `c${i}=1`], null);
    const cookies = substitutions.apply("s", request()).headers.at(-1)!.split("; ");
    expect(cookies).toEqual(Array.from({ length: 50 }, (_, i) => `c${i + 10}=1`));
  });
});

const PLACES = ["header(x-v)", "cookie(v)", "query(v)", "json(v)", "path(1)"] as const;
const hostile = fc.oneof(
  fc.constantFrom(".", "..", "../..", "%2e", "x\r\ny: z", "a; b=1", "a&v=2", '","w":"'),
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.string({
    unit: fc.constantFrom(...Array.from('a1;&=/?#%"\\ \r\n\0\t.+,é\u0085\u20ac')),
    minLength: 1,
    maxLength: 8,
  }),
);

it("whatever a target says, a request stays one request of the same shape, and its length right", () => {
  const before = request({
    method: "POST",
    path: "/a/old?u=1&v=old",
    headers: ["host", "shop", "x-v", "old", "cookie", "u=1; v=old"],
    body: Buffer.from('{"u":"é","v":"old"}'),
  });
  const [wire, shape] = [onTheWire(before), /^\/a\/[^/?#]+\?u=1&v=[^&#]*$/];
  fc.assert(
    fc.property(fc.constantFrom(...PLACES), hostile, (place, value) => {
      const after = applied(`${TOKEN} -> request.${place}`, { token: value }, before);
      const now = onTheWire(after);
      expect(now.line).toMatch(/^POST [\x21-\x7e]+ HTTP\/1\.1$/);
      expect(after.path).toMatch(shape);
      expect(new URL(after.path, "http://shop").pathname.split("/")).toHaveLength(3);
      expect(now.headers.map(([name]) => name)).toEqual(wire.headers.map(([name]) => name));
      // oxlint-disable-next-line no-control-regex -- control characters are what must not get there
      expect(after.headers.join("")).not.toMatch(/[\x00-\x1f\x7f\u0100-\uffff]/);
      expect(after.headers.at(-1)).toMatch(/^u=1; v=[^;]+$/);
      const body = JSON.parse(now.body) as Record<string, unknown>;
      expect(Object.keys(body)).toEqual(["u", "v"]);
      const values = {
        "header(x-v)": after.headers[3],
        "cookie(v)": after.headers[5]!.slice(7),
        "query(v)": new URLSearchParams(after.path.split("?")[1]).get("v"),
        "json(v)": body["v"],
        "path(1)": decodeURIComponent(after.path.split(/[/?]/)[2]!),
      };
      expect(["old", value]).toContain(values[place]);
      expect(after === before).toBe(values[place] === "old");
    }),
    { numRuns: 400 },
  );
});
