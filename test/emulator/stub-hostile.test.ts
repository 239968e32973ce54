import { describe, expect, it } from "vitest";
import { keyedDraw } from "../../src/core/index.ts";
import { Conduct } from "../../src/emulator/conduct.ts";
import { dependencySchema, type HttpSpec } from "../../src/emulator/index.ts";
import { Journal } from "../../src/emulator/journal.ts";
import { createStubs, type StubInput, stubSchema } from "../../src/emulator/stub/index.ts";
import type { EmulatedCall } from "../../src/measure/index.ts";
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

const conductOf = (stub: object): Conduct =>
  new Conduct({
    dependency: "stock",
    spec: dependencySchema.parse({
      latency: { kind: "constant", value: "0ms" },
      stubs: [stub],
    }) as HttpSpec,
    seed: "seed",
    runId: "0123456789abcdef",
    world: WORLD,
    wallMsAt: () => 0,
    onEvict: () => {},
  });

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
    const conduct = conductOf({
      request: { path: "/x" },
      response: { template: true, proxy: at },
    });
    const call = asked({ path: "/x", headers });
    const decision = conduct.decide(call, Buffer.alloc(0), 0);
    expect(decision).toMatchObject({ outcome: "error", answer: { status: 500 }, upstream: null });
    const why = "stub 1 (ANY /x), proxy: Invalid time value";
    expect(decision.answer.body).toContain(why);
    expect(call.note).toBe(why);
  });

  it("is told in the journal; one of Hoverfly's is given as it is, and told, too", () => {
    const body = "{{randomIntegerRange 5 Request.QueryParam.n}}";
    const stub = { name: "one", response: { template: "hoverfly", body, headers: { a: body } } };
    const conduct = conductOf(stub);
    const journal = new Journal(9);
    for (const path of ["/", "/?n=9"]) {
      const call = asked({ path });
      const { answer } = conduct.decide(call, Buffer.alloc(0), 0);
      expect([answer.status, answer.body?.toString()]).toEqual([200, body]);
      journal.add({ dependency: "stock", arm: "control" }, call, {} as EmulatedCall);
    }
    const why = "stays as it is: randomIntegerRange takes another parameter 2";
    expect(journal.list().map(({ note }) => note)).toEqual(
      ["/", "/?n=9"].map(() => `stub 1 (one), header a: ${why}; stub 1 (one), body: ${why}`),
    );
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

/* Each of these took hours, or more memory than there is. */
describe("a call of a size that is allowed is answered", () => {
  const form = { "content-type": "application/x-www-form-urlencoded" };
  const hoverfly = { template: "hoverfly" } as const;

  it("a form that says a name as often as it can", () => {
    const sent = { headers: form, body: "a=1&".repeat(500_000) };
    expect(saidTo({ ...hoverfly, body: "{{Request.FormData.a.[499999]}}" }, sent)).toBe("1");
    const body = "{{formData request.body 'f'}}{{f.a.[499999]}}";
    expect(saidTo({ template: true, body }, sent)).toBe("1");
  });

  it("a query and cookies that do", () => {
    const path = `/?${"a=1&".repeat(500_000)}`;
    const cookie = "c=2;".repeat(500_000);
    const body = "{{request.query.a.[499999]}} {{request.cookies.c.[499999]}}";
    expect(saidTo({ template: true, body }, { path, headers: { cookie } })).toBe("1 2");
    const last = "{{Request.QueryParam.a.[499999]}}";
    expect(saidTo({ ...hoverfly, body: last }, { path })).toBe("1");
  });

  it("a template that asks for no form does not read it", () => {
    const sent = { headers: form, body: "a&" };
    let times = 0;
    const headers = new Proxy(form, {
      get: (of, name) => {
        if (name === "content-type") times++;
        return Reflect.get(of, name) as unknown;
      },
    });
    expect(saidTo({ ...hoverfly, body: "{{Request.Method}}" }, { ...sent, headers })).toBe("POST");
    expect(times).toBe(0);
  });

  it("a duration, and numbers, that nearly are some", () => {
    const o = `${"11h".repeat(20_000)}1`;
    const body = "{{now Request.Header.O 'unix'}}";
    expect(saidTo({ ...hoverfly, body }, { headers: { o } })).toBe("1");
    const n = `${"1".repeat(3_000_000)}x`;
    const isNumeric = "{{isNumeric Request.Header.N}}";
    expect(saidTo({ ...hoverfly, body: isNumeric }, { headers: { n } })).toBe("false");
  });

  it("a list that a template makes longer", () => {
    const body =
      "{{#each Request.QueryParam.a}}{{addToArray 'l' this false}}{{/each}}{{length (concat (getArray 'l'))}}";
    const path = `/?${"a=1&".repeat(200_000)}`;
    expect(saidTo({ ...hoverfly, body }, { path })).toBe(String(2 * 200_000 + 1));
  });

  it("a text that is long is not put to a pattern", () => {
    const body = "{{matchesRegex Request.Header.T '(a+)+b|x$'}}";
    const said = (t: string) => saidTo({ ...hoverfly, body }, { headers: { t } });
    expect([said("x"), said(`${"y".repeat(65_536)}x`)]).toEqual(["true", "false"]);
  });

  const parts = (head: string): Sent => ({
    headers: { "content-type": "multipart/form-data; boundary=xyz" },
    body: `--xyz\r\nContent-Disposition: form-data; name="f"${head}\r\n\r\nyes\r\n--xyz--\r\n`,
  });
  it.each([
    ["many lines", "\r\na:".repeat(1_000_000)],
    ["a long name", `; filename="${"a".repeat(9_000_000)}"`],
    ["many parameters", ";a=b".repeat(1_000_000)],
  ])("a part whose head has %s is none", (_what, head) => {
    const request = { multipart: [{ headers: { a: { absent: true } } }] };
    expect(hitOf({ request }, parts(""))?.status).toBe(200);
    expect(hitOf({ request }, parts(head))).toBeNull();
  });

  it("JSON of any depth and width is looked through for what it has to contain", () => {
    const deep = (inner: string): string => "[".repeat(100_000) + inner + "]".repeat(100_000);
    const wide = Array.from({ length: 100_000 }, (_, index) => `{"b":${index}}`).join();
    const holds = (containsJson: unknown, body: string): boolean =>
      hitOf({ request: { body: { containsJson } } }, { body }) !== null;
    expect(holds({ a: 1 }, deep(`${wide},{"a":1}`))).toBe(true);
    expect(holds({ a: 1 }, deep(wide))).toBe(false);
    expect(holds([{ a: 1 }], deep(`${wide},{"a":1}`))).toBe(true);
    expect(holds([{ a: 1 }], deep(wide))).toBe(false);
    expect(holds([{ b: 1 }, "none"], deep(wide))).toBe(false);
    expect(holds({ a: [{ b: 99_999 }] }, `{"a":${deep(wide)}}`)).toBe(true);
  });
});
