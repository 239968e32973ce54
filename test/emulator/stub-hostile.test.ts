import { describe, expect, it } from "vitest";
import { keyedDraw } from "../../src/core/index.ts";
import { Conduct } from "../../src/emulator/conduct.ts";
import { dependencySchema, type HttpSpec } from "../../src/emulator/index.ts";
import { createStubs, type StubInput, stubSchema } from "../../src/emulator/stub/index.ts";
import { asked, WORLD } from "./asked.ts";

/* Calls that no honest target makes: whatever comes, it is answered, and the emulator goes on. */

interface Sent {
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const hitOf = (stub: StubInput, { body = "", headers = {}, path = "/" }: Sent) =>
  createStubs([stubSchema.parse(stub)], { wallMsAt: () => 1_000 }).match(
    asked({ method: "POST", path, headers }),
    Buffer.from(body),
    keyedDraw("hostile"),
  );

const saidTo = (response: NonNullable<StubInput["response"]>, sent: Sent) =>
  hitOf({ response }, sent)?.body.toString();

const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
const base64url = (text: string): string => Buffer.from(text).toString("base64url");

describe("a template that cannot be rendered for a call", () => {
  it.each<readonly [body: string, sent: Sent]>([
    ["{{now offset=request.headers.o}}", { headers: { o: "999999999999999 days" } }],
    ["{{parseJson request.body 'b'}}{{b}}", { body: '{"toString":1,"valueOf":1}' }],
    ["{{request.query}}", { path: "/?toString=1&valueOf=2" }],
    ["{{toJson (parseJson request.body)}}", { body: nested(20_000) }],
  ])("%s: it is said of which stub, and where", (body, sent) => {
    const hit = hitOf({ name: "one", response: { template: true, body } }, sent);
    expect(hit).toMatchObject({
      status: 500,
      failed: expect.stringMatching(/^stub 1 \(one\), body: ./) as string,
    });
  });

  it("is a 500 that counts as an error, also where it gives a proxy's address", () => {
    const { at, headers } = {
      at: "http://{{now offset=request.headers.o}}",
      headers: { o: "9e15 days" },
    };
    const spec = dependencySchema.parse({
      latency: { kind: "constant", value: "0ms" },
      stubs: [{ request: { path: "/x" }, response: { template: true, proxy: at } }],
    }) as HttpSpec;
    const conduct = new Conduct({
      dependency: "stock",
      spec,
      seed: "seed",
      runId: "0123456789abcdef",
      world: WORLD,
      wallMsAt: () => 0,
      onEvict: () => {},
    });
    const decision = conduct.decide(asked({ path: "/x", headers }), Buffer.alloc(0), 0);
    expect(decision).toMatchObject({ outcome: "error", answer: { status: 500 }, upstream: null });
    expect(decision.answer.body).toContain("stub 1 (ANY /x), proxy: Invalid time value");
  });

  it("moves its state machine on, as any answer does", () => {
    const broken = { template: true, body: "{{now offset='9e15 days'}}" } as const;
    const stubs = createStubs(
      [stubSchema.parse({ scenario: "job", thenState: "Done", response: broken })],
      { wallMsAt: () => 0 },
    );
    expect(stubs.match(asked({}), Buffer.alloc(0), keyedDraw("a"))?.failed).not.toBeNull();
    expect(stubs.states()).toEqual({ job: "Done" });
  });

  it.each([
    "{{> foo}}",
    "{{#> foo}}{{/foo}}",
    "{{* foo}}",
    '{{#* inline "foo"}}{{/inline}}',
    "{{#if}}{{/if}}",
    "{{#unless}}{{/unless}}",
    "{{#each}}{{/each}}",
    "{{#with}}{{/with}}",
    "{{#if request.body 1}}{{/if}}",
    "{{if request.body}}",
    "{{upper (each request.query)}}",
    "{{lookup}}",
    "{{lookup request.query}}",
  ])("%s never can be, which is said at once", (body) => {
    const parsed = stubSchema.safeParse({ response: { template: true, body } });
    expect(parsed.error?.issues[0]?.message).toMatch(/^the template .*\(line 1, column \d+\)/);
  });
});

describe("what cannot be looked at does not fit, and is said so of the nearest stub", () => {
  const token = `e30.${base64url(nested(20_000))}.x`;
  const deep = nested(20_000);
  const list = { $ref: "#/$defs/list" };
  const recursive = { $defs: { list: { type: "array", items: list } }, ...list };
  it.each<readonly [what: string, request: NonNullable<StubInput["request"]>, sent: Sent]>([
    [
      "header authorization",
      { headers: { authorization: { matchesJwt: { contains: "e" } } } },
      { headers: { authorization: token } },
    ],
    ["body", { body: { matchesJsonPath: "$..a" } }, { body: deep }],
    ["body", { body: { matchesJsonPath: "$[0]", value: { contains: "[" } } }, { body: deep }],
    ["body", { body: { matchesJsonSchema: recursive } }, { body: deep }],
    ["body", { body: { not: { matchesJsonPath: "$..a" } } }, { body: deep }],
  ])("%s, %j", (what, request, sent) => {
    const stubs = createStubs([stubSchema.parse({ request })], { wallMsAt: () => 0 });
    const call = asked({ headers: {}, ...sent });
    const body = Buffer.from(sent.body ?? "");
    expect(stubs.match(call, body, keyedDraw("a"))).toBeNull();
    expect(stubs.nearMiss(call, body)?.differs).toEqual([what]);
  });
});
