import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { Http2ServerRequest } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import type { TransportTarget } from "../replay/index.ts";
import type { TestCertificate } from "./certificate.ts";
import { carryOut, type LoopbackReply } from "./loopback-reply.ts";
import { serverOf } from "./loopback-server.ts";

export type { LoopbackReply } from "./loopback-reply.ts";

/** A request as a loopback target received it. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  /** Name, value, name, value, … as sent; over HTTP/2 the pseudo headers come first. */
  readonly rawHeaders: readonly string[];
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
  /** The connection that it came over: 0 for the first one that carried a request. */
  readonly connection: number;
}

export type LoopbackHandler = (request: SeenRequest) => LoopbackReply | Promise<LoopbackReply>;

/** How a loopback target speaks; HTTP/1.1 over plain TCP unless it says otherwise. */
export interface LoopbackOptions {
  /** Speaks TLS, with this certificate. */
  readonly certificate?: TestCertificate;
  /** HTTP/2 only: over TLS, or with prior knowledge. */
  readonly http2?: boolean;
  /** PEM. Asks for a client's certificate that this authority has signed. */
  readonly clientCa?: string;
  /** Hands the request to the handler when its head is there, without its body. */
  readonly hasty?: boolean;
}

export interface LoopbackTarget extends AsyncDisposable {
  /** `http://127.0.0.1:<port>`, or `https://…` */
  readonly origin: string;
  /** The same for a transport, which trusts the target's certificate. */
  readonly target: TransportTarget;
  /** Requests in the order in which they were wholly read. */
  readonly seen: readonly SeenRequest[];
  /** Connections accepted in all, open now, and the most that were open at once. */
  readonly connections: Readonly<{ accepted: number; open: number; most: number }>;
  /** What clients called the target when they began TLS (SNI); false where they did not. */
  readonly serverNames: readonly (string | false)[];
  /** Stops listening and resets what is open: from now on connections are refused. */
  refuse(): Promise<void>;
}

/** A server on 127.0.0.1 that does what its handler says, also what no server should. */
export async function loopbackTarget(
  handler: LoopbackHandler,
  options: LoopbackOptions = {},
): Promise<LoopbackTarget> {
  const seen: SeenRequest[] = [];
  const serverNames: (string | false)[] = [];
  const carriers = new Map<unknown, number>();
  const server = serverOf(options, (request, response) => {
    const peer = request.socket.remotePort;
    const carrier = request instanceof Http2ServerRequest ? request.stream.session : request.socket;
    if (!carriers.has(carrier)) carriers.set(carrier, carriers.size);
    const connection = carriers.get(carrier) ?? 0;
    void read(request, options.hasty ?? false, connection).then(async (whole) => {
      seen.push(whole);
      carryOut(await handler(whole), response, () => reset(peer));
    });
  });
  const { connections, sockets } = countConnections(server);
  // What is under TLS or HTTP/2 can be reset, what lies on top of it cannot.
  const reset = (peer: number | undefined): void => {
    for (const socket of sockets) if (socket.remotePort === peer) socket.resetAndDestroy();
  };
  server.on("secureConnection", (socket: Socket & { servername?: string | false }) => {
    serverNames.push(socket.servername ?? false);
    socket.on("error", () => {});
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
  const { certificate, http2 = false } = options;
  const origin = `${certificate === undefined ? "http" : "https"}://127.0.0.1:${port}`;
  const tls = certificate === undefined ? null : { ca: certificate.cert, insecure: false };
  return {
    origin,
    target: { origin, address: "127.0.0.1", tls, http2 },
    seen,
    connections,
    serverNames,
    refuse,
    [Symbol.asyncDispose]: refuse,
  };
}

/** Counts a server's TCP connections, and keeps those that are open. */
export function countConnections(server: {
  on(event: "connection", listener: (socket: Socket) => void): unknown;
}) {
  const sockets = new Set<Socket>();
  const connections = { accepted: 0, open: 0, most: 0 };
  server.on("connection", (socket) => {
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
  return { connections, sockets };
}

/** Resolves when the whole request is there; never for one whose client went away. */
async function read(
  request: IncomingMessage | Http2ServerRequest,
  hasty: boolean,
  connection: number,
): Promise<SeenRequest> {
  const chunks: Buffer[] = [];
  if (!hasty) {
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    await new Promise<void>((resolve) => request.once("end", resolve));
  }
  const { method = "", url = "", rawHeaders, headers } = request;
  return { method, path: url, rawHeaders, headers, body: Buffer.concat(chunks), connection };
}
