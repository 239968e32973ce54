import { connect as connectHttp2 } from "node:http2";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { headersSchema } from "../../src/emulator/headers.ts";
import { CERTIFICATE, dial, requestText, stock } from "./deliver-fixture.ts";

const COOKIES = ["a=1; Path=/", "b={{request.query.b}}"];
const SENT = ["a=1; Path=/", "b=2"];
const HEADERS = { "Set-Cookie": COOKIES, Link: ["</a>; rel=a", "</b>; rel=b"], "x-one": "1" };

const stubbed = (more: object) =>
  stock({ stubs: [{ response: { headers: HEADERS, template: true }, ...more }] });

const faults = [undefined, "early-close", { kind: "slow-headers", over: "1ms" }] as const;

it.each(faults)("HTTP/1.1: each value is a line of its own, in order (fault %j)", async (fault) => {
  await using on = await stubbed(fault === undefined ? {} : { fault });
  const caller = await dial(on.urlOf("control"));
  caller.socket.write(requestText("/?b=2", "GET", "connection: close\r\n"));
  await caller.ended;
  const lines = caller.text().split("\r\n");
  expect(lines.filter((line) => line.startsWith("Set-Cookie: "))).toEqual(
    SENT.map((value) => `Set-Cookie: ${value}`),
  );
  expect(lines.filter((line) => line.startsWith("Link: "))).toHaveLength(2);
  expect(lines).toContain("x-one: 1");
});

const overHttp2 = (url: string): Promise<Record<string, unknown>> =>
  new Promise((resolve, reject) => {
    const session = connectHttp2(url, { ca: CERTIFICATE.cert });
    session.on("error", reject);
    const stream = session.request({ ":path": "/?b=2" });
    stream.on("response", (headers) => resolve({ ...headers }));
    stream.on("error", reject);
    stream.on("close", () => session.close());
    stream.resume();
  });

it("HTTP/2: each value is a field of its own", async () => {
  await using on = await stubbed({});
  const headers = await overHttp2(on.urlOf("control"));
  expect(headers).toMatchObject({ "set-cookie": SENT, link: "</a>; rel=a, </b>; rel=b" });
});

it("what the schema lets through, HTTP/2 sends: no header twice that may come once only", async () => {
  const names =
    "age content-encoding content-language content-type etag host if-match location range tk via vary x-a";
  const twice = names.split(" ").map((name) => [name, ["a", "b"]] as const);
  const fits = twice.filter(
    ([name, values]) => headersSchema.safeParse({ [name]: values }).success,
  );
  expect(fits.map(([name]) => name)).toEqual(["via", "vary", "x-a"]);
  await using on = await stock({ response: { headers: Object.fromEntries(fits) } });
  expect(await overHttp2(on.urlOf("control"))).toMatchObject({ via: "a, b", vary: "a, b" });
});

it("a header that cannot be sent is told by its name", () => {
  const bad = fc.record({
    name: fc.constantFrom("Content-Length", "Content-Type", "x y", "x-line"),
    before: fc.array(fc.constantFrom("a", "b"), { maxLength: 2 }),
  });
  fc.assert(
    fc.property(bad, ({ before, name }) => {
      const values = [...before, "c", name === "x-line" ? "d\r\ne: f" : "d"];
      const issues = headersSchema.safeParse({ [name]: values }).error?.issues;
      expect(issues?.map(({ path }) => path)).toEqual([[name]]);
    }),
    { numRuns: 30 },
  );
  expect(headersSchema.safeParse({ "x-none": [] }).success).toBe(false);
});
