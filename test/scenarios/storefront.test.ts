import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { readSettings } from "../../scenarios/services/storefront/settings.ts";
import {
  ok,
  runToEnd,
  type StubDependency,
  startStorefront,
  startStub,
  until,
} from "./storefront-process.ts";

/** Nothing listens there, for dependencies that a test does not need. */
const NOBODY = "http://127.0.0.1:9";

const LISTINGS = [
  "/",
  "/?page=2",
  "/products?utf8=%E2%9C%93&taxon=3&keywords=tote",
  "/products?utf8=%E2%9C%93&taxon=&keywords=t+shirt",
  "/t/categories",
  "/t/mugs",
];
const PRODUCTS = [
  "/products/datadog-tote",
  "/products/datadog-stein",
  "/products/spree-bag",
  "/products/datadog-ringer-t-shirt",
  "/products/spree-tote",
  "/products/monitoring-stein",
];
const PAYMENT_PAGES = ["/cart", "/cart?variant_id=11", "/api_tokens"];
const STATIC = [
  "/cart_link",
  "/favicon.ico",
  "/assets/favicon-92e86d463e909754599d66730477622cd3dd0b9bff58c47c9c38bebceb8073e5.ico",
  "/assets/glyphicons-halflings-regular.woff",
  "/healthz",
];

async function startAll(env: Readonly<Record<string, string>> = {}) {
  const [catalog, payments, reviews] = [
    await startStub(ok),
    await startStub(ok),
    await startStub(ok),
  ];
  const shop = await startStorefront({
    CATALOG_URL: catalog.url,
    PAYMENTS_URL: payments.url,
    REVIEWS_URL: reviews.url,
    ...env,
  });
  return {
    catalog,
    payments,
    reviews,
    shop,
    async [Symbol.asyncDispose]() {
      for (const each of [shop, catalog, payments, reviews]) await each[Symbol.asyncDispose]();
    },
  };
}

const addItem = (url: string, body: string): Promise<Response> =>
  fetch(`${url}/api/v2/storefront/cart/add_item`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });

/** Payments that holds every call until `release`, and answers from then on. */
async function startHoldingPayments() {
  const held: ServerResponse[] = [];
  let holding = true;
  const stub = await startStub((res) => (holding ? void held.push(res) : ok(res)));
  const release = (): void => {
    holding = false;
    held.splice(0).forEach(ok);
  };
  return { stub, held, release, [Symbol.asyncDispose]: () => stub[Symbol.asyncDispose]() };
}

const viewAll = async (shop: { get(path: string): Promise<unknown> }): Promise<void> => {
  for (const path of [...LISTINGS, ...PRODUCTS]) await shop.get(path);
};

/** One view of a product page, with reviews that answer so. */
async function viewWith(
  answer: (res: ServerResponse, seq: number) => void,
  env: Readonly<Record<string, string>> = {},
): Promise<{ text: string; status: number; reviews: StubDependency }> {
  await using catalog = await startStub(ok);
  await using reviews = await startStub((res, _call, seq) => answer(res, seq));
  const urls = { CATALOG_URL: catalog.url, REVIEWS_URL: reviews.url };
  await using shop = await startStorefront({ ...urls, REVIEWS_RETRY_DELAY_MS: "1", ...env });
  return { ...(await shop.get("/products/spree-bag")), reviews };
}
const replies =
  (code: number, headers: Record<string, string> = {}) =>
  (res: ServerResponse) =>
    void res.writeHead(code, headers).end();
const retries = (count: number) => ({ REVIEWS_RETRIES: String(count) });
const limited = replies(429, { "retry-after": "3600" });

/** Settles when nobody listens there any more. */
async function untilRefused(url: string): Promise<void> {
  let refused = false;
  while (!refused) {
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    refused = await once(socket, "connect").then(
      () => false,
      () => true,
    );
    socket.destroy();
  }
}

describe("storefront: what it answers", () => {
  it("every path of the capture gets 200, with a content type and an exact length", async () => {
    await using all = await startAll();
    for (const path of [...LISTINGS, ...PRODUCTS, ...PAYMENT_PAGES, ...STATIC]) {
      const response = await fetch(all.shop.url + path);
      const bytes = await response.arrayBuffer();
      expect([path, response.status]).toEqual([path, 200]);
      expect(response.headers.get("content-type")).toMatch(/^[a-z]+\/[a-z-]+/);
      expect(Number(response.headers.get("content-length"))).toBe(bytes.byteLength);
    }
  });

  it("add_item takes the captured JSON body, refuses what is not an order or is too long", async () => {
    await using all = await startAll();
    const { url } = all.shop;
    const added = await addItem(url, '{"variant_id":"11","quantity":1,"options":{}}');
    expect(added.status).toBe(200);
    expect(await added.json()).toMatchObject({
      data: { attributes: { item_count: 1, total: "12.00" } },
    });
    expect((await addItem(url, "not JSON")).status).toBe(422);
    expect((await addItem(url, '{"variant_id":"11","quantity":0}')).status).toBe(422);
    expect((await addItem(url, " ".repeat(70_000))).status).toBe(413);
    expect(all.payments.calls.map(({ path }) => path)).toEqual(["/v1/quotes"]);
  });

  it("anything else, and a product that the catalog does not know, is 404", async () => {
    await using catalog = await startStub((res) => res.writeHead(404).end());
    await using shop = await startStorefront({ CATALOG_URL: catalog.url, REVIEWS_URL: NOBODY });
    for (const path of [
      "/nothing",
      "/products/a/b",
      "/t",
      "//",
      "/healthz/x",
      "/products/unknown",
    ]) {
      expect([path, (await shop.get(path)).status]).toEqual([path, 404]);
    }
    expect((await fetch(`${shop.url}/`, { method: "DELETE" })).status).toBe(404);
  });

  it("readiness and static paths need no dependency; pages that do answer 503 without it", async () => {
    const gone = { CATALOG_URL: NOBODY, PAYMENTS_URL: NOBODY, REVIEWS_URL: NOBODY };
    await using shop = await startStorefront(gone);
    for (const path of STATIC) expect((await shop.get(path)).status).toBe(200);
    for (const path of ["/", PRODUCTS[0]!, ...PAYMENT_PAGES]) {
      expect([path, (await shop.get(path)).status]).toEqual([path, 503]);
    }
  });

  it("what a dependency says cannot inject markup", async () => {
    const body = JSON.stringify({ title: "<script>alert(1)</script>" });
    await using catalog = await startStub((res) => res.end(body));
    await using shop = await startStorefront({ CATALOG_URL: catalog.url, REVIEWS_URL: NOBODY });
    expect((await shop.get("/")).text).not.toContain("<script>");
  });

  it("traceparent and x-request-id go on to all three dependencies, as they came", async () => {
    await using all = await startAll();
    const identity = {
      traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      "x-request-id": "run-17-0",
    };
    await all.shop.get("/products/datadog-tote", identity);
    await all.shop.get("/api_tokens", identity);
    for (const { calls } of [all.catalog, all.payments, all.reviews]) {
      expect(calls.length).toBeGreaterThan(0);
      for (const { headers } of calls) expect(headers).toMatchObject(identity);
    }
    expect(all.payments.calls[0]).toMatchObject({ method: "POST", path: "/v1/client_tokens" });
  });
});

describe("storefront: the pool of connections to payments", () => {
  it.each([
    { pool: 4, connections: 4 },
    { pool: 64, connections: 12 },
  ])(
    "12 calls at once use $connections connections of a pool of $pool",
    async ({ pool, connections }) => {
      await using payments = await startHoldingPayments();
      await using shop = await startStorefront({
        PAYMENTS_URL: payments.stub.url,
        PAYMENT_POOL: String(pool),
        PAYMENT_TIMEOUT_MS: "20000",
      });
      const views = Array.from({ length: 12 }, () => shop.get("/api_tokens"));
      await until(() => payments.held.length === connections);
      expect((await shop.get("/healthz")).status).toBe(200);
      payments.release();
      expect((await Promise.all(views)).map(({ status }) => status)).toEqual(Array(12).fill(200));
      expect(payments.stub.openConnectionsMax()).toBe(connections);
      expect(payments.stub.calls).toHaveLength(12);
    },
  );

  it("calls that get no answer or no connection in time end in 503, and the pool recovers", async () => {
    await using payments = await startHoldingPayments();
    await using shop = await startStorefront({
      PAYMENTS_URL: payments.stub.url,
      PAYMENT_POOL: "1",
      PAYMENT_TIMEOUT_MS: "100",
    });
    const views = Array.from({ length: 6 }, () => shop.get("/cart"));
    expect((await Promise.all(views)).map(({ status }) => status)).toEqual(Array(6).fill(503));
    payments.release();
    await until(() => payments.held.length === 0);
    // A busy machine may take more than 100 ms once or twice.
    await expect.poll(async () => (await shop.get("/cart")).status).toBe(200);
  });
});

describe("storefront: the catalog cache", () => {
  it("holds the capture's working set of 40 keys, so a second round makes no call", async () => {
    await using all = await startAll();
    await viewAll(all.shop);
    expect(new Set(all.catalog.calls.map(({ path }) => path)).size).toBe(40);
    expect(all.catalog.calls).toHaveLength(40);
    await viewAll(all.shop);
    expect(all.catalog.calls).toHaveLength(40);
  });

  it("with 8 entries forgets before the next visit: a second round asks about as much again", async () => {
    await using all = await startAll({ CATALOG_CACHE_ENTRIES: "8" });
    await viewAll(all.shop);
    const first = all.catalog.calls.length;
    await viewAll(all.shop);
    expect(all.catalog.calls.length - first).toBeGreaterThan(40);
  });

  it("is emptied when it is told to, and filled again", async () => {
    await using all = await startAll();
    await viewAll(all.shop);
    const flushed = await fetch(`${all.shop.url}/caches/flush`, { method: "POST" });
    expect(flushed.status).toBe(200);
    expect(all.catalog.calls).toHaveLength(40);
    await viewAll(all.shop);
    expect(all.catalog.calls).toHaveLength(80);
  });

  it("fetches again when an entry's time is over", async () => {
    await using all = await startAll({ CATALOG_CACHE_TTL_MS: "1" });
    await all.shop.get("/");
    const first = all.catalog.calls.length;
    while (all.catalog.calls.length === first) await all.shop.get("/");
    expect(all.catalog.calls.length).toBeGreaterThan(first);
  });

  it("asks once for what many visitors miss at the same time", async () => {
    const held: ServerResponse[] = [];
    await using catalog = await startStub((res) => void held.push(res));
    await using shop = await startStorefront({
      CATALOG_URL: catalog.url,
      CATALOG_TIMEOUT_MS: "20000",
    });
    const views = Array.from({ length: 10 }, () => shop.get("/?page=2"));
    await until(() => held.length === 5);
    await shop.get("/healthz");
    held.forEach(ok);
    expect((await Promise.all(views)).map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect(catalog.calls).toHaveLength(5);
  });

  it("does not keep a failure", async () => {
    await using catalog = await startStub((res, _call, seq) => {
      if (seq < 5) res.writeHead(500).end();
      else ok(res);
    });
    await using shop = await startStorefront({ CATALOG_URL: catalog.url });
    expect((await shop.get("/")).status).toBe(503);
    await until(() => catalog.calls.length === 5);
    expect((await shop.get("/")).status).toBe(200);
  });
});

describe("storefront: reviews are an extra, with retries", () => {
  it.each([
    { what: "503, default policy", answer: replies(503), env: {}, calls: 2 },
    { what: "503, no retries", answer: replies(503), env: retries(0), calls: 1 },
    {
      what: "500, five fixed retries",
      answer: replies(500),
      env: { ...retries(5), REVIEWS_RETRY_BACKOFF: "fixed" },
      calls: 6,
    },
    { what: "404", answer: replies(404), env: retries(5), calls: 1 },
    {
      what: "silence",
      answer: () => undefined,
      env: { ...retries(2), REVIEWS_TIMEOUT_MS: "300" },
      calls: 3,
    },
    { what: "429, wait longer than the page may take", answer: limited, env: retries(3), calls: 1 },
    {
      what: "429, Retry-After not honoured",
      answer: limited,
      env: { ...retries(3), REVIEWS_HONOUR_RETRY_AFTER: "false" },
      calls: 4,
    },
    {
      what: "429, a wait that fits",
      answer: replies(429, { "retry-after": "0.01" }),
      env: retries(3),
      calls: 4,
    },
    {
      what: "503, back-off longer than the page may take",
      answer: replies(503),
      env: { ...retries(3), REVIEWS_RETRY_BACKOFF: "fixed", REVIEWS_RETRY_DELAY_MS: "60000" },
      calls: 1,
    },
  ])(
    "$what: $calls calls, and the page is served without stars",
    async ({ answer, env, calls }) => {
      const view = await viewWith(answer, env);
      expect(view.status).toBe(200);
      expect(view.text).not.toContain("stars");
      expect(view.reviews.calls).toHaveLength(calls);
    },
  );

  it("a retry that succeeds brings the stars", async () => {
    const view = await viewWith((res, seq) => (seq === 0 ? replies(503)(res) : ok(res)));
    expect(view.text).toContain("4.5 of 5 stars");
  });
});

describe("storefront: start and end", () => {
  it("wrong values end the start: exit 1, and every one is named with what it may be", async () => {
    const { code, stderr } = await runToEnd({ PAYMENT_POOL: "0", REVIEWS_RETRY_BACKOFF: "linear" });
    expect(code).toBe(1);
    expect(stderr).toContain('PAYMENT_POOL must be a whole number from 1 to 10000, not "0"');
    expect(stderr).toContain("REVIEWS_RETRY_BACKOFF must be exponential-jitter or fixed");
  });

  it.each([
    ["PORT", "65536"],
    ["PORT", ""],
    ["PAYMENT_TIMEOUT_MS", "1s"],
    ["CATALOG_POOL", "-1"],
    ["CATALOG_CACHE_ENTRIES", "0"],
    ["CATALOG_CACHE_TTL_MS", "0.5"],
    ["REVIEWS_POOL", "many"],
    ["REVIEWS_RETRIES", "1e2"],
    ["REVIEWS_HONOUR_RETRY_AFTER", "yes"],
    ["PAYMENTS_URL", "ftp://127.0.0.1"],
    ["CATALOG_URL", "nowhere"],
  ])("%s=%s is refused by name", (name, value) => {
    expect(() => readSettings({ [name]: value })).toThrow(`${name} must be `);
  });

  it("a taken port ends the start: exit 1, and the message says which", async () => {
    await using taken = await startStub(ok);
    const { port } = new URL(taken.url);
    const { code, stderr } = await runToEnd({ PORT: port });
    expect(code).toBe(1);
    expect(stderr).toContain(`127.0.0.1:${port} is in use`);
  });

  it("a request under way when it is told to end still gets its answer", async () => {
    await using payments = await startHoldingPayments();
    await using shop = await startStorefront({ PAYMENTS_URL: payments.stub.url });
    const view = shop.get("/cart");
    await until(() => payments.held.length === 1);
    shop.child.kill("SIGTERM");
    await untilRefused(shop.url);
    payments.release();
    expect((await view).status).toBe(200);
    expect(await once(shop.child, "exit")).toEqual([0, null]);
  });

  it.each(["SIGTERM", "SIGINT"] as const)(
    "%s ends it with code 0, though one connection is idle and one waits for payments",
    async (signal) => {
      await using payments = await startStub(() => undefined);
      await using shop = await startStorefront({
        PAYMENTS_URL: payments.url,
        PAYMENT_TIMEOUT_MS: "60000",
      });
      const socket = connect(Number(new URL(shop.url).port), "127.0.0.1");
      const view = shop.get("/cart").catch(() => "cut off");
      await until(() => payments.calls.length === 1);
      shop.child.kill(signal);
      expect(await once(shop.child, "exit")).toEqual([0, null]);
      expect(await view).toBe("cut off");
      socket.destroy();
    },
  );
});
