import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** A request as a loopback target received it. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  /** Name, value, name, value, … as sent. */
  readonly rawHeaders: readonly string[];
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
}

/** What a loopback target does with a request. */
export type LoopbackReply =
  | {
      readonly kind: "answer";
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      /** A list goes out in chunks (`transfer-encoding: chunked`). */
      readonly body?: string | Buffer | readonly Buffer[];
    }
  /** Never answers; the connection stays open. */
  | { readonly kind: "hang" }
  /** Sends these bytes as they are, then leaves the connection, ends it, or resets it. */
  | {
      readonly kind: "raw";
      readonly bytes: string | Buffer;
      readonly then: "keep" | "end" | "reset";
    };

export type LoopbackHandler = (request: SeenRequest) => LoopbackReply | Promise<LoopbackReply>;

export interface LoopbackTarget extends AsyncDisposable {
  /** `http://127.0.0.1:<port>` */
  readonly origin: string;
  /** Requests in the order in which they were wholly read. */
  readonly seen: readonly SeenRequest[];
  /** Connections accepted in all, open now, and the most that were open at once. */
  readonly connections: Readonly<{ accepted: number; open: number; most: number }>;
  /** Stops listening and resets what is open: from now on connections are refused. */
  refuse(): Promise<void>;
}

/** An HTTP/1.1 server on 127.0.0.1 that does what its handler says, also what no server should. */
export async function loopbackTarget(handler: LoopbackHandler): Promise<LoopbackTarget> {
  const seen: SeenRequest[] = [];
  const sockets = new Set<Socket>();
  const connections = { accepted: 0, open: 0, most: 0 };
  const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0 }, (request, response) => {
    void read(request).then(async (whole) => {
      seen.push(whole);
      carryOut(await handler(whole), response);
    });
  });
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    connections.accepted++;
    connections.open = sockets.size;
    connections.most = Math.max(connections.most, sockets.size);
    socket.on("error", () => {});
    socket.once("close", () => {
      sockets.delete(socket);
      connections.open = sockets.size;
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const refuse = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, "close");
    server.close();
    for (const socket of sockets) socket.resetAndDestroy();
    await closed;
  };
  return {
    origin: `http://127.0.0.1:${port}`,
    seen,
    connections,
    refuse,
    [Symbol.asyncDispose]: refuse,
  };
}

/** Resolves when the whole request is there; never for one whose client went away. */
async function read(request: IncomingMessage): Promise<SeenRequest> {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  await new Promise<void>((resolve) => request.once("end", resolve));
  const { method = "", url = "", rawHeaders, headers } = request;
  return { method, path: url, rawHeaders, headers, body: Buffer.concat(chunks) };
}

function carryOut(reply: LoopbackReply, response: ServerResponse): void {
  if (reply.kind === "hang") return;
  if (reply.kind === "answer") {
    const { status = 200, headers = {}, body = "" } = reply;
    response.writeHead(status, headers);
    if (typeof body === "string" || Buffer.isBuffer(body)) return void response.end(body);
    for (const chunk of body) response.write(chunk);
    return void response.end();
  }
  const { socket } = response;
  if (socket === null) return;
  // The end or the reset waits until the bytes are out.
  socket.write(reply.bytes === "" ? Buffer.alloc(0) : reply.bytes, "latin1", () => {
    if (reply.then === "end") socket.end();
    if (reply.then === "reset") socket.resetAndDestroy();
  });
}
