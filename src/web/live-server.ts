import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { messageOf, nodeHttp, ShakedownError, systemCodeOf } from "../core/index.ts";
import { renderLivePage } from "../report/index.ts";
import { answerAsk, type Steer } from "./ask.ts";
import { LiveFeed } from "./feed.ts";
import { newToken, refusedCaller, sameToken } from "./guard.ts";
import { LiveMetrics } from "./metrics.ts";
import { Readers } from "./readers.ts";

const { createServer } = nodeHttp();

export interface LiveServerOptions {
  /** On loopback; 0 takes a free one. */
  readonly port: number;
  readonly tool: { readonly name: string; readonly version: string };
  readonly steer: Steer;
  /** Whether anything can be asked now. */
  readonly steerable: () => boolean;
}

/** Shows a run to browsers of this host while it goes on. */
export interface LiveServer extends AsyncDisposable {
  /** With the token; whoever knows it is let in. */
  readonly address: string;
  /** The run's directory, once it is there. @throws RUN_INVALID when it has no live log that can be read */
  follow(directory: string): void;
}

const HOST = "127.0.0.1";
/** How often new lines are looked for: events are no more frequent. */
const BEAT_MS = 250;
/** What readers get to take the last lines in. */
const LEAVE_MS = 1_000;

const HEADERS = {
  "cache-control": "no-store",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
} as const;
/** The page's own policy says what it may load; this one that nobody may frame it. */
const PAGE_POLICY = "frame-ancestors 'none'";

const eventOf = (name: string, data: string): string => `event: ${name}\ndata: ${data}\n\n`;

class Server implements LiveServer {
  address = "";
  readonly #options: LiveServerOptions;
  readonly #token = newToken();
  readonly #metrics = new LiveMetrics();
  readonly #feed = new LiveFeed((entry) => this.#metrics.hear(entry));
  readonly #readers = new Readers(this.#feed.lines);
  readonly #http = createServer((request, response) => void this.#answer(request, response));
  #port = 0;
  #beating: NodeJS.Timeout | null = null;
  #steerable = "";

  constructor(options: LiveServerOptions) {
    this.#options = options;
  }

  /** @throws PORT_IN_USE, USAGE when it cannot listen */
  async listen(): Promise<void> {
    const { promise, reject, resolve } = Promise.withResolvers<void>();
    this.#http.once("error", reject);
    this.#http.listen({ host: HOST, port: this.#options.port }, resolve);
    try {
      await promise;
    } catch (cause) {
      const taken = systemCodeOf(cause) === "EADDRINUSE";
      const message = `the live page cannot listen on ${HOST}:${this.#options.port}: ${messageOf(cause)}`;
      throw new ShakedownError(taken ? "PORT_IN_USE" : "USAGE", message, {
        hint: "name another port, or none, to get a free one",
        cause,
      });
    }
    this.#port = (this.#http.address() as AddressInfo).port;
    this.address = `http://${HOST}:${this.#port}/${this.#token}/`;
    this.#beating = setInterval(() => this.#beat(), BEAT_MS);
  }

  follow(directory: string): void {
    this.#feed.follow(directory);
    this.#feed.poll();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#beating !== null) clearInterval(this.#beating);
    this.#read();
    this.#readers.end();
    const closed = new Promise((resolve) => this.#http.close(resolve));
    this.#http.closeIdleConnections();
    const late = setTimeout(() => this.#http.closeAllConnections(), LEAVE_MS);
    await closed;
    clearTimeout(late);
    this.#feed[Symbol.dispose]();
  }

  #beat(): void {
    this.#read();
    const now = this.#steerableEvent();
    if (now !== this.#steerable) this.#readers.tell(now);
    this.#steerable = now;
    this.#readers.beat();
  }

  /** A live log that cannot be read any more ends here; who watches is told. */
  #read(): void {
    try {
      this.#feed.poll();
    } catch (thrown) {
      this.#feed[Symbol.dispose]();
      this.#readers.tell(eventOf("problem", messageOf(thrown).replaceAll(/\s+/g, " ")));
    }
  }

  #steerableEvent(): string {
    return eventOf("steerable", this.#options.steerable() ? "yes" : "no");
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refused = refusedCaller(request.headers, this.#port);
    if (refused !== null) {
      this.#json(response, 403, { error: refused });
      return;
    }
    // Not by `URL`: whoever is not let in may ask for what is none, such as `//`.
    const [path = ""] = (request.url ?? "").split("?", 1);
    const [, token = "", what = "", ...more] = path.split("/");
    if (!sameToken(token, this.#token)) {
      this.#json(response, 403, {
        error: "the address needs its token: it was printed at the start",
      });
      return;
    }
    const route = more.length > 0 ? "" : `${request.method} /${what}`;
    try {
      await this.#route(route, request, response);
    } catch (thrown) {
      if (!response.headersSent) this.#json(response, 500, { error: messageOf(thrown) });
      else response.destroy();
    }
  }

  async #route(route: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    switch (route) {
      case "GET /": {
        const html = renderLivePage(this.#feed.begins, this.#options.tool);
        const headers = { ...HEADERS, "content-security-policy": PAGE_POLICY };
        response
          .writeHead(200, { ...headers, "content-type": "text/html; charset=utf-8" })
          .end(html);
        return;
      }
      case "GET /events":
        this.#events(request, response);
        return;
      case "POST /ask": {
        const { body, status } = await answerAsk(request, this.#options.steer);
        this.#json(response, status, body);
        return;
      }
      case "GET /metrics": {
        const { contentType, text } = await this.#metrics.text();
        response.writeHead(200, { ...HEADERS, "content-type": contentType }).end(text);
        return;
      }
      default:
        this.#json(response, 404, {
          error: "there is GET /, GET /events, GET /metrics and POST /ask",
        });
    }
  }

  #events(request: IncomingMessage, response: ServerResponse): void {
    if (this.#readers.full) {
      response.setHeader("retry-after", "5");
      this.#json(response, 503, { error: "too many watch already" });
      return;
    }
    const seen = Number(request.headers["last-event-id"] ?? 0);
    response.writeHead(200, { ...HEADERS, "content-type": "text/event-stream; charset=utf-8" });
    this.#readers.add(response, Number.isInteger(seen) ? seen : 0, this.#steerableEvent());
  }

  #json(response: ServerResponse, status: number, body: Readonly<Record<string, unknown>>): void {
    const headers = { ...HEADERS, "content-type": "application/json; charset=utf-8" };
    response.writeHead(status, headers).end(`${JSON.stringify(body)}\n`);
  }
}

/**
 * A page on loopback that shows a run as it goes on: `events` are server-sent, `metrics` for Prometheus,
 * and `ask` is how it is stopped or rolled back. Refuses whoever does not know the token, asks by another
 * name than this host's, or comes from a page elsewhere.
 * @throws PORT_IN_USE, USAGE when it cannot listen
 */
export async function startLiveServer(options: LiveServerOptions): Promise<LiveServer> {
  const server = new Server(options);
  await server.listen();
  return server;
}
