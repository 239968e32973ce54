import type { IncomingMessage } from "node:http";
import { extname } from "node:path";
import escapeHtml from "escape-html";
import type { Catalog, Entry, Shelf } from "./catalog.ts";
import { type Dependency, fieldsOf, type Visit } from "./dependency.ts";
import type { Reviews } from "./reviews.ts";

export interface Page {
  readonly status: number;
  readonly type: string;
  readonly body: string | Buffer;
}

export interface Shop {
  readonly catalog: Catalog;
  readonly payments: Dependency;
  readonly reviews: Reviews;
}

const HTML = "text/html; charset=utf-8";
const JSON_TYPE = "application/json; charset=utf-8";
const ASSET_TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".png": "image/png",
  ".woff": "font/woff",
};
const ASSET = Buffer.alloc(1_150);
const BODY_LIMIT_BYTES = 65_536;

const html = (title: string, main: string, status = 200): Page => ({
  status,
  type: HTML,
  body: `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title></head>
<body><nav><a href="/">Home</a> <a href="/t/categories">Categories</a> <a href="/cart">Cart</a></nav>
<main><h1>${escapeHtml(title)}</h1>${main}</main></body></html>\n`,
});
const json = (value: unknown, status = 200): Page => ({
  status,
  type: JSON_TYPE,
  body: JSON.stringify(value),
});
const NOT_FOUND = html("Page not found", "<p>There is nothing here.</p>", 404);
const ALIVE: Page = { status: 200, type: "text/plain", body: "ok\n" };
const FLUSHED: Page = { status: 200, type: "text/plain", body: "flushed\n" };
const CART_LINK: Page = {
  status: 200,
  type: HTML,
  body: '<a class="cart" href="/cart">Cart</a>\n',
};

/** Answers one request. @throws DependencyError when a page cannot be made without an answer. */
export async function pageFor(shop: Shop, req: IncomingMessage, visit: Visit): Promise<Page> {
  const [path = "/", search = ""] = (req.url ?? "/").split("?", 2);
  if (req.method === "POST") {
    if (path === "/caches/flush") {
      shop.catalog.flush();
      return FLUSHED;
    }
    return path === "/api/v2/storefront/cart/add_item" ? addItem(shop, req, visit) : NOT_FOUND;
  }
  if (req.method !== "GET") return NOT_FOUND;
  const query = new URLSearchParams(search);
  const [, first = "", second, ...more] = path.split("/");
  if (second === "" || (more.length > 0 && first !== "assets")) return NOT_FOUND;
  switch (second === undefined ? path : `/${first}/*`) {
    case "/healthz":
      return ALIVE;
    case "/":
      return listing(shop, { page: query.get("page") ?? "1" }, visit);
    case "/products":
      return listing(shop, searchOf(query), visit);
    case "/t/*":
      return listing(shop, { taxon: second ?? "" }, visit);
    case "/products/*":
      return product(shop, second ?? "", visit);
    case "/cart":
      return cart(shop, query.get("variant_id"), visit);
    case "/cart_link":
      return CART_LINK;
    case "/api_tokens":
      return apiTokens(shop, visit);
    case "/favicon.ico":
    case "/assets/*":
      return { status: 200, type: assetType(path), body: ASSET };
    default:
      return NOT_FOUND;
  }
}

const assetType = (path: string): string =>
  ASSET_TYPES[extname(path)] ?? "application/octet-stream";

const searchOf = (query: URLSearchParams): Record<string, string> => ({
  keywords: (query.get("keywords") ?? "").trim().toLowerCase(),
  taxon: query.get("taxon") ?? "",
});

const textOf = (value: unknown, fallback: string): string =>
  typeof value === "string" ? value : fallback;
const titleOf = (entry: Entry, slug: string): string =>
  textOf(entry["title"], slug.replaceAll("-", " "));

const asideOf = ({ alsoLike }: Shelf): string =>
  `<aside><h2>You may also like</h2><ul>${alsoLike
    .map(
      ({ slug, entry }) =>
        `<li><a href="/products/${slug}">${escapeHtml(titleOf(entry, slug))}</a></li>`,
    )
    .join("")}</ul></aside>`;

async function listing(shop: Shop, query: Record<string, string>, visit: Visit): Promise<Page> {
  const shelf = await shop.catalog.listing(query, visit);
  if (shelf === undefined) return NOT_FOUND;
  const { products } = shelf.main;
  const items = Array.isArray(products) ? products : [];
  const list = items.map((item) => `<li>${escapeHtml(textOf(item, ""))}</li>`).join("");
  return html(titleOf(shelf.main, "All products"), `<ul>${list}</ul>${asideOf(shelf)}`);
}

async function product(shop: Shop, slug: string, visit: Visit): Promise<Page> {
  const [shelf, stars] = await Promise.all([
    shop.catalog.product(slug, visit),
    shop.reviews.stars(slug, visit),
  ]);
  if (shelf === undefined) return NOT_FOUND;
  const rating = stars === undefined ? "" : `<p class="stars">${stars} of 5 stars</p>`;
  return html(titleOf(shelf.main, slug), `${rating}${asideOf(shelf)}`);
}

async function cart(shop: Shop, variantId: string | null, visit: Visit): Promise<Page> {
  const quote = await quoteFor(shop, { variant_id: variantId, quantity: 1 }, visit);
  return html("Your cart", `<p>Total: ${escapeHtml(textOf(quote["total"], "0.00"))}</p>`);
}

async function quoteFor(shop: Shop, order: object, visit: Visit): Promise<Entry> {
  const answer = await shop.payments.callOk({
    method: "POST",
    path: "/v1/quotes",
    json: order,
    visit,
  });
  return fieldsOf(answer.text);
}

async function apiTokens(shop: Shop, visit: Visit): Promise<Page> {
  const path = "/v1/client_tokens";
  const answer = await shop.payments.callOk({ method: "POST", path, json: {}, visit });
  return json({ client_token: fieldsOf(answer.text)["token"] ?? null });
}

async function addItem(shop: Shop, req: IncomingMessage, visit: Visit): Promise<Page> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > BODY_LIMIT_BYTES) return json({ error: "The request body is too long" }, 413);
    chunks.push(chunk);
  }
  const { variant_id, quantity } = fieldsOf(Buffer.concat(chunks).toString());
  if (typeof variant_id !== "string" || !(typeof quantity === "number" && quantity > 0)) {
    return json({ error: "variant_id and a quantity above 0 are needed" }, 422);
  }
  const quote = await quoteFor(shop, { variant_id, quantity }, visit);
  return json({
    data: {
      type: "cart",
      attributes: { item_count: quantity, total: textOf(quote["total"], "0.00") },
    },
  });
}
