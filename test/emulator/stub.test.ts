import * as fc from "fast-check";
import { expect, it } from "vitest";
import { keyedDraw } from "../../src/core/index.ts";
import type { CallContext } from "../../src/emulator/model.ts";
import { createStubs, type StubInput, stubSchema } from "../../src/emulator/stub/index.ts";

const stubsOf = (...inputs: StubInput[]) =>
  createStubs(
    inputs.map((input) => stubSchema.parse(input)),
    { wallMsAt: () => 1_000 },
  );

const call = (path: string, method = "GET"): CallContext => ({
  method,
  path,
  headers: { host: "shop:80", "x-kind": "a" },
  requestBytes: 0,
  client: "127.0.0.1",
  nowNs: 0,
  inFlight: 1,
  ratePerSec: 1,
});
const none = Buffer.alloc(0);
const draw = keyedDraw("stub");
const textOf = (stubs: ReturnType<typeof stubsOf>, path: string): string | undefined =>
  stubs.match(call(path), none, draw)?.body.toString();

it("the index finds the stub that trying all of them in order would find", () => {
  const segment = fc.constantFrom("a", "b", "ab", "");
  const path = fc
    .array(segment, { minLength: 1, maxLength: 3 })
    .map((parts) => `/${parts.join("/")}`);
  const request = fc.oneof(
    path.map((exact) => ({ path: exact })),
    path.map((exact) => ({ pathPattern: `${exact}.*` })),
    path.map((exact) => ({ pathPattern: `${exact}?/b|/a/.*` })),
    path.map((exact) => ({ pathTemplate: `${exact.replace(/\/$/, "")}/{id}` })),
    path.map((exact) => ({ urlPattern: `${exact}(\\?.*)?` })),
    fc.constant({}),
  );
  const input = fc.record({ request, priority: fc.integer({ min: 1, max: 3 }) });
  fc.assert(
    fc.property(fc.array(input, { maxLength: 12 }), path, (inputs, asked) => {
      const singles = inputs.map((each) => stubsOf(each));
      const best = inputs
        .map(({ priority }, index) => ({ priority, index }))
        .filter(({ index }) => singles[index]!.match(call(asked), none, draw) !== null)
        .toSorted((a, b) => a.priority - b.priority || a.index - b.index)[0];
      expect(stubsOf(...inputs).match(call(asked), none, draw)?.index).toBe(best?.index);
    }),
    { numRuns: 300 },
  );
});

it("a sequence goes on to its last, or all over, and a reset begins it anew", () => {
  const sequence = [{ body: "one" }, { body: "two" }];
  const request = { path: "/" };
  const seen = (then: "last" | "cycle"): (string | undefined)[] => {
    const stubs = stubsOf({ request, sequence, then });
    const texts = [1, 2, 3].map(() => textOf(stubs, "/"));
    stubs.reset();
    return [...texts, textOf(stubs, "/")];
  };
  expect(seen("last")).toEqual(["one", "two", "two", "one"]);
  expect(seen("cycle")).toEqual(["one", "two", "one", "one"]);
});

it("a state machine moves once for each match, and two arms' do not touch", () => {
  const inputs: StubInput[] = [
    { scenario: "job", whenState: "Started", thenState: "Done", response: { body: "working" } },
    { scenario: "job", whenState: "Done", response: { body: "done" } },
  ];
  const [control, variant] = [stubsOf(...inputs), stubsOf(...inputs)];
  expect([textOf(control, "/"), textOf(control, "/")]).toEqual(["working", "done"]);
  expect([variant.states(), control.states()]).toEqual([{ job: "Started" }, { job: "Done" }]);
  expect(variant.setState("job", "Done") && textOf(variant, "/")).toBe("done");
});

it("parts of a form are matched one by one: some have to be so, or all", () => {
  const json = { matchesJsonPath: "$.a" };
  const named = { headers: { "Content-Disposition": { contains: 'name="info"' } }, body: json };
  const answering = (
    path: string,
    ...multipart: NonNullable<StubInput["request"]>["multipart"][]
  ) =>
    ({
      request: { path, multipart: multipart.flat() as never },
      response: { body: path },
    }) as const;
  const stubs = stubsOf(
    answering("/any", [named]),
    answering("/all", [{ parts: "all", body: [json] }]),
    answering("/both", [named, { body: { equalTo: "two" } }]),
  );
  const part = (name: string, text: string) =>
    `--x\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${text}\r\n`;
  const asked = (text: string, type = "multipart/form-data; boundary=x") =>
    ["/any", "/all", "/both"].filter((path) => {
      const headers = { "content-type": type };
      return stubs.match({ ...call(path, "POST"), headers }, Buffer.from(text), draw) !== null;
    });
  const [info, two] = [part("info", '{"a":1}'), part("b", "two")];
  expect(asked(`${info}--x--\r\n`)).toEqual(["/any", "/all"]);
  expect(asked(`${info}${two}--x--`)).toEqual(["/any", "/both"]);
  expect(asked(`${two}--x--`)).toEqual([]);
  expect(asked("--x--")).toEqual([]);
  expect(asked(info)).toEqual([]);
  expect(asked(`${info}--x--`, "text/plain; boundary=x")).toEqual([]);
  const near = stubs.nearMiss(call("/both", "POST"), none);
  expect(near?.differs).toEqual(["path /any", "multipart"]);
});

it("a near miss says what differs from the stub that came closest", () => {
  const stubs = stubsOf(
    { request: { method: "POST", path: "/b" } },
    { name: "closest", request: { path: "/a", headers: { "x-kind": "b" } } },
  );
  expect(stubs.match(call("/a"), none, draw)).toBeNull();
  expect(stubs.nearMiss(call("/a"), none)).toEqual({ name: "closest", differs: ["header x-kind"] });
});

it("a size is drawn by the call's luck: the same draw gives the same body", () => {
  const stubs = stubsOf({ response: { size: { kind: "uniform", min: "10B", max: "90B" } } });
  fc.assert(
    fc.property(fc.integer(), (key) => {
      const sizes = [1, 2].map(() => stubs.match(call("/"), none, keyedDraw(key))!.body.length) as [
        number,
        number,
      ];
      expect(sizes[0]).toBe(sizes[1]);
      expect(sizes[0]).toBeGreaterThanOrEqual(10);
      expect(sizes[0]).toBeLessThanOrEqual(90);
    }),
    { numRuns: 50 },
  );
});

it("a template's luck and time are the call's", () => {
  const body =
    "{{now format='unix'}} {{randomValue type='UUID'}} {{request.path.id}} {{request.headers.X-Kind}}";
  const stubs = stubsOf({
    request: { pathTemplate: "/o/{id}" },
    response: { body, template: true },
  });
  expect(textOf(stubs, "/o/7")).toMatch(/^1 [0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f-]{18,} 7 a$/);
  expect(textOf(stubs, "/o/7")).toBe(textOf(stubs, "/o/7"));
});

it("a pattern or template that is none, two paths, or a state without a machine are told where", () => {
  const issues = (input: StubInput): string =>
    stubSchema
      .safeParse(input)
      .error!.issues.map(({ message, path }) => `${path.join(".")}: ${message}`)
      .join("; ");
  expect(issues({ request: { pathPattern: "(" } })).toMatch(
    /^request.pathPattern: is not a regular/,
  );
  expect(issues({ request: { path: "/a", url: "/a" } })).toContain("give only one of path, url");
  expect(issues({ thenState: "x" })).toBe("thenState: needs scenario");
  const templated = (response: object) => issues({ response: { ...response, template: true } });
  expect(templated({ body: "a\n{{nosuch request.body}}" })).toBe(
    "response.body: the template calls what there is not: nosuch (line 2, column 3)",
  );
  expect(templated({ proxy: "http://a/{{nosuch 1}}" })).toBe(
    "response.proxy.to: the template calls what there is not: nosuch (line 1, column 12)",
  );
  expect(issues({ response: { proxy: "http://a/{{request.path}}" } })).toBe(
    "response.proxy: is a template; say template: true",
  );
  expect(issues({ response: { proxy: "http://a?b" } })).toBe(
    "response.proxy.to: is an address and a path alone: no query, no user",
  );
  expect(issues({ response: { proxy: { to: "a" } } })).toBe(
    "response.proxy.to: is no http(s) address",
  );
  expect(templated({ headers: { "x-a": "{{" } })).toMatch(
    /^response.headers.x-a: the template does not parse: [^\n]+$/,
  );
});

it.each([true, "hoverfly"] as const)(
  "each place of a response has random numbers of its own, template: %s",
  (template) => {
    const uuid = template === true ? "{{randomValue type='UUID'}}" : "{{randomUuid}}";
    const headers = { "x-one": uuid, "x-two": [uuid, uuid] };
    const proxy = { to: `http://${uuid}`, headers: { "x-one": uuid } };
    const responses: NonNullable<StubInput["response"]>[] = [
      { template, body: uuid, headers },
      { template, proxy, headers },
    ];
    for (const response of responses) {
      const [one, again] = [1, 2].map(() => {
        const hit = stubsOf({ response }).match(call("/"), none, draw)!;
        return JSON.stringify([hit.body.toString(), hit.headers, hit.upstream]);
      });
      const drawn = one!.match(/[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g)!;
      expect(new Set(drawn).size).toBe(response.proxy === undefined ? 4 : 5);
      expect(again).toBe(one);
    }
  },
);
