import type { IncomingMessage, ServerResponse } from "node:http";
import { isIP } from "node:net";
import { z } from "zod";
import { messageOf, nodeHttp, ShakedownError } from "../../core/index.ts";
import { formatHostPort } from "../address.ts";
import type { Emulator } from "../emulator.ts";
import type { StubStateChange } from "../stub-states.ts";
import { listenAs } from "../listening.ts";
import { AdminRefusal, type Changes } from "./changes.ts";
import { prometheusMetrics } from "./metrics.ts";

const { createServer } = nodeHttp();

export interface AdminOptions {
  readonly emulator: Emulator;
  /** What each dependency was written as, and how it is changed. */
  readonly changes: Changes;
  /** 127.0.0.1 unless told. */
  readonly host?: string;
  /** 0 (the default) takes a free one. */
  readonly port?: number;
}

export interface Admin extends AsyncDisposable {
  /** `http://127.0.0.1:port` */
  readonly address: string;
}

const BODY_BYTES_MAX = 1_000_000;
const JOURNAL_LIMIT = 100;
const JOURNAL_KEYS = ["limit", "arm", "dependency"];
const STATES = z.record(z.string(), z.string());

interface Reply {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

const json = (value: unknown, status = 200): Reply => ({
  status,
  type: "application/json; charset=utf-8",
  text: `${JSON.stringify(value, null, 2)}\n`,
});
const nothing: Reply = { status: 204, type: "", text: "" };

const ROUTES = {
  "GET /": "this list",
  "GET /health": "whether it serves",
  "GET /dependencies": "all dependencies: what they are written as, where they listen, counts",
  "GET /dependencies/{name}": "one of them",
  "PATCH /dependencies/{name}":
    'change some fields while running: {"latency": …}; null takes one out',
  "PUT /dependencies/{name}": "put another in its place",
  "GET /journal": "the last calls; ?dependency=, ?arm=, ?limit=100",
  "DELETE /journal": "forget them",
  "POST /reset": "limits, queues and stub states as at the start",
  "GET /states": "the state machines of stubs, by dependency and arm",
  "PUT /states/{name}": 'put those of a dependency into a state: {"job": "Done"}; ?arm=',
  "GET /metrics": "for Prometheus",
} as const;

/**
 * The emulator's admin API, over HTTP. Nonsense is answered with 4xx and the reason. A page in a
 * browser cannot use it: requests that say an origin, or a host that is a name (other than
 * localhost), are refused.
 * @throws PORT_IN_USE, USAGE when it cannot listen
 */
export async function startAdmin(options: AdminOptions): Promise<Admin> {
  const { host = "127.0.0.1", port = 0 } = options;
  const server = createServer((request, response) => {
    void answer(options, request).then((reply) => send(response, reply));
  });
  const { port: actual } = await listenAs("the admin API", server, { host, port });
  return {
    address: `http://${formatHostPort({ host, port: actual })}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function send(response: ServerResponse, { status, text, type }: Reply): void {
  const headers = text === "" ? {} : { "content-type": type };
  response.writeHead(status, { ...headers, "cache-control": "no-store" }).end(text);
}

async function answer(options: AdminOptions, request: IncomingMessage): Promise<Reply> {
  try {
    checkCaller(request);
    return await route(options, request);
  } catch (thrown) {
    if (thrown instanceof AdminRefusal) {
      return json({ error: thrown.message, ...thrown.details }, thrown.status);
    }
    return json({ error: messageOf(thrown) }, thrown instanceof ShakedownError ? 400 : 500);
  }
}

function checkCaller({ headers }: IncomingMessage): void {
  if (headers.origin !== undefined) {
    throw new AdminRefusal(403, "pages in a browser may not use this");
  }
  const name = (headers.host ?? "").replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
  if (name !== "localhost" && isIP(name) === 0) {
    throw new AdminRefusal(403, "ask by address, or as localhost");
  }
}

async function route(options: AdminOptions, request: IncomingMessage): Promise<Reply> {
  const { changes, emulator } = options;
  const url = new URL(request.url ?? "/", "http://admin");
  const segments = url.pathname.split("/").filter((part) => part !== "");
  const [first = "", second, ...more] = segments.map(decoded);
  const name = more.length > 0 ? undefined : second;
  const what = `${request.method} /${first}${second === undefined ? "" : "/{name}"}`;
  switch (more.length > 0 ? "" : what) {
    case "GET /":
      return json(ROUTES);
    case "GET /health":
      return json({ status: "ok" });
    case "GET /dependencies":
      return json(await described(options));
    case "GET /dependencies/{name}":
      return json(one(await described(options), name!));
    case "PATCH /dependencies/{name}":
      await changes.patch(name!, await bodyOf(request));
      return json(one(await described(options), name!));
    case "PUT /dependencies/{name}":
      await changes.replace(name!, await bodyOf(request));
      return json(one(await described(options), name!));
    case "GET /journal":
      return json(await journal(emulator, url.searchParams));
    case "DELETE /journal":
      await emulator.clearJournal();
      return nothing;
    case "POST /reset":
      await emulator.reset();
      return nothing;
    case "GET /states":
      return json(await emulator.stubStates());
    case "PUT /states/{name}":
      one(emulator.addresses, name!);
      await emulator.setStubStates(stateChange(name!, await bodyOf(request), url.searchParams));
      return json((await emulator.stubStates())[name!]);
    case "GET /metrics": {
      const { contentType, text } = await prometheusMetrics(await emulator.snapshot());
      return { status: 200, type: contentType, text };
    }
    default:
      throw new AdminRefusal(404, `there is no ${request.method} ${url.pathname}`, {
        there_is: Object.keys(ROUTES),
      });
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new AdminRefusal(400, `"${part}" is not percent-encoded text`);
  }
}

async function described({ changes, emulator }: AdminOptions): Promise<Record<string, unknown>> {
  const counts = await emulator.snapshot();
  const entries = Object.entries(emulator.addresses).map(([dependency, byArm]) => {
    const arms = Object.entries(byArm).map(
      ([arm, address]) => [arm, { address, ...counts[dependency]?.[arm] }] as const,
    );
    const written = changes.written(dependency);
    return [dependency, { written, arms: Object.fromEntries(arms) }] as const;
  });
  return Object.fromEntries(entries);
}

function one(all: Readonly<Record<string, unknown>>, name: string): unknown {
  if (Object.hasOwn(all, name)) return all[name];
  throw new AdminRefusal(404, `there is no dependency "${name}"`, { there_are: Object.keys(all) });
}

function stateChange(dependency: string, body: unknown, query: URLSearchParams): StubStateChange {
  const states = STATES.safeParse(body);
  if (!states.success) {
    throw new AdminRefusal(400, 'the body is not of states: write {"machine": "state"}');
  }
  const arm = query.get("arm");
  return { dependency, states: states.data, ...(arm === null ? {} : { arm }) };
}

async function journal(emulator: Emulator, query: URLSearchParams): Promise<unknown> {
  const unknown = [...query.keys()].find((key) => !JOURNAL_KEYS.includes(key));
  if (unknown !== undefined) {
    const details = { there_are: JOURNAL_KEYS };
    throw new AdminRefusal(400, `the journal has no parameter "${unknown}"`, details);
  }
  const [limitText, arm, dependency] = JOURNAL_KEYS.map((key) => query.get(key));
  const [first = {}] = Object.values(emulator.addresses);
  if (typeof dependency === "string") one(emulator.addresses, dependency);
  if (typeof arm === "string" && !Object.hasOwn(first, arm)) {
    throw new AdminRefusal(404, `there is no arm "${arm}"`, { there_are: Object.keys(first) });
  }
  const limit = limitText === null || limitText === undefined ? JOURNAL_LIMIT : Number(limitText);
  if (!(Number.isInteger(limit) && limit >= 1)) {
    throw new AdminRefusal(400, `limit "${limitText}" is not a whole number above 0`);
  }
  const entries = await emulator.journal();
  return entries
    .filter((entry) => (arm ?? entry.arm) === entry.arm)
    .filter((entry) => (dependency ?? entry.dependency) === entry.dependency)
    .slice(-limit);
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) throw new AdminRefusal(413, "the body is over 1 MB");
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8")) as unknown;
  } catch (thrown) {
    throw new AdminRefusal(400, `the body is not JSON: ${messageOf(thrown)}`);
  }
}
