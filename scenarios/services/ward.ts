/*
 * Services as teams write them with libraries as they come, each well or sick: the patients of
 * test/bench/ward. WARD says which of ward/ is served; it reads the rest of its settings from the
 * environment itself. PROPAGATE=false: what is called is not told which request it is called for.
 * Run it with: WARD=undici-pool ORIGIN_URL=http://127.0.0.1:9101 node services/ward.ts
 */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { Service, Visit } from "./ward/model.ts";
import { choice, whole } from "./ward/settings.ts";

const SERVICES: Readonly<Record<string, () => Promise<{ service: Service }>>> = {
  breaker: () => import("./ward/breaker.ts"),
  busy: () => import("./ward/busy.ts"),
  cache: () => import("./ward/cache.ts"),
  "cockatiel-retry": () => import("./ward/cockatiel-retry.ts"),
  "generic-pool": () => import("./ward/generic-pool.ts"),
  "got-retry": () => import("./ward/got-retry.ts"),
  "p-retry": () => import("./ward/p-retry.ts"),
  "pg-pool": () => import("./ward/pg-pool.ts"),
  "redis-cache": () => import("./ward/redis-cache.ts"),
  resend: () => import("./ward/resend.ts"),
  shed: () => import("./ward/shed.ts"),
  "undici-pool": () => import("./ward/undici-pool.ts"),
};

const propagates = choice("PROPAGATE", ["true", "false"]) === "true";
const { service } = await SERVICES[choice("WARD", Object.keys(SERVICES))]!();
const answer = await service();

function visitOf({ headers, url = "/" }: IncomingMessage): Visit {
  const identity: Record<string, string> = {};
  for (const name of propagates ? ["traceparent", "x-request-id"] : []) {
    const value = headers[name];
    if (typeof value === "string") identity[name] = value;
  }
  return { identity, path: url };
}

const server = createServer((request, response) => {
  const send = (status: number, text: string): void => {
    response.writeHead(status, { "content-length": Buffer.byteLength(text) }).end(text);
  };
  if (request.url === "/healthz") {
    send(200, "well\n");
    return;
  }
  answer(visitOf(request)).then(
    (text) => send(200, text),
    (thrown: unknown) => send(503, `${String(thrown)}\n`),
  );
});
server.listen(whole("PORT", 8080), "127.0.0.1", () => {
  const { address, port } = server.address() as AddressInfo;
  process.stdout.write(`listens on http://${address}:${port}\n`);
});
for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => process.exit(0));
