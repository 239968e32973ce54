import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ShakedownError } from "../../src/core/index.ts";
import {
  parseSubstitution,
  type RequestPlace,
  type ResponsePlace,
  type SubstitutionRule,
  substitutionSchema,
  substitutionText,
} from "../../src/replay/index.ts";

const token = fc
  .stringMatching(/^[a-z][a-z0-9_-]{0,8}$/)
  .filter((name) => !/cookie|^host/.test(name));
const jsonPath = fc.array(fc.oneof(fc.string(), token, fc.nat(999)), {
  minLength: 1,
  maxLength: 4,
});
const named = <Kind extends string>(...kinds: readonly Kind[]) =>
  fc.record({ kind: fc.constantFrom(...kinds), name: token });
const json = fc.record({ kind: fc.constant("json" as const), path: jsonPath });
const from: fc.Arbitrary<ResponsePlace> = fc.oneof(json, named("header", "cookie"));
const to: fc.Arbitrary<RequestPlace> = fc.oneof(
  json,
  named("cookie", "query"),
  token.map((name) => ({ kind: "header" as const, name: `x-${name}` })),
  fc.string({ minLength: 1 }).map((name) => ({ kind: "query" as const, name })),
  fc.nat(99).map((segment) => ({ kind: "path" as const, segment })),
);
const printable = fc.stringMatching(/^[\x20-\x7e]{0,8}$/).filter((text) => !/[{}]/.test(text));
const rule: fc.Arbitrary<SubstitutionRule> = fc.record(
  {
    from,
    to,
    as: fc.tuple(printable, printable).map((around) => around.join("{}")),
    on: fc.constantFrom("POST /login", "GET /p/{slug}/x"),
  },
  { requiredKeys: ["from", "to"] },
);

describe("a substitution rule", () => {
  it("is read back from its text, on the command line and in a scenario", () => {
    fc.assert(
      fc.property(rule, (given) => {
        const text = substitutionText(given);
        expect(parseSubstitution(text)).toEqual(given);
        const [, left, right] = /^(response\..*?\)) -> (request\..*\))$/s.exec(
          substitutionText({ from: given.from, to: given.to }),
        )!;
        if (text.includes(") -> request.json") && text.split(") -> ").length > 2) return;
        const { as, on } = given;
        const written = { from: left, to: right, ...(as && { as }), ...(on && { on }) };
        expect(substitutionSchema.parse(written)).toEqual(given);
      }),
    );
  });

  it("is written as people write it", () => {
    expect(
      parseSubstitution(
        'response.json(data.items[0].id)->request.header(Authorization) as "Bearer {}" on "POST /login"',
      ),
    ).toEqual({
      from: { kind: "json", path: ["data", "items", 0, "id"] },
      to: { kind: "header", name: "authorization" },
      as: "Bearer {}",
      on: "POST /login",
    });
    expect(parseSubstitution("response.cookie(*) -> request.cookie(*)")).toEqual({
      from: { kind: "cookie", name: "*" },
      to: { kind: "cookie", name: "*" },
    });
  });

  it.each([
    ["response.json(a)", /of the form FROM -> TO/],
    ["request.json(a) -> request.json(b)", /no place in a response/],
    ["response.json(a) -> response.json(b)", /no place in a request/],
    ["response.body(a) -> request.json(b)", /a response has no body/],
    ["response.json(a) -> request.form(b)", /a request has no form/],
    ["response.json(a..b) -> request.json(b)", /no path at "\.\.?b?/],
    ["response.json(.a) -> request.json(b)", /no path/],
    ["response.json(a[x]) -> request.json(b)", /no path/],
    ["response.json() -> request.json(b)", /names no value/],
    ["response.header(a b) -> request.json(b)", /no name of a header/],
    ["response.header(set-cookie) -> request.json(b)", /response\.cookie/],
    ["response.json(a) -> request.header(cookie)", /request\.cookie/],
    ["response.json(a) -> request.header(Content-Length)", /set by the generator/],
    ["response.json(a) -> request.path(x)", /segments are numbers/],
    ["response.cookie(*) -> request.cookie(a)", /keeps all cookies/],
    ['response.cookie(*) -> request.cookie(*) as "{}"', /takes no `as`/],
    ['response.json(a) -> request.json(b) as "Bearer"', /exactly one/],
    [String.raw`response.json(a) -> request.header(b) as "{}\r\nx: y"`, /printable/],
    ['response.json(a) -> request.json(b) on "/login"', /no route/],
  ])("says what is wrong with %s", (text, fault) => {
    let thrown: unknown;
    try {
      parseSubstitution(text);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(ShakedownError);
    expect(thrown).toMatchObject({ code: "USAGE", hint: expect.stringContaining("write it like") });
    expect((thrown as Error).message).toMatch(fault);
  });

  it("in a scenario, is faulted where it is wrong", () => {
    const faultsOf = (written: unknown) =>
      substitutionSchema.safeParse(written).error?.issues.map(({ path }) => path.join("."));
    expect(faultsOf({ from: "response.json(", to: "request.x(1)", as: "x" })).toEqual([
      "from",
      "to",
      "as",
    ]);
    expect(faultsOf({ from: "response.cookie(*)", to: "request.cookie(a)" })).toEqual([""]);
    expect(faultsOf({ from: "response.json(a)", to: "request.json(b)", when: 1 })).toEqual([""]);
  });
});
