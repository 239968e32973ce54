import { join } from "node:path";
import { expect, it } from "vitest";
import { keyedDraw } from "../../src/core/index.ts";
import { importStubs } from "../../src/emulator/foreign/index.ts";
import { createStubs } from "../../src/emulator/stub/index.ts";

const FOLDER = join(import.meta.dirname, "../fixtures/stubs/openapi");
const { stubs: specs, unsupported } = importStubs(join(FOLDER, "pastries.yaml"));
const stubs = createStubs(specs, { wallMsAt: () => 0 });

function hitOf(method: string, path: string) {
  const context = { headers: {}, requestBytes: 0, client: "", nowNs: 0, inFlight: 1 };
  const call = { ...context, method, path, ratePerSec: 1 };
  return stubs.match(call, Buffer.alloc(0), keyedDraw("openapi"));
}

function answer(method: string, path: string): unknown {
  const hit = hitOf(method, path);
  return hit && [hit.status, hit.headers["content-type"], hit.body.toString()];
}

it("OpenAPI: each operation answers its first 2xx response that has content", () => {
  const json = "application/json";
  expect(answer("GET", "/v1/pastries/tart?a=1")).toEqual([200, json, expect.any(String)]);
  expect(answer("DELETE", "/v1/pastries/tart")).toEqual([204, undefined, ""]);
  expect(answer("GET", "/other/plain")).toEqual([200, "text/plain", "hello"]);
  expect(answer("GET", "/v1/first")).toEqual([200, json, '{"name":"eclair"}']);
  expect(answer("POST", "/v1/pets")).toEqual([201, json, '{"kind":"cat"}']);
});

it("OpenAPI: a path without names comes before one with, whatever their order", () => {
  expect(answer("GET", "/v1/pastries/best")).toEqual([203, "application/json", '{"name":"best"}']);
});

it("OpenAPI: a name stands for one segment, and the servers' base path is asked for", () => {
  expect(answer("GET", "/v1/pastries/a/b")).toBeNull();
  expect(answer("GET", "/pastries/tart")).toBeNull();
});

it("OpenAPI: a sample follows references, even to itself, and leaves out what is only written", () => {
  const [, , body] = answer("GET", "/v1/pastries/tart") as [number, string, string];
  const sample = JSON.parse(body) as Record<string, unknown>;
  expect(sample).toMatchObject({ name: "tart", note: "warm", priceCents: 3 });
  expect(sample).not.toHaveProperty("secret");
});

it("OpenAPI: references lead into other files, from there into others, to themselves and back", () => {
  const [, , body] = answer("GET", "/v1/apart") as [number, string, string];
  expect(JSON.parse(body)).toMatchObject({
    tree: { name: "oak", $ref: "a property of that name", leaf: 4 },
    pastry: { name: "tart", priceCents: 3 },
    note: "$ref",
  });
});

it("OpenAPI: headers are their examples, else samples; lists and objects as `style: simple` says", () => {
  expect(hitOf("DELETE", "/v1/pastries/tart")?.headers).toEqual({
    "X-Left": "2",
    "Set-Cookie": ["a=1", "b=2"],
    "X-List": "1,two",
    "X-Pairs": "a=1,b=two",
    "X-Shared": "shared",
  });
});

it("OpenAPI: what is not imported is named with its place, and nothing else is", () => {
  expect(unsupported.map(({ what, where }) => `${where}: ${what.replaceAll(FOLDER, "")}`))
    .toMatchInlineSnapshot(`
    [
      "webhooks: not supported",
      "paths: parameters, request bodies and security are not checked",
      "paths./pastries/{name}.get.responses: not imported: 404",
      "paths./pastries/{name}.get.responses.200.content: of several, application/json is answered",
      "paths./pastries/{name}.delete.callbacks: not supported",
      "paths./pastries/{name}.delete.responses.204.headers.X-Unsaid: has no example and no schema: it is not sent",
      "paths./pastries/best.get.responses: not imported: 202",
      "paths./pets.post.responses.201.content.application/json.schema: discriminator is not looked at in the sample",
      "paths./xml.get: left out: paths./xml.get.responses.200.content.application/xml: application/xml without an example is not supported",
      "paths./fetched.get: left out: $ref https://example.com/best.yaml#/Best: nothing is fetched",
      "paths./anchored.get: left out: $ref #best: only #/… is supported",
      "paths./nowhere.get: left out: $ref parts/schemas.yaml#/Lost leads nowhere",
      "paths./unparsed.get: left out: $ref broken.yaml#/a: /broken.yaml:4:32: Flow map in block collection must be sufficiently indented and end with a }",
      "paths./elsewhere.get: left out: $ref other.yaml#/components/responses/Best: /other.yaml: ENOENT: no such file or directory, open '/other.yaml'",
      "paths./lost.get: left out: $ref #/components/responses/Nothing leads nowhere",
      "paths./failing.get: left out: paths./failing.get.responses: there is no 2xx",
    ]
  `);
});

it("OpenAPI: a syntax error is told with file, line and column", () => {
  expect(() => importStubs(join(FOLDER, "broken.yaml"))).toThrow(/broken\.yaml:4:\d+: /);
});
