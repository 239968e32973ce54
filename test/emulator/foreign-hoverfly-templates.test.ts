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

const imported = (pairs: readonly object[], data: object = {}) => {
  const file = join(folder, "stubs.json");
  writeFileSync(
    file,
    JSON.stringify({ data: { pairs, ...data }, meta: { schemaVersion: "v5.2" } }),
  );
  const { stubs, unsupported } = importStubs(file);
  return { stubs, named: unsupported.map(({ what, where }) => `${where}: ${what}`) };
};

const exact = (value: string) => [{ matcher: "exact", value }];
const templated = (body: string, more: object = {}) => ({
  request: {},
  response: { status: 200, templated: true, body, ...more },
});

interface Asked {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly key?: string;
}

/** 2026-03-05T10:07:09.25Z, a Thursday. */
const NOW_MS = Date.UTC(2026, 2, 5, 10, 7, 9, 250);

const player = (pairs: readonly object[], data: object = {}) => {
  const { named, stubs } = imported(pairs, data);
  expect(named).toEqual([]);
  const played = createStubs(stubs, { wallMsAt: () => NOW_MS });
  return ({ body = "", headers = {}, key = "seed", method = "GET", path = "/" }: Asked = {}) => {
    const call = { method, path, headers, client: "", nowNs: 0, inFlight: 1, ratePerSec: 1 };
    const bytes = Buffer.from(body);
    return played.match({ ...call, requestBytes: bytes.length }, bytes, keyedDraw(key))!;
  };
};

const rendered = (template: string, asked: Asked = {}, data: object = {}): string =>
  player([templated(template)], data)(asked).body.toString();

describe("what Hoverfly's documentation says of a request", () => {
  const json = '{ "id": 123, "username": "hoverfly" }';
  it.each<readonly [string, Asked, string]>([
    ["{{ Request.Scheme }}", {}, "http"],
    ["{{ Request.QueryParam.myParam }}", { path: "/?myParam=bar" }, "bar"],
    ["{{ Request.QueryParam.name.[1] }}", { path: "/?name=bar1&name=bar2" }, "bar2"],
    ["{{ Request.Path.[1] }}", { path: "/zero/one/two" }, "one"],
    ["{{ Request.Method }}", { method: "PUT" }, "PUT"],
    ["{{ Request.Host }}", { headers: { host: "Foo.com:80" } }, "foo.com:80"],
    ["{{ Request.Body 'jsonpath' '$.id' }}", { body: json }, "123"],
    ['{{ Request.Body "jsonpath" "$.id" }}', { body: json }, "123"],
    ["{{ requestBody 'jsonpath' '$.username' }}", { body: json }, "hoverfly"],
    ["{{ Request.Body 'xpath' '/root/id' }}", { body: "<root><id>123</id></root>" }, "123"],
    ["{{ Request.Header.X-Header-Id }}", { headers: { "x-header-id": "bar" } }, "bar"],
    ["{{ Request.Header.X-Header-Id.[0] }}", { headers: { "x-header-id": "bar" } }, "bar"],
    [
      "{{ replace Request.QueryParam.sound 'oink' 'moo' }}",
      { path: "/?sound=oink,oink" },
      "moo,moo",
    ],
  ])("%s", (template, asked, said) => {
    expect(rendered(template, asked)).toBe(said);
  });

  it("form data, field by field", () => {
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const body = "email=foo%40bar.com&email=b";
    const asked = { method: "POST", headers, body };
    expect(rendered("{{ Request.FormData.email.[0] }}", asked)).toBe("foo@bar.com");
  });

  // The template of TestApplyTemplateWithRequestDetails, without what comes several times.
  it("its own test's template gives what that test expects", () => {
    const template = `
Query param value: {{ Request.QueryParam.singular }}

Query param value by index: {{ Request.QueryParam.multiple.[0] }}
List of query param values: {{ Request.QueryParam.multiple}}
Looping through query params: {{#each Request.QueryParam.multiple}}{{ this }}-{{/each}}

Header value: {{ Request.Header.X-Singular }}

Path param value: {{ Request.Path.[0] }}
All path param values: {{ Request.Path }}
Looping through path params: {{#each Request.Path}}{{ this }}-{{/each}}`;
    const path = "/foo/bar?singular=1&multiple=2&multiple=3";
    expect(rendered(template, { path, headers: { "x-singular": "a" } })).toBe(`
Query param value: 1

Query param value by index: 2
List of query param values: 23
Looping through query params: 2-3-

Header value: a

Path param value: foo
All path param values: foobar
Looping through path params: foo-bar-`);
  });

  it("what is not there is written as nothing", () => {
    const names =
      "QueryParam.singular QueryParam.multiple.[0] Header.X-One Header.X-One.[0] Path.[3] FormData.a".split(
        " ",
      );
    const template = names.map((name) => `<{{ Request.${name} }}>`).join("");
    expect(rendered(template)).toBe("<>".repeat(names.length));
    expect(rendered("{{#each Request.QueryParam.a}}a{{else}}none{{/each}}{{State.x}}")).toBe(
      "none",
    );
    expect(rendered("{{ Request.Body 'jsonpath' '$.a.b' }}", { body: '{"a":1}' })).toBe("");
    expect(rendered("{{ Request.Body 'jsonpath' '$.a' }}", { body: "no json" })).toBe("");
    expect(rendered("{{ Request.Body 'xpath' '/a' }}", { body: "no xml" })).toBe("");
  });

  it("a path is decoded where it is encoded as usual, and else as sent", () => {
    const paths = ["/a%20b/c", "/a%2Fb", "/%c3%a9", "/%C3%A9", "/a+b!", "/%E9"];
    expect(paths.map((path) => rendered("{{{ Request.Path.[0] }}}", { path }))).toEqual([
      "a b",
      "a%2Fb",
      "%c3%a9",
      "é",
      "a+b!",
      "%E9",
    ]);
  });
});

describe("what a JSONPath of Hoverfly's finds", () => {
  const body = JSON.stringify({
    large: 5553686208582,
    small: 0.00001,
    yes: true,
    none: null,
    list: [1, 2_000_000, "c"],
    items: [{ id: "a", "n-1": 2 }, { id: "b" }],
    object: { z: 1, a: "<&'" },
    "a b": "blank",
    text: "[1,2]",
  });
  it.each([
    ["$.large", "5553686208582"],
    ["{$.small}", "0.00001"],
    ["$.yes", "true"],
    ["$.none", "null"],
    ["$.list", "12000000c"],
    ["$.list[*]", "1 2e+06 c"],
    ["$.list[-1]", "c"],
    ["$.list[3]", ""],
    ["$.items[*].id", "a b"],
    ["$.items[0]['n-1']", "2"],
    ["$.items[*].n-1", "2"],
    ["$['a b']", "blank"],
    ["$.object", '{"a":"\\u003c\\u0026\'","z":1}'],
    ["$.text", "12"],
    ["$.items", "map[id:a n-1:%!s(float64=2)]map[id:b]"],
  ])("%s", (path, said) => {
    expect(rendered(`{{{ Request.Body 'jsonpath' "${path}" }}}`, { body })).toBe(said);
  });

  it("lists of objects can be gone through, and what is around a block is known in it", () => {
    const template =
      "{{#each (Request.Body 'jsonpath' '$.items')}}{{@index}}:{{this.id}}" +
      "{{Request.Method}}{{#unless @last}},{{/unless}}{{/each}}";
    expect(rendered(template, { body })).toBe("0:aGET,1:bGET");
  });
});

describe("Hoverfly's helpers", () => {
  const at = (format: string, offset = "") => rendered(`{{{now '${offset}' '${format}'}}}`);

  it("now has an offset, and a layout as Go writes it", () => {
    expect(at("")).toBe("2026-03-05T10:07:09Z");
    expect(at("unix", "1d")).toBe(String(Math.floor(NOW_MS / 1000) + 86_400));
    expect(at("epoch", "-1ms")).toBe(String(NOW_MS - 1));
    expect(at("2006-Jan-02", "-1d")).toBe("2026-Mar-04");
    expect(at("", "1h30m")).toBe("2026-03-05T11:37:09Z");
    expect(at("", "1y10d")).toBe("2027-03-15T10:07:09Z");
    expect(at("", "soon")).toBe("2026-03-05T10:07:09Z");
    expect(at("Mon, 02 Jan 2006 15:04:05 MST")).toBe("Thu, 05 Mar 2026 10:07:09 UTC");
    expect(at("Jan _2 15:04:05")).toBe("Mar  5 10:07:09");
    expect(at("Monday January 2 3:4:5.000PM 06 -0700 Z07:00 .99")).toBe(
      "Thursday March 5 10:7:9.250AM 26 +0000 Z .25",
    );
    expect(at("2006-01-02T15:04:05.999999999-07:00")).toBe("2026-03-05T10:07:09.25+00:00");
    expect(at("002 __2 Janet Monsoon")).toBe("064  64 Janet Monsoon");
  });

  it.each([
    ["randomString", /^[a-zA-Z]{3,15}$/],
    ["randomStringLength 2", /^[a-zA-Z]{2}$/],
    ["randomBoolean", /^(?:true|false)$/],
    ["randomInteger", /^\d{1,19}$/],
    ["randomIntegerRange 1 10", /^[1-9]$/],
    ["randomFloat", /^0\.\d{6}$/],
    ["randomFloatRange 1.0 10.0", /^\d\.\d{6}$/],
    ["randomIPv4", /^(?:\d{1,3}\.){3}\d{1,3}$/],
    ["randomIPv6", /^[\da-f:]{2,39}$/],
    ["randomUuid", /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/],
  ])("%s draws from the call's luck", (call, form) => {
    const play = player([templated(`{{${call}}}`)]);
    const said = Array.from({ length: 40 }, (_, key) => play({ key: `${key}` }).body.toString());
    for (const each of said) expect(each).toMatch(form);
    expect(new Set(said).size).toBeGreaterThan(1);
    expect(play({ key: "7" }).body.toString()).toBe(said[7]);
  });

  it.each([
    ["concat 'bee' 'hive' 3", "beehive3"],
    ["concat Request.Path '!'", "[a b]!"],
    ["length 'héllo'", "6"],
    ["substring 'thisisalongstring' 7 11", "long"],
    ["substring 'short' '3' '9'", ""],
    ["rightmostCharacters 'thisisalongstring' 3", "ing"],
    ["rightmostCharacters 'thisisalongstring' '1e1'", ""],
    ["rightmostCharacters 'thisisalongstring' '0x2'", ""],
    ["rightmostCharacters 'thisisalongstring' -1", ""],
    ["isNumeric '123.456'", "true"],
    ["isNumeric '1e400'", "false"],
    ["isAlphanumeric 'abc123'", "true"],
    ["isBool 'yes'", "false"],
    ["isGreaterThan 1 '1.0'", "false"],
    ["isGreaterThanOrEqual 1 '1.0'", "true"],
    ["isLessThan '5' '10'", "true"],
    ["isLessThanOrEqual 'x' '10'", "false"],
    ["isBetween '5' '3' '7'", "true"],
    ["matchesRegex '2022-09-27' '^\\d{4}-\\d{2}-\\d{2}$'", "true"],
    ["add '10' '5' '0.00'", "15.00"],
    ["subtract '10' '0.5' ''", "9.5"],
    ["multiply '10' '5' ''", "50"],
    ["divide '10' '3' '0'", "3"],
    ["divide '1' '3' ''", "0.333333"],
    ["divide '1' '0' ''", "+Inf"],
    ["add 'x' '1' ''", "NaN"],
    ["add '1e21' '0' ''", "1000000000000000000000"],
    ["add '1e300' '0' '0.0000000000'", `${BigInt(1e300)}.0000000000`],
    ["multiply '-1e22' '1' '0'", "-10000000000000000000000"],
    ["sum (split '1,2.5,3' ',') '0.0'", "6.5"],
  ])("%s", (call, said) => {
    expect(rendered(`{{{${call}}}}`, { path: "/a/b" })).toBe(said);
  });

  it("values and lists are kept for the rest of a rendering, and no longer", () => {
    const template =
      "{{getValue 'a'}}{{putValue 'a' Request.Method false}}{{putValue 'b' 'x' true}}{{getValue 'a'}}" +
      "{{#each Request.Path}}{{addToArray 'l' this false}}{{/each}}{{#each (getArray 'l')}}<{{{this}}}>{{/each}}" +
      "{{initArray 'l'}}{{getArray 'l'}}";
    const play = player([templated(template)]);
    const said = [1, 2].map(() => play({ path: "/p/q" }).body.toString());
    expect(said).toEqual(["xGET<p><q>", "xGET<p><q>"]);
  });

  it("a token says what a path finds in it, with or without Bearer", () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const token = `${part({ alg: "none" })}.${part({ sub: "ann", roles: ["a", "b"] })}.x`;
    const template =
      "{{jsonFromJWT '$.payload.sub' Request.Header.Authorization}} " +
      "{{#each (jsonFromJWT '$.payload.roles' Request.Header.Authorization)}}{{this}};{{/each}}";
    const said = [token, `Bearer ${token}`, "none"].map((authorization) =>
      rendered(template, { headers: { authorization } }),
    );
    expect(said).toEqual(["ann a;b;", "ann a;b;", " "]);
  });

  it("blocks choose, by what is empty", () => {
    const template =
      "{{#if (isGreaterThan Request.QueryParam.n '5')}}big{{else}}small{{/if}}" +
      "{{#unless Request.QueryParam.x}} none{{/unless}}{{#if State}} states{{/if}}";
    expect(rendered(template, { path: "/?n=7" })).toBe("big none");
    expect(rendered(template, { path: "/?n=5&x=1" })).toBe("small");
    const nested = "{{#if Request.Path}}{{Request.Body 'jsonpath' '$.a'}}{{/if}}";
    expect(rendered(nested, { body: '{"a":"b"}' })).toBe("b");
  });

  it("two braces escape for HTML, three do not", () => {
    const asked = { body: `{"name":"O'Reilly <&>\\"\`="}` };
    expect(rendered("{{ Request.Body 'jsonpath' '$.name' }}", asked)).toBe(
      "O&apos;Reilly &lt;&amp;&gt;&quot;`=",
    );
    expect(rendered("{{{ Request.Body 'jsonpath' '$.name' }}}", asked)).toBe("O'Reilly <&>\"`=");
  });

  it("a template that fails is given as it is", () => {
    const template = "a {{randomIntegerRange 5 5}} {{now 'x' ''}}";
    expect(rendered(template)).toBe(template);
    const fraction = "{{randomIntegerRange 1.5 10}}";
    expect(rendered(fraction)).toBe(fraction);
  });
});

describe("a templated pair", () => {
  it("has templates in its headers, literals for all, and the states that the call has met", () => {
    const states = { request: { path: exact("/next"), requiresState: { "sequence:1": "1" } } };
    const response = {
      status: 200,
      templated: true,
      transitionsState: { "sequence:1": "2", basket: "full" },
    };
    const told = "{{State.[sequence:1]}} {{State.basket}}|";
    const play = player(
      [
        { ...states, response: { ...response, body: told } },
        {
          request: { path: exact("/next") },
          response: { status: 200, templated: true, body: told, removesState: ["basket"] },
        },
        {
          ...templated("{{Literals.one}} {{Literals.more.[1]}} {{Literals.deep.a}}", {
            headers: { "X-Path": ["{{Request.Path.[0]}}"], "X-Two": ["a", "{{Literals.one}}"] },
          }),
          request: { path: exact("/literals") },
        },
      ],
      {
        literals: [
          { name: "one", value: "1st" },
          { name: "more", value: ["a", "b"] },
          { name: "deep", value: { a: 3 } },
        ],
      },
    );
    const said = [1, 2, 3].map(() => play({ path: "/next" }).body.toString());
    expect(said).toEqual(["1 |", "2 full|", "2 |"]);
    const { body, headers } = play({ path: "/literals" });
    expect(body.toString()).toBe("1st b 3");
    expect(headers).toEqual({ "X-Path": "literals", "X-Two": ["a", "1st"] });
  });

  it("has the literals that have a name; the others are named", () => {
    const literals = [{ value: "x" }, { name: "a", value: "y" }, { name: "none" }];
    const { named, stubs } = imported([templated("{{Literals.a}}{{Literals.none}}")], { literals });
    expect(named).toEqual(["data.literals[0]: left out: it has no name"]);
    expect(stubs[0]?.response?.parameters).toEqual({ a: "y", none: null });
  });

  it("may be encoded, or in a file", () => {
    writeFileSync(join(folder, "body.txt"), "file {{Request.Method}}");
    const encoded = Buffer.from("text {{Request.Method}}").toString("base64");
    const play = player([
      { ...templated(encoded, { encodedBody: true }), request: { path: exact("/a") } },
      { ...templated("", { bodyFile: "body.txt" }), request: { path: exact("/b") } },
    ]);
    expect(["/a", "/b"].map((path) => play({ path }).body.toString())).toEqual([
      "text GET",
      "file GET",
    ]);
  });

  it.each([
    ["a\n{{faker 'Name'}}", "faker (line 2, column 1)"],
    ["{{randomEmail}}", "randomEmail (line 1, column 3)"],
    ["{{csv 'a' 'b' 'c' 'd'}}", "csv (line 1, column 1)"],
    ["{{concat (journal 'a' 'b' 'c' 'd' 'e') 'x'}}", "journal (line 1, column 10)"],
    ["{{setStatusCode '201'}}", "setStatusCode (line 1, column 1)"],
    ["{{Vars.one}}", "Vars.one (line 1, column 3)"],
    ["{{iso8601DateTime}}", "iso8601DateTime (line 1, column 3)"],
    ["{{Request.Body}}", "Request.Body (line 1, column 3)"],
    ["{{replace Request.Body 'a' 'b'}}", "Request.Body (line 1, column 11)"],
    [
      "{{Request.Header.X-A.[1]}}",
      "Request.Header.X-A.1: a header has one value here (line 1, column 3)",
    ],
    [
      "{{Request.Body 'jsonpath' '$..a'}}",
      "requestBody: the query the JSONPath $..a is not supported (line 1, column 1)",
    ],
    [
      "{{#each Request.Path}}{{Request.Body 'jsonpath' '$.a'}}{{/each}}",
      "Request.Body within a block (line 1, column 23)",
    ],
    ["{{#each Request.Path}}{{randomEmail}}{{/each}}", "randomEmail (line 1, column 25)"],
    ["{{replace randomUuid '-' ''}}", "randomUuid (line 1, column 11)"],
    ["{{#isBool 'a'}}x{{/isBool}}", "isBool (line 1, column 1)"],
    ["{{> other}}", "a partial (line 1, column 1)"],
    ["{{now}}", "now with 0 parameters, not 2 (line 1, column 1)"],
    ["{{now 'x'}}", "now with 1 parameters, not 2 (line 1, column 1)"],
    ["{{concat (length 'a' 'b') 'x'}}", "length with 2 parameters, not 1 (line 1, column 10)"],
    [
      "{{#with (requestBody 'jsonpath' '$.items')}}{{length}}{{/with}}",
      "length with 0 parameters, not 1 (line 1, column 45)",
    ],
    ["{{#if}}x{{/if}}", "if with 0 parameters, not 1 (line 1, column 1)"],
  ])("%j is left out, and says what cannot be done truly", (body, what) => {
    const { named, stubs } = imported([templated(body)]);
    expect(stubs).toEqual([]);
    expect(named).toEqual([
      `data.pairs[0]: left out: response.body the template has what cannot be done truly: ${what}`,
    ]);
  });

  it("a state or a header that cannot be made leaves it out, too; a template that is none says where", () => {
    const { named, stubs } = imported([
      templated("", { transitionsState: { a: "{{Request.Method}}" } }),
      templated("", { headers: { "X-A": ["{{faker 'Name'}}"] } }),
      templated("{{#if"),
      templated("", { bodyFile: "none.txt" }),
      templated("", { bodyFile: "." }),
      templated("", { templated: "true" }),
      templated("", { encodedBody: 1 }),
    ]);
    expect(stubs).toEqual([]);
    expect(named).toEqual([
      "data.pairs[0]: left out: data.pairs[0].response.transitionsState.a: a template is not supported",
      expect.stringMatching(/^data\.pairs\[1\]: left out: response\.headers\.X-A .* faker \(/),
      expect.stringMatching(
        /^data\.pairs\[2\]: left out: response\.body the template does not parse/,
      ),
      expect.stringMatching(/^data\.pairs\[3\]: left out: .*none\.txt does not exist$/),
      expect.stringMatching(/^data\.pairs\[4\]: left out: .*\.bodyFile: .*EISDIR/),
      "data.pairs[5]: left out: data.pairs[5].response.templated: is neither true nor false",
      "data.pairs[6]: left out: data.pairs[6].response.encodedBody: is neither true nor false",
    ]);
  });
});
