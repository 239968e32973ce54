import { describe, expect, it } from "vitest";
import { GivenRoutes, RouteTemplates } from "../../src/profile/index.ts";

describe("routes that are given", () => {
  it("the more specific one counts, in whatever order they are given", () => {
    const given = [
      "/users/{name}",
      "/users/me",
      "/{kind}/{name}",
      "/users/{name}.json",
      "/{kind}/list",
    ];
    for (const order of [given, given.toReversed()]) {
      const routes = new GivenRoutes(order);
      expect(
        ["/users/me", "/users/bob", "/users/bob.json", "/users/list", "/x/list", "/x/y"].map(
          (path) => routes.of(path),
        ),
      ).toEqual([
        "/users/me",
        "/users/{name}",
        "/users/{name}.json",
        "/users/{name}",
        "/{kind}/list",
        "/{kind}/{name}",
      ]);
    }
    const routes = new GivenRoutes(given);
    expect(["/users", "/users/", "/users/a/b", "/x"].map((path) => routes.of(path))).toEqual(
      Array.from({ length: 4 }, () => undefined),
    );
  });

  it("what they fit is not learnt, and the rest is inferred as ever", () => {
    const templates = new RouteTemplates();
    templates.give(new GivenRoutes(["/shop/{thing}/reviews"]));
    const paths = ["a", "b", "c", "d"].map((name) => `/shop/${name}/reviews?page=2`);
    const others = ["/shop/1/price", "/shop/x/price", "/shop/reviews"];
    for (const path of [...paths, ...others]) templates.add(path);
    expect(new Set(paths.map((path) => templates.of(path)))).toEqual(
      new Set(["/shop/{thing}/reviews"]),
    );
    expect(others.map((path) => templates.of(path))).toEqual([
      "/shop/{id}/price",
      "/shop/x/price",
      "/shop/reviews",
    ]);
  });

  it("special characters of expressions are themselves", () => {
    const routes = new GivenRoutes(["/a+b/{x}(1)|$"]);
    expect(routes.of("/a+b/7(1)|$")).toBe("/a+b/{x}(1)|$");
    expect(routes.of("/aab/7(1)|$")).toBeUndefined();
  });

  it.each([
    ["users/{name}", /does not begin with \//],
    ["GET /users/{name}", /does not begin with \//],
    ["/users?id={id}", /more than a path/],
    ["/users/{na me}", /more than a path/],
    ["/users/{}", /which is no name/],
    ["/users/{a-b}", /which is no name/],
    ["/users/{name", /brace without its other/],
    ["/users/name}", /brace without its other/],
    ["/users/{a}{b}", /two names/],
  ])("%s is refused", (template, reason) => {
    expect(() => new GivenRoutes([template])).toThrow(
      expect.objectContaining({ code: "USAGE", message: expect.stringMatching(reason) }),
    );
  });

  it("one that differs in its names alone is refused", () => {
    expect(() => new GivenRoutes(["/a/{b}", "/a/{c}"])).toThrow(/is the same as "\/a\/\{b\}"/);
  });
});
