import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RouteTemplates, routeTemplates } from "../../src/profile/index.ts";

/*
 * The same rule written down in another way: all paths at once, position by position from the left,
 * naming each place where five values stand.
 */
function templatesAtOnce(paths: readonly string[]): string[] {
  const hex = /(?<![0-9a-z])[0-9a-f]{16,}(?![0-9a-z])/gi;
  const split = paths.map((path) =>
    path
      .split(/[?#]/, 1)[0]!
      .split("/")
      .map((segment) => (/^\d+$/.test(segment) ? "{id}" : segment.replace(hex, "{hash}"))),
  );
  for (let position = 2; position < 12; position++) {
    const places = Map.groupBy(
      split.filter(({ [position]: one }) => one !== undefined && one !== "" && !one.includes("{")),
      (segments) => `${segments.length} ${segments.slice(0, position).join("/")}`,
    );
    for (const found of places.values()) {
      if (new Set(found.map((segments) => segments[position])).size < 5) continue;
      for (const segments of found) segments[position] = "{slug}";
    }
  }
  return split.map((segments) => segments.join("/"));
}

describe("route templates", () => {
  it("numbers, UUIDs and hashes are named, inside a segment too; the query is left out", () => {
    expect(
      routeTemplates([
        "/",
        "/?page=2",
        "/orders/17/lines/3?x=/1",
        "/u/3F2504E0-4F89-11D3-9A0C-0305E82C3301",
        "/assets/favicon-92e86d463e909754599d66730477622cd3dd0b9bff58c47c9c38bebceb8073e5.ico",
        "/git/0123456789abcdef",
        "/short/0123456789abcde",
        "/api/v2/x",
      ]),
    ).toEqual([
      "/",
      "/",
      "/orders/{id}/lines/{id}",
      "/u/{uuid}",
      "/assets/favicon-{hash}.ico",
      "/git/{hash}",
      "/short/0123456789abcde",
      "/api/v2/x",
    ]);
  });

  const many = (prefix: string, count: number, suffix = ""): string[] =>
    Array.from(
      { length: count },
      (_, i) => `${prefix}/item-${String.fromCharCode(97 + i)}${suffix}`,
    );

  it("five values in one place after one prefix are a slug, four are not", () => {
    expect(new Set(routeTemplates(many("/products", 5)))).toEqual(new Set(["/products/{slug}"]));
    expect(routeTemplates(many("/products", 4))).toEqual(many("/products", 4));
  });

  it("another prefix, another depth, and the root's own children do not count together", () => {
    const paths = [...many("/a", 3), ...many("/b", 3), ...many("/a", 3, "/deep"), ...many("", 8)];
    expect(routeTemplates(paths)).toEqual(paths);
  });

  it("a slug's children are told apart after it is named", () => {
    const paths = many("/shops", 5).flatMap((shop) => [`${shop}/cart`, `${shop}/items`]);
    expect(new Set(routeTemplates(paths))).toEqual(
      new Set(["/shops/{slug}/cart", "/shops/{slug}/items"]),
    );
  });

  it("templates depend on which paths there are, not on their order or number", () => {
    const path = fc
      .array(fc.constantFrom("a", "b", "c", "d", "e", "f", "7", ""), { minLength: 1, maxLength: 4 })
      .map((parts) => `/${parts.join("/")}`);
    fc.assert(
      fc.property(fc.array(path, { maxLength: 40 }), (paths) => {
        const templates = new Map(paths.map((one, i) => [one, routeTemplates(paths)[i]]));
        const shuffled = [...paths, ...paths].toReversed();
        for (const [i, template] of routeTemplates(shuffled).entries()) {
          expect(template).toBe(templates.get(shuffled[i]!));
          expect(template.split("/")).toHaveLength(shuffled[i]!.split("/").length);
        }
      }),
    );
  });

  it("learnt path by path, they are what looking at all paths at once gives", () => {
    const words = [
      ..."abcdefgh".split(""),
      "",
      "7",
      "{slug}",
      "{x}",
      "0123456789abcdef",
      "q?a/b",
      "#f",
    ];
    const path = fc
      .array(fc.nat(words.length - 1), { minLength: 1, maxLength: 5 })
      .map((parts) => `/${parts.map((at) => words[at]!).join("/")}`);
    let named = 0;
    fc.assert(
      fc.property(fc.array(path, { maxLength: 120 }), (paths) => {
        const learnt = new RouteTemplates();
        const numbers = paths.map((one) => learnt.add(one));
        const templates = paths.map((one) => learnt.of(one));
        expect(templates).toEqual(templatesAtOnce(paths));
        expect(numbers.map((number) => learnt.templateOf(number))).toEqual(templates);
        named += templates.filter((one) => one.includes("{slug}/")).length;
      }),
      { numRuns: 300 },
    );
    expect(named).toBeGreaterThan(100);
  });
});
