import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Redactor } from "../../src/capture/index.ts";
import { isPlainPath } from "../../src/capture/record-text.ts";
import { RequestShape } from "../../src/capture/request-shape.ts";
import { ViewedBytes } from "../../src/capture/viewed-bytes.ts";
import { RouteTemplates } from "../../src/profile/index.ts";

const shape = new RequestShape();

function shapeOf(line: string): string | undefined {
  // Something stands on either side, as in a log.
  const bytes = new ViewedBytes(Buffer.from(`"${line}" 200`, "latin1"));
  if (!shape.read(bytes, 1, line.length + 1)) return undefined;
  return shape.text.bytes.toString("latin1", 0, shape.end);
}

function keyOf(line: string): string {
  const bytes = new ViewedBytes(Buffer.from(line, "latin1"));
  expect(shape.read(bytes, 0, line.length)).toBe(true);
  return shape.key.bytes.toString("latin1", 0, shape.writeKey(bytes, 0));
}

const one = (...of: string[]) => fc.constantFrom(...of);
const segment = fc
  .array(one("a", "7", "42", ".", "-", "v1", "eyJhbGci", "203.0.113", "411111", "@", "%41", "é"), {
    maxLength: 3,
  })
  .map((parts) => parts.join(""));
const name = one("q", "page", "token", "sid", "a.b", "");
const pair = fc.tuple(name, one("=", "=", ""), segment).map((parts) => parts.join(""));
const target = fc
  .tuple(
    fc.array(segment, { maxLength: 3 }),
    one("?", "", "?", "#"),
    fc.array(pair, { maxLength: 2 }),
  )
  .map(([segments, between, pairs]) => `/${segments.join("/")}${between}${pairs.join("&")}`);

describe("a request line's shape", () => {
  it("leaves out numbers and the values of queries", () => {
    expect(shapeOf("GET /api/v1/orders/17?q=red-2&page=3 HTTP/1.1")).toBe(
      "GET /api/v1/orders/#?q=&page= HTTP/1.1",
    );
    expect(shapeOf("POST /7 HTTP/2")).toBe("POST /# HTTP/2");
    expect(shapeOf("GET //8/9a/ HTTP/1.1")).toBe("GET //#/9a/ HTTP/1.1");
    expect(shapeOf("GET /a")).toBe("GET /a");
    expect(keyOf("GET /api/17?q=red HTTP/1.1")).toBe('"method":"GET","path":"/api/17?q=red"');
  });

  it("is not told where something might be a secret, or is not sent as it is", () => {
    const odd = [
      ["GET", "GET a HTTP/1.1", "GET  /a HTTP/1.1", "", "GET /a#b HTTP/1.1", "GET /é HTTP/1.1"],
      ["GET /?a=@ HTTP/1.1", "GET /203.0.113.9 HTTP/1.1", "GET /4111111-111111111 HTTP/1.1"],
      ["GET /eyJhbGciOi HTTP/1.1", "GET /a?b=c=d HTTP/1.1", "GET /a?b/c=d HTTP/1.1", "GET /a;b"],
    ].flat();
    for (const line of odd) expect([line, shapeOf(line)]).toEqual([line, undefined]);
  });

  it("tells whether a path is plain, and its template", () => {
    const redactor = new Redactor(Buffer.alloc(32, 1));
    const byShape = new Map<string, { path: string; plain: boolean }>();
    let again = 0;
    fc.assert(
      fc.property(target, (path) => {
        const found = shapeOf(`GET ${path} HTTP/1.1`);
        if (found === undefined) return;
        const plain = isPlainPath(path);
        const first = byShape.get(found) ?? { path, plain };
        byShape.set(found, first);
        expect(plain).toBe(first.plain);
        if (!plain) return;
        expect(redactor.path(path)).toBe(path);
        if (first.path === path) return;
        again++;
        const templates = new RouteTemplates();
        const numbers = [templates.add(first.path), templates.add(path)];
        expect(numbers[0]).toBe(numbers[1]);
      }),
      { numRuns: 3_000 },
    );
    expect(again).toBeGreaterThan(20);
  });
});
