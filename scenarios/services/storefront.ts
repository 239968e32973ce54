/*
 * A small online shop: pages from a catalog (cached), ratings from a reviews service (an extra,
 * with retries), tokens and quotes from a payments service (with a deadline). Set up by the
 * environment; storefront/settings.ts lists the names. Run it with: node services/storefront.ts
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Catalog } from "./storefront/catalog.ts";
import { Dependency, DependencyError, type Visit } from "./storefront/dependency.ts";
import { type Page, pageFor, type Shop } from "./storefront/pages.ts";
import { Reviews } from "./storefront/reviews.ts";
import { readSettings, type Settings } from "./storefront/settings.ts";

/** How long requests under way may take to end once the process was told to. */
const GRACE_MS = 700;

function fail(message: string): never {
  process.stderr.write(`storefront: ${message}\n`);
  process.exit(1);
}

function settingsOrExit(): Settings {
  try {
    return readSettings(process.env);
  } catch (thrown) {
    return fail(thrown instanceof Error ? thrown.message : String(thrown));
  }
}

const settings = settingsOrExit();
const catalog = new Dependency(settings.catalog);
const payments = new Dependency(settings.payments);
const reviews = new Dependency(settings.reviews);
const shop: Shop = {
  catalog: new Catalog(catalog, settings.cache),
  payments,
  reviews: new Reviews(reviews, settings.retry),
};

function visitOf(req: IncomingMessage): Visit {
  const identity: Record<string, string> = {};
  for (const name of ["traceparent", "x-request-id"]) {
    const value = req.headers[name];
    if (typeof value === "string") identity[name] = value;
  }
  return { identity, deadlineMs: performance.now() + settings.pageBudgetMs };
}

function troublePage(thrown: unknown): Page {
  const expected = thrown instanceof DependencyError;
  if (!expected) process.stderr.write(`storefront: ${String(thrown)}\n`);
  const body = expected
    ? `Please try again soon. (${thrown.message})\n`
    : "Something went wrong.\n";
  return { status: expected ? 503 : 500, type: "text/plain; charset=utf-8", body };
}

function send(res: ServerResponse, { status, type, body }: Page): void {
  const length = Buffer.byteLength(body);
  res.writeHead(status, { "content-type": type, "content-length": length }).end(body);
}

const server = createServer((req, res) => {
  pageFor(shop, req, visitOf(req))
    .catch(troublePage)
    .then((page) => send(res, page))
    .catch((thrown: unknown) => res.destroy(thrown instanceof Error ? thrown : undefined));
});
server.on("error", (error: NodeJS.ErrnoException) => {
  const where = `${settings.host}:${settings.port}`;
  fail(error.code === "EADDRINUSE" ? `${where} is in use, choose another PORT` : error.message);
});
server.listen(settings.port, settings.host, () => {
  const { address, port } = server.address() as AddressInfo;
  process.stdout.write(`storefront listens on http://${address}:${port}\n`);
});

function end(): void {
  server.close(() => {
    Promise.all([catalog.close(), payments.close(), reviews.close()]).then(
      () => process.exit(0),
      (thrown: unknown) => fail(String(thrown)),
    );
  });
  setTimeout(() => server.closeAllConnections(), GRACE_MS).unref();
}
process.once("SIGTERM", end);
process.once("SIGINT", end);
