import type { IncomingMessage } from "node:http";
import type { TcpProxies } from "./proxies.ts";
import type { TcpProxy } from "./proxy.ts";
import { attributesOf, type ToxicSpec } from "./toxic/index.ts";
import {
  parseJson,
  readProxies,
  readProxy,
  readProxyChange,
  readToxic,
  readToxicChange,
  ToxiproxyRefusal,
} from "./toxiproxy-body.ts";
import { toxiproxyMetrics } from "./toxiproxy-metrics.ts";

/** The version of Toxiproxy whose admin API this is. */
const TOXIPROXY_VERSION = "2.12.0";

/** An answer of the admin API. */
export interface Reply {
  readonly status: number;
  /** Null: there is no body. */
  readonly type: string | null;
  readonly text: string;
}

const json = (value: unknown, status = 200): Reply => ({
  status,
  type: "application/json",
  text: JSON.stringify(value),
});
const NO_CONTENT: Reply = { status: 204, type: null, text: "" };

const toxicJson = (spec: ToxicSpec) => ({
  attributes: attributesOf(spec),
  name: spec.name,
  type: spec.type,
  stream: spec.stream,
  toxicity: spec.toxicity,
});

const proxyJson = ({ name, listen, upstream, enabled, toxics }: TcpProxy) => ({
  name,
  listen,
  upstream,
  enabled,
  toxics: toxics.map(toxicJson),
});

type Handler = (
  proxies: TcpProxies,
  names: readonly string[],
  body: string | null,
) => Reply | Promise<Reply>;

function proxyOf(proxies: TcpProxies, name = ""): TcpProxy {
  const proxy = proxies.get(name);
  if (proxy === undefined) throw new ToxiproxyRefusal(404, "proxy not found");
  return proxy;
}

function toxicOf(proxy: TcpProxy, name = ""): ToxicSpec {
  const spec = proxy.toxics.find((toxic) => toxic.name === name);
  if (spec === undefined) throw new ToxiproxyRefusal(404, "toxic not found");
  return spec;
}

const createProxy: Handler = async (proxies, _names, body) => {
  const { enabled, ...options } = readProxy(parseJson(body));
  if (proxies.get(options.name) !== undefined) {
    throw new ToxiproxyRefusal(409, "proxy already exists");
  }
  return json(proxyJson(await proxies.add(options, enabled)), 201);
};

/** Stops at the first that cannot be made; those before it stay. One that is the same is left alone. */
const populate: Handler = async (proxies, _names, body) => {
  const made: TcpProxy[] = [];
  try {
    for (const { enabled, ...options } of readProxies(parseJson(body))) {
      const there = proxies.get(options.name);
      const same = there?.isAt(options.listen, options.upstream) === true;
      made.push(same ? there : await proxies.add(options, enabled));
    }
  } catch (thrown) {
    const { status, message } = refusalOf(thrown);
    return json({ error: message, status, proxies: null }, status);
  }
  return json({ proxies: made.map(proxyJson) }, 201);
};

const updateProxy: Handler = async (proxies, [name], body) => {
  const proxy = proxyOf(proxies, name);
  const { listen, upstream, enabled } = proxy;
  await proxy.update(readProxyChange(parseJson(body), { listen, upstream, enabled }));
  return json(proxyJson(proxy));
};

const createToxic: Handler = async (proxies, [name], body) => {
  const proxy = proxyOf(proxies, name);
  const spec = readToxic(parseJson(body));
  if (proxy.toxics.some((other) => other.name === spec.name)) {
    throw new ToxiproxyRefusal(409, "toxic already exists");
  }
  proxy.addToxic(spec);
  return json(toxicJson(spec));
};

const updateToxic: Handler = async (proxies, [name, toxic], body) => {
  const proxy = proxyOf(proxies, name);
  const current = toxicOf(proxy, toxic);
  const spec = readToxicChange(parseJson(body), current);
  proxy.updateToxic(spec);
  return json(toxicJson(spec));
};

const ROUTES: Readonly<Record<string, Readonly<Record<string, Handler>>>> = {
  "/proxies": {
    GET: (proxies) => {
      const shown = proxies.list().map((proxy) => [proxy.name, proxyJson(proxy)] as const);
      return json(Object.fromEntries(shown));
    },
    POST: createProxy,
  },
  "/populate": { POST: populate },
  "/reset": {
    POST: async (proxies) => {
      await proxies.reset();
      return NO_CONTENT;
    },
  },
  "/version": {
    GET: () => ({
      ...json({ version: TOXIPROXY_VERSION }),
      type: "application/json;charset=utf-8",
    }),
  },
  "/metrics": {
    GET: async (proxies) => {
      const { contentType: type, text } = await toxiproxyMetrics(proxies.list());
      return { status: 200, type, text };
    },
  },
  "/proxies/*": {
    GET: (proxies, [name]) => json(proxyJson(proxyOf(proxies, name))),
    POST: updateProxy,
    PATCH: updateProxy,
    DELETE: async (proxies, [name]) => {
      await proxies.remove(proxyOf(proxies, name).name);
      return NO_CONTENT;
    },
  },
  "/proxies/*/toxics": {
    GET: (proxies, [name]) => json(proxyOf(proxies, name).toxics.map(toxicJson)),
    POST: createToxic,
  },
  "/proxies/*/toxics/*": {
    GET: (proxies, [name, toxic]) => json(toxicJson(toxicOf(proxyOf(proxies, name), toxic))),
    POST: updateToxic,
    PATCH: updateToxic,
    DELETE: (proxies, [name, toxic]) => {
      const proxy = proxyOf(proxies, name);
      proxy.removeToxic(toxicOf(proxy, toxic).name);
      return NO_CONTENT;
    },
  },
};

/** Whatever was thrown, as a refusal; what is not one of ours is a 500 with its message. */
export function refusalOf(thrown: unknown): ToxiproxyRefusal {
  if (thrown instanceof ToxiproxyRefusal) return thrown;
  return new ToxiproxyRefusal(500, thrown instanceof Error ? thrown.message : String(thrown));
}

/**
 * Answers one request; `body` is null when it was over the bound.
 * @throws ToxiproxyRefusal with the status and the reason
 */
export async function routeToxiproxy(
  proxies: TcpProxies,
  request: Pick<IncomingMessage, "method" | "url">,
  body: string | null,
): Promise<Reply> {
  const { pathname } = new URL(request.url ?? "/", "http://admin");
  const [, top = "", proxy, toxics, toxic, ...more] = pathname.split("/");
  const names = [proxy, toxic].filter((part) => part !== undefined);
  const shape = [
    top,
    ...(proxy === undefined ? [] : ["*"]),
    ...(toxics === undefined ? [] : [toxics]),
  ]
    .concat(toxic === undefined ? [] : ["*"], more)
    .join("/");
  const methods = Object.hasOwn(ROUTES, `/${shape}`) ? ROUTES[`/${shape}`] : undefined;
  if (methods === undefined || names.includes("")) {
    return { status: 404, type: "text/plain; charset=utf-8", text: "404 page not found\n" };
  }
  const method = request.method ?? "";
  const handler = Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (handler === undefined) return { status: 405, type: null, text: "" };
  let decoded: string[];
  try {
    decoded = names.map(decodeURIComponent);
  } catch {
    throw new ToxiproxyRefusal(400, `${pathname} is not percent-encoded text`);
  }
  return await handler(proxies, decoded, body);
}
