import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { nodeHttp } from "../../core/index.ts";
import { formatHostPort } from "../address.ts";
import { listenAs } from "../listening.ts";
import type { TcpProxies } from "./proxies.ts";
import { readText } from "./toxiproxy-body.ts";
import { refusalOf, type Reply, routeToxiproxy } from "./toxiproxy-routes.ts";

const { createServer } = nodeHttp();

export interface ToxiproxyApiOptions {
  readonly proxies: TcpProxies;
  /** 127.0.0.1 unless told. */
  readonly host?: string;
  /** 0 (the default) takes a free one; Toxiproxy's clients look at 8474. */
  readonly port?: number;
}

export interface ToxiproxyApi extends AsyncDisposable {
  /** `http://127.0.0.1:port` */
  readonly address: string;
}

const PLAIN = "text/plain; charset=utf-8";

/**
 * Serves Toxiproxy's admin API over these proxies, so that its clients work unchanged. Requests
 * are carried out one after another. The proxies stay the caller's to stop.
 * @throws PORT_IN_USE, USAGE when it cannot listen
 */
export async function startToxiproxyApi(options: ToxiproxyApiOptions): Promise<ToxiproxyApi> {
  const { proxies, host = "127.0.0.1", port = 0 } = options;
  let last: Promise<unknown> = Promise.resolve();
  const server = createServer((request, response) => {
    // Read before its turn comes: a client that is slow to send holds up nobody else.
    const whole = readText(request).then((body) => {
      const reply = last.then(() => answer(proxies, request, body));
      last = reply;
      return reply;
    });
    // One that went away before it had sent everything gets no answer.
    whole.then(
      (reply) => send(response, reply),
      () => response.destroy(),
    );
  });
  const at = await listenAs("Toxiproxy's API", server, { host, port });
  return {
    address: `http://${formatHostPort(at)}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(
  proxies: TcpProxies,
  request: IncomingMessage,
  body: string | null,
): Promise<Reply> {
  // A page in a browser may not use this.
  if (request.headers["user-agent"]?.startsWith("Mozilla/") === true) {
    return { status: 403, type: PLAIN, text: "User agent not allowed\n" };
  }
  try {
    return await routeToxiproxy(proxies, request, body);
  } catch (thrown) {
    const { status, message } = refusalOf(thrown);
    // Plain text by its type, as Toxiproxy has it, though it is JSON.
    return { status, type: PLAIN, text: `${JSON.stringify({ error: message, status })}\n` };
  }
}

function send(response: ServerResponse, { status, type, text }: Reply): void {
  response.setHeader("X-Toxiproxy-Request-Id", randomBytes(10).toString("hex"));
  if (type === PLAIN) response.setHeader("X-Content-Type-Options", "nosniff");
  if (type !== null) response.setHeader("Content-Type", type);
  response.writeHead(status).end(text);
}
