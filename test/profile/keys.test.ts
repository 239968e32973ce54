import { describe, expect, it } from "vitest";
import { keysOf, type ProfileRecord, requestKey } from "../../src/profile/index.ts";

function recordOf(path: string, route: string, more: Partial<ProfileRecord> = {}): ProfileRecord {
  return { offsetNs: 0, method: "GET", path, headers: [], route, ...more };
}

const found = (record: ProfileRecord) => keysOf(record).map((key) => [key.class, key.value]);

const UUID = "3F2504E0-4F89-41D3-9A0C-0305E82C3301";
const HASH = "92e86d463e909754599d66730477622c";

describe("the identities of a record", () => {
  it("are what the route's template names in the path, without a file's ending", () => {
    expect(
      found(recordOf("/shops/caf%C3%A9-7/orders/17", "GET /shops/{slug}/orders/{id}")),
    ).toEqual([
      ["path", "café-7"],
      ["path", "17"],
    ]);
    expect(found(recordOf(`/a/favicon-${HASH}.ico`, "GET /a/favicon-{hash}.ico"))).toEqual([
      ["path", HASH],
    ]);
    expect(found(recordOf(`/u/x-${UUID}-${HASH}`, "GET /u/x-{uuid}-{hash}"))).toEqual([
      ["path", UUID],
      ["path", HASH],
    ]);
    expect(found(recordOf("/img/red-shoe.png", "GET /img/{slug}"))).toEqual([["path", "red-shoe"]]);
    expect(found(recordOf("/about/us", "GET /about/us"))).toEqual([]);
  });

  it.each([
    ["product_id=7", "7"],
    ["lineItemId=7", "7"],
    ["ids%5B%5D=7", "7"],
    ["PRODUCTID=7", "7"],
    ["sku=T-SHIRT%2FRED", "T-SHIRT/RED"],
    ["cart=a+b&slug=tote", "tote"],
    ["ref=12345", "12345"],
    [`ref=${UUID}`, UUID],
    [`ref=${HASH}`, HASH],
    ["page_id=12", "12"],
  ])("in a query, by name or form: %s", (query, value) => {
    expect(found(recordOf(`/x?${query}`, "GET /x"))).toEqual([["query", value]]);
  });

  it.each([
    "page=1200",
    "per_page=100",
    "page_token=abc",
    "max_tokens=1000",
    "quantity=500",
    "order=desc",
    "user=true",
    "id=",
    "step=12",
    "ref=summer",
    "_=1568139746000",
    "utf8=%E2%9C%93&keywords=t+shirt",
    "year=2015&width=1200",
  ])("are no page numbers, flags, measures or choices: %s", (query) => {
    expect(found(recordOf(`/x?${query}`, "GET /x"))).toEqual([]);
  });

  it("stand in JSON and form bodies, in lists too, and are none where a body is no text", () => {
    const json = String.raw`{"variant_id":"1\u0031","quantity":1,"ids":[70,"81"],"user":{"name":"Ann","id":5}}`;
    const body = (data: string) => ({ body: { encoding: "utf8" as const, data } });
    expect(found(recordOf("/x", "POST /x", body(json)))).toEqual(
      ["11", "70", "81", "5"].map((value) => ["body", value]),
    );
    const form = recordOf("/x", "POST /x", {
      headers: [["content-type", "application/x-www-form-urlencoded"]],
      ...body("user_id=5&agree=on"),
    });
    expect(found(form)).toEqual([["body", "5"]]);
    expect(
      found(recordOf("/x", "POST /x", { body: { encoding: "base64", data: "AAAA" } })),
    ).toEqual([]);
  });

  it("in cookies and credentials belong to the session; choices in cookies are none", () => {
    const record = recordOf("/x?session=abc", "GET /x", {
      headers: [
        ["cookie", `theme=dark; sid=x%201; session_id=ab%2Fcd; seen=3; opaque=Abcdef0123456789xyz`],
        ["authorization", "Bearer abc.def"],
        ["x-csrf-token", "t0"],
        ["x-api-key", "of-the-program"],
        ["if-none-match", `"${HASH}"`],
      ],
    });
    expect(found(record)).toEqual(
      ["abc", "ab/cd", "Abcdef0123456789xyz", "abc.def", "t0"].map((value) => ["session", value]),
    );
    const digest = 'Digest username="ann", nonce="0123456789abcdef"';
    expect(found(recordOf("/", "GET /", { headers: [["authorization", digest]] }))).toEqual([]);
  });
});

describe("a request's key", () => {
  it("tells requests apart by identities in path, query and body, and not by anything else", () => {
    const route = "GET /p/{slug}";
    const keyOf = (path: string, more: Partial<ProfileRecord> = {}) =>
      requestKey(recordOf(path, route, more));
    const key = keyOf("/p/tote?user_id=1&page=2");
    expect(keyOf("/p/tote?user_id=1&page=3", { headers: [["cookie", "sid=a1"]] })).toBe(key);
    expect(keyOf("/p/tote?user_id=2&page=2")).not.toBe(key);
    expect(keyOf("/p/mug?user_id=1&page=2")).not.toBe(key);
    expect(requestKey(recordOf("/p", "GET /p", { headers: [["cookie", "sid=a1"]] }))).toBeNull();
  });
});
